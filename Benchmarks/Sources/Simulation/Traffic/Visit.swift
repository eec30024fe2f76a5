// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Sentinel

/// One connection that somebody opens, and what he is going to do on it. It is fixed before the simulation begins, so
/// that every contender meets the same.
struct Visit: Sendable {
    enum Party: Sendable {
        case honest
        /// Honest, and behind the attacker's address or in its block.
        case neighbour
        case attacker
    }

    /// What becomes of the security handshake, where the node goes on with it.
    enum Handshake: Sendable { case completes, fails }

    let party: Party
    /// When the connection arrives, in nanoseconds.
    let arrival: Int64
    let peer: PeerID
    let address: IPAddress
    let port: UInt16
    /// How long the handshake takes.
    let handshakeTime: Int64
    var handshake = Handshake.completes
    /// In their order.
    var acts: [Act] = []
    /// How long the connection stays after the last act.
    let stay: Int64
}

/// Something that is done on a connection.
struct Act: Sendable {
    enum Kind: Sendable {
        /// Opens a stream that stays open for so many nanoseconds.
        case openStream(StreamType, for: Int64)
        /// Breaks a protocol, whereupon any node closes the connection: the last act of a visit.
        case breakProtocol
        /// Lets the node wait for an answer in vain.
        case keepWaiting
        /// Is of use to the node.
        case serve
    }

    /// How long after the act before, or after the connection came about, in nanoseconds.
    let pause: Int64
    let kind: Kind
}

extension Visit {
    /// How many attempts an attacker makes in it: the connection, and each abuse of it. Where the connection is
    /// refused, so is the abuse that would have followed.
    var attempts: Int { 1 + acts.count }
}
