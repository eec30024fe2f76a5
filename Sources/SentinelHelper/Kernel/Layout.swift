// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Nftables
internal import SentinelConfiguration

/// The table that the helper keeps: its sets, chains and rules, as the configuration wants them.
///
/// Values only. rules/sentinel.nft is the same with the default configuration; a test holds them together.
struct Layout: Hashable, Sendable {
    let table: Table
    /// How many leading bits of an IPv6 source count as one host.
    let ipv6Prefix: Int
    let chains: [Chain]
    private(set) var rules: [Rule]
    private let sets: [NamedSet]
    /// The sets whose rules only count.
    private let shadowed: Swift.Set<SetKind>

    /// What every table of the helper's says of itself.
    static let comment = "owned by sentineld; see sentinelctl sets"

    init(_ configuration: Configuration) {
        let table = Table(.inet, configuration.table.name, comment: Self.comment)
        self.table = table
        ipv6Prefix = configuration.table.ipv6Prefix
        sets = SetKind.allCases.map { kind in
            NamedSet(
                table, kind.name, key: kind.keyType, flags: kind.flags,
                size: kind.elementLimit(configuration.capacity), hasCounters: kind.hasCounters)
        }
        let shadowed = Swift.Set(SetKind.allCases.filter { $0.isShadowed(configuration.shadow) })
        self.shadowed = shadowed
        let inbound = Self.inboundHooks(configuration.table).map { Chain(table, $0, hook: $1) }
        let sources = Chain(table, "sources")
        let outbound = Chain(table, "outbound", hook: .init(.output, priority: Chain.Priority.filter))
        let destinations = Chain(table, "destinations")
        chains = inbound + [sources, outbound, destinations]
        rules =
            inbound.map { Self.toNodePorts($0, then: sources) }
            + Self.sourceRules(sources, prefix: ipv6Prefix)
            + [Self.ofNodeUsers(outbound, then: destinations)] + Self.destinationRules(destinations)
        rules = rules.map { $0.onlyCounting(shadowed) }
    }

    /// Whether a set's rules only count what it matches.
    func shadows(_ kind: SetKind) -> Bool { shadowed.contains(kind) }

    /// The sets that come out of shadow from one layout to another, and those that go into it.
    static func shadowChange(from before: Layout, to after: Layout) -> (left: [SetKind], entered: [SetKind]) {
        let kinds = SetKind.allCases
        return (
            kinds.filter { before.shadows($0) && !after.shadows($0) },
            kinds.filter { !before.shadows($0) && after.shadows($0) }
        )
    }

    /// Whether another layout has the same table, sets and chains, so that one becomes the other by its rules alone.
    func differsInRulesOnly(from other: Layout) -> Bool {
        table == other.table && sets == other.sets && chains == other.chains
    }

    /// The rules, counting on from what those of the same chain and set have counted, if they did the same: what was
    /// counted in shadow was never refused.
    func rules(from counters: [LookupCounter]) -> [Rule] {
        rules.map { rule in
            var rule = rule
            guard let set = rule.lookedUpSet,
                let index = rule.expressions.firstIndex(where: {
                    if case .counter = $0 { true } else { false }
                })
            else { return rule }
            let before = counters.filter {
                $0.chain == rule.chain.name && $0.set == set && $0.decides == rule.decides
            }
            rule.expressions[index] = .counter(before.reduce(Element.Counter()) { $0 + $1.counter })
            return rule
        }
    }

    /// The set of this kind.
    subscript(_ kind: SetKind) -> NamedSet { sets[Int(kind.rawValue)] }

    // MARK: Inbound

    private static func inboundHooks(_ table: Configuration.Table) -> [(String, Chain.Hook)] {
        switch table.hook {
        case .prerouting: [("inbound", .init(.prerouting, priority: table.priority))]
        case .input: [("inbound", .init(.input, priority: table.priority))]
        case .ingress:
            table.devices.map { device in
                ("inbound_\(device)", .init(.ingress(device: device), priority: table.priority))
            }
        }
    }

    /// `meta l4proto . th dport @node_ports goto sources`
    private static func toNodePorts(_ chain: Chain, then target: Chain) -> Rule {
        Rule(
            chain,
            [
                .meta(.l4proto, to: .first), Expression.destinationPort(to: .init(1)),
                .lookup(.first, set: SetKind.nodePorts.name), .verdict(.goto(target.name)),
            ])
    }

    private static func sourceRules(_ chain: Chain, prefix: Int) -> [Rule] {
        func rule(
            _ kind: SetKind, _ field: Expression.AddressField, mask: Int = 128, _ verdict: Expression.Verdict
        )
            -> Rule
        {
            Rule(
                chain,
                Expression.address(field) + ipv6Mask(mask) + [.lookup(.first, set: kind.name)]
                    + (verdict == .drop ? [.counter()] : []) + [.verdict(verdict)])
        }
        return [
            rule(.exempt4, .ipv4Source, .return), rule(.exempt6, .ipv6Source, .return),
            rule(.accept4, .ipv4Source, .drop), rule(.accept6, .ipv6Source, mask: prefix, .drop),
            rule(.net4, .ipv4Source, .drop), rule(.net6, .ipv6Source, .drop),
            rule(.feed4, .ipv4Source, .drop), rule(.feed6, .ipv6Source, .drop),
            rule(.feednet4, .ipv4Source, .drop), rule(.feednet6, .ipv6Source, .drop),
        ]
    }

