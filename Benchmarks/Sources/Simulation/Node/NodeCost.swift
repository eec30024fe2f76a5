// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// What a node spends, in units of one accept.
///
/// They are ratios of an order of magnitude, not measurements: an accept is a system call, a descriptor and a check;
/// a handshake is a signature to make, one to verify and two Diffie-Hellman exchanges; a stream is a negotiation. What
/// the kernel drops costs the node nothing.
enum NodeCost {
    static let accept = 1
    static let handshake = 20
    static let stream = 2

    /// What a visit costs a node that refuses nothing.
    static func undefended(_ visit: Visit) -> Int {
        let streams = visit.acts.count { if case .openStream = $0.kind { true } else { false } }
        return accept + handshake + streams * stream
    }
}
