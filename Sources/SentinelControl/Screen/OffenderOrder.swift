// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol

/// What rows are sorted by. Rows that are alike are in the order of their keys, so that none jumps about.
enum OffenderOrder: String, CaseIterable, Hashable, Sendable {
    /// Most first.
    case packets, rate, strikes
    /// Soonest first; what is for good, last.
    case ends

    /// The one behind this, for who goes through all.
    var next: OffenderOrder {
        let all = Self.allCases
        return all[(all.firstIndex(of: self)! + 1) % all.count]
    }

    /// The key that chooses it.
    var key: Character {
        switch self {
        case .packets: "P"
        case .rate: "R"
        case .strikes: "S"
        case .ends: "E"
        }
    }

    /// - Parameter rate: how fast a row's packets grow.
    func sorted(
        _ rows: [Offender], isReversed: Bool, rate: (Offender.ID) -> Double?
    ) -> [Offender] {
        let ranked = rows.map { (row: $0, rank: rank($0, rate)) }
        return ranked.sorted { one, other in
            if one.rank != other.rank { return (one.rank < other.rank) != isReversed }
            return (one.row.key, one.row.set) < (other.row.key, other.row.set)
        }.map(\.row)
    }

    /// Rows of a lower rank come first. What isn't known comes last.
    private func rank(_ row: Offender, _ rate: (Offender.ID) -> Double?) -> Double {
        switch self {
        case .packets: row.packets.map { -Double($0) } ?? .infinity
        case .rate: rate(row.id).map { -$0 } ?? .infinity
        case .strikes: row.strikes.map { -Double($0) } ?? .infinity
        case .ends: row.ends.map { Double($0.rawValue) } ?? .infinity
        }
    }
}