    /// `& ffff:ffff:ffff:ffff::`, or nothing for the whole address.
    private static func ipv6Mask(_ length: Int) -> [Expression] {
        guard length < IPv6Address.bitWidth else { return [] }
        let all = IPv6Address(high: .max, low: .max)
        return [.bitwise(.first, mask: all.masked(to: length).bytes, xor: IPv6Address(high: 0, low: 0).bytes)]
    }

    // MARK: Outbound

    /// `meta skuid @node_users goto destinations`
    private static func ofNodeUsers(_ chain: Chain, then target: Chain) -> Rule {
        Rule(
            chain,
            [
                .meta(.skuid, to: .first), .lookup(.first, set: SetKind.nodeUsers.name),
                .verdict(.goto(target.name)),
            ])
    }

    private static func destinationRules(_ chain: Chain) -> [Rule] {
        func exempt(_ kind: SetKind, _ field: Expression.AddressField) -> Rule {
            Rule(chain, Expression.address(field) + [.lookup(.first, set: kind.name), .verdict(.return)])
        }
        func address(_ kind: SetKind, _ field: Expression.AddressField) -> Rule {
            Rule(
                chain,
                Expression.address(field) + [
                    .lookup(.first, set: kind.name), .counter(), .reject(.adminProhibited),
                ])
        }
        func endpoint(_ kind: SetKind, _ field: Expression.AddressField, registers: Int) -> Rule {
            Rule(
                chain,
                Expression.address(field) + [
                    .meta(.l4proto, to: .init(registers)),
                    Expression.destinationPort(to: .init(registers + 1)),
                    .lookup(.first, set: kind.name), .counter(), .reject(.adminProhibited),
                ])
        }
        return [
            exempt(.exempt4, .ipv4Destination), exempt(.exempt6, .ipv6Destination),
            endpoint(.dial4, .ipv4Destination, registers: 1),
            endpoint(.dial6, .ipv6Destination, registers: 4),
            address(.net4, .ipv4Destination), address(.net6, .ipv6Destination),
            address(.feed4, .ipv4Destination), address(.feed6, .ipv6Destination),
            address(.feednet4, .ipv4Destination), address(.feednet6, .ipv6Destination),
        ]
    }
}

extension Rule {
    /// The set that it looks up last.
    fileprivate var lookedUpSet: String? {
        expressions.reduce(nil) { set, expression in
            if case .lookup(_, let name) = expression { name } else { set }
        }
    }

    /// Whether it says what becomes of a packet.
    fileprivate var decides: Bool { expressions.contains { $0.isVerdict } }

    /// The same without its verdict, where it looks up one of these sets: what follows it is asked then.
    fileprivate func onlyCounting(_ sets: Swift.Set<SetKind>) -> Rule {
        guard let set = lookedUpSet, sets.contains(where: { $0.name == set }) else { return self }
        return Rule(chain, expressions.filter { !$0.isVerdict }, comment: Self.shadowComment)
    }

    /// For whoever reads the ruleset.
    private static let shadowComment = "in shadow, refuses nobody: sentinelctl shadow report"
}

extension Expression {
    fileprivate var isVerdict: Bool {
        switch self {
        case .verdict, .reject: true
        default: false
        }
    }
}

extension SetKind {
    /// What kernels choose for a set like this, one field's intervals or none and no fixed size, if they don't tell.
    var usualBackend: String { flags.contains(.interval) ? "rbtree" : "rhash" }

    /// Whether its rules are to count only.
    fileprivate func isShadowed(_ shadow: Configuration.Shadow) -> Bool {
        switch self {
        case .accept4, .accept6: shadow.contains(.accept)
        case .dial4, .dial6: shadow.contains(.dial)
        case .net4, .net6: shadow.contains(.network)
        case .feed4, .feed6, .feednet4, .feednet6: shadow.contains(.feed)
        case .exempt4, .exempt6, .nodePorts, .nodeUsers: false
        }
    }

    /// How many bans the set may have; nil: it holds none.
    func capacity(_ capacity: Configuration.Capacity) -> Int? {
        switch self {
        case .accept4, .accept6: capacity.accept
        case .dial4, .dial6: capacity.dial
        case .net4, .net6: capacity.network
        case .feed4, .feed6: capacity.feed
        case .feednet4, .feednet6: capacity.feedNetwork
        case .exempt4, .exempt6, .nodePorts, .nodeUsers: nil
        }
    }

    /// How many elements the kernel is asked to allow. More than there may be bans: an expired element holds its
    /// place until it is collected, a block takes two elements, or more where another lies inside it, and where one list
    /// of a feed takes another's place, both are there until the transaction's end.
    func elementLimit(_ capacity: Configuration.Capacity) -> UInt32? {
        guard let bans = self.capacity(capacity) else { return nil }
        let limit =
            flags.contains(.interval)
            ? bans * 4 : Self.ofFeeds.contains(self) ? bans * 2 : bans + max(bans / 8, Self.leastReserve)
        return UInt32(clamping: limit)
    }

    /// So many elements may wait to be collected even in a set whose capacity is small.
    private static var leastReserve: Int { 64 }
}
