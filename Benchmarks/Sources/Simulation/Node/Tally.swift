// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Where an attempt was refused, the earliest first.
public enum Stage: Int, CaseIterable, Sendable {
    /// By the kernel: the node hears nothing of it.
    case kernel
    /// By the node, as soon as it had accepted.
    case accept
    /// By the node, when the handshake had told who it is, or later: at secured, upgraded or stream.
    case afterHandshake
    /// Not at all.
    case through
}

/// What has happened to everyone who came.
struct Tally {
    private(set) var attempts = [Int](repeating: 0, count: Stage.allCases.count)
    /// Connections of everyone honest, and of those among them who are the attacker's neighbours.
    private(set) var honest = HonestCount()
    private(set) var neighbours = HonestCount()
    /// Streams that honest peers opened, and those that were denied.
    var honestStreams = 0
    var honestStreamsRefused = 0
    /// What the attack has cost the node, in units of an accept.
    var attackCost = 0
    /// What the honest have cost it.
    var honestCost = 0

    mutating func countAttack(_ count: Int, _ stage: Stage) {
        attempts[stage.rawValue] += count
    }

    mutating func countHonest(_ visit: Visit, _ change: (inout HonestCount) -> Void) {
        change(&honest)
        if visit.party == .neighbour { change(&neighbours) }
    }

    mutating func spend(_ cost: Int, on party: Visit.Party) {
        if party == .attacker { attackCost += cost } else { honestCost += cost }
    }
}

/// What has become of honest connections.
public struct HonestCount: Hashable, Sendable {
    public internal(set) var attempts = 0
    public internal(set) var refused = 0
    /// Those that were open when a ban fell on their address.
    public internal(set) var cut = 0

    /// Without those who are counted in another.
    func subtracting(_ other: HonestCount) -> HonestCount {
        HonestCount(
            attempts: attempts - other.attempts, refused: refused - other.refused, cut: cut - other.cut)
    }

    public var refusedShare: Double { attempts == 0 ? 0 : Double(refused) / Double(attempts) }
}
