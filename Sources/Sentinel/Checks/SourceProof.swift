// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet

/// How much a source address is worth as evidence.
public enum SourceProof: UInt8, Hashable, Sendable, CaseIterable {
    /// Nothing shows that the sender is at this address: the source of a UDP packet can be anyone's. Such
    /// evidence may slow an address down, but never block it, or an attacker would choose whom to block.
    case unproven
    /// A handshake went both ways, so the peer receives what is sent to this address.
    case handshake

    /// What an accepted connection proves by its transport alone: TCP, and what runs on it, has shaken hands
    /// before it is accepted. All else must say for itself; QUIC proves it by Retry or by its own handshake.
    public static func ofAccepted(from remote: Multiaddr) -> SourceProof {
        remote.endpoint?.transport == .tcp && !remote.isRelayed ? .handshake : .unproven
    }
}
