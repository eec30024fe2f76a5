// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import BanLists
internal import Inet
internal import SentinelProtocol

/// What is banned already, as far as an import wants to know it.
struct BansInForce {
    enum Relation {
        /// Nothing of it is banned.
        case none
        /// There is a ban of the same, which would end earlier or may do so.
        case renewed
        /// There is a ban of the same that ends no earlier.
        case banned
        /// It lies in a block whose ban ends no earlier.
        case within
    }

    /// When the ban of a block ends; `.max` for never.
    private struct Ends {
        private var ends: [IPNetwork: Int64] = [:]
        /// The lengths of prefixes that there are.
        private var lengths4: Set<Int> = []
        private var lengths6: Set<Int> = []

        mutating func add(_ network: IPNetwork, _ end: Int64) {
            ends[network] = end
            if network.family == .ipv4 {
                lengths4.insert(network.prefixLength)
            } else {
                lengths6.insert(network.prefixLength)
            }
        }

        /// The ban that holds all of a block and ends last.
        func latest(around network: IPNetwork) -> (network: IPNetwork, end: Int64)? {
            var latest: (network: IPNetwork, end: Int64)?
            for length in network.family == .ipv4 ? lengths4 : lengths6 where length <= network.prefixLength {
                let wider = IPNetwork(containing: network.first, prefixLength: length)
                if let end = ends[wider], latest.map({ $0.end < end }) ?? true { latest = (wider, end) }
            }
            return latest
        }

        func end(of network: IPNetwork) -> Int64? { ends[network] }
    }

    private var accept = Ends()
    private var networks = Ends()
    /// Those of them that aren't in shadow: what lies in them is refused.
    private var refusing = Ends()
    private var dial: [Endpoint: Int64] = [:]

    mutating func add(_ bans: [Ban]) {
        for ban in bans {
            let end = ban.expires?.rawValue ?? .max
            switch ban.check {
            case .accept: if let key = IPNetwork(ban.key) { accept.add(key, end) }
            case .network:
                guard let key = IPNetwork(ban.key) else { continue }
                networks.add(key, end)
                if ban.isEnforced { refusing.add(key, end) }
            case .dial: if let key = Endpoint(ban.key) { dial[key] = end }
            }
        }
    }

    /// How a ban stands to those in force.
    func relation(of ban: ImportedBan, now: Timestamp) -> Relation {
        guard let network = ban.entry.subject.network else {
            guard case .endpoint(let endpoint) = ban.entry.subject, let end = dial[endpoint] else {
                return .none
            }
            return ends(end, noEarlierThan: ban, now) ? .banned : .renewed
        }
        // Of IPv6 the kernel matches at accept the block around the source.
        let same = ban.check == .accept ? accept.latest(around: network)?.end : networks.end(of: network)
        if let same, ends(same, noEarlierThan: ban, now) { return .banned }
        if let around = refusing.latest(around: network), ban.check == .accept || around.network != network,
            ends(around.end, noEarlierThan: ban, now)
        {
            return .within
        }
        return same == nil ? .none : .renewed
    }

    /// Lists tell the ends to the second at best.
    private func ends(_ end: Int64, noEarlierThan ban: ImportedBan, _ now: Timestamp) -> Bool {
        guard end != .max else { return true }
        guard case .at(let wanted) = ban.end(now: now) else { return false }
        return end >= wanted.advanced(by: -1000).milliseconds
    }
}
