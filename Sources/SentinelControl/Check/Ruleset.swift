// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import FoundationEssentials

/// All tables that the kernel has, as `nft -j list ruleset` tells them (libnftables-json(5)): as far as it matters to
/// whether packets come to a node's ports, and in which order.
struct Ruleset: Hashable, Sendable {
    struct Table: Hashable, Sendable {
        var family: String
        var name: String

        var text: String { "\(family) \(name)" }
    }

    /// A base chain: one that packets come to by a hook.
    struct Chain: Hashable, Sendable {
        var table: Table
        var name: String
        var type: String
        var hook: String
        /// Lower comes first.
        var priority: Int
        var policyDrops: Bool
        var devices: [String]

        var text: String { "\(table.text) \(name) (\(hook), priority \(priority))" }
    }

    struct Rule: Hashable, Sendable {
        var table: Table
        var chain: String
        /// The destination ports that it is for; nil: it doesn't look at them.
        var ports: Ports?
        /// "tcp" and "udp", as far as it looks at that; nil: it doesn't.
        var transports: Set<String>?
        /// Whether it looks at anything else.
        var isConditional = false
        /// Whether all else that it looks at is what lets nobody in from outside: known connections, the loopback, ICMP.
        var isLocal = false
        var accepts = false
        var drops = false
        /// Whether another chain or a map decides.
        var leads = false
        /// Where it sends packets on by a translation of their destination; the port is nil where it stays.
        var translation: Translation?

        struct Translation: Hashable, Sendable {
            var port: UInt16?
        }
    }

    struct Ports: Hashable, Sendable {
        var ranges: [ClosedRange<UInt16>] = []
        /// Whether there are others, in a set or a map that isn't written in the rule itself.
        var hasOthers = false

        func mayHold(_ port: UInt16) -> Bool { hasOthers || holds(port) }
        func holds(_ port: UInt16) -> Bool { ranges.contains { $0.contains(port) } }
    }

    struct Flowtable: Hashable, Sendable {
        var table: Table
        var name: String
        var priority: Int
        var devices: [String]
    }

    var tables: [Table] = []
    var chains: [Chain] = []
    var rules: [Rule] = []
    var flowtables: [Flowtable] = []

    init() {}

    /// - Throws: where it is no such JSON.
    init(json: [UInt8]) throws {
        let document = try JSONDecoder().decode([String: [[String: JSONTree]]].self, from: Data(json))
        for object in document["nftables"] ?? [] {
            if let table = object["table"] { tables.append(Self.table(table, nameIn: "name")) }
            if let chain = object["chain"], chain["hook"] != nil { chains.append(Self.chain(chain)) }
            if let rule = object["rule"] { rules.append(Self.rule(rule)) }
            if let flowtable = object["flowtable"] {
                flowtables.append(
                    Flowtable(
                        table: Self.table(flowtable, nameIn: "table"), name: flowtable["name"]?.text ?? "",
                        priority: flowtable["prio"]?.number ?? 0, devices: Self.devices(flowtable)))
            }
        }
    }

    /// A table's rules, of all its chains.
    func rules(of table: Table) -> [Rule] { rules.filter { $0.table == table } }

    /// A chain's rules, in their order.
    func rules(of chain: Chain) -> [Rule] {
        rules.filter { $0.table == chain.table && $0.chain == chain.name }
    }

    // MARK: Reading

    private static func table(_ object: JSONTree, nameIn key: String) -> Table {
        Table(family: object["family"]?.text ?? "", name: object[key]?.text ?? "")
    }

    private static func devices(_ object: JSONTree) -> [String] {
        object["dev"].map { ($0.list ?? [$0]).compactMap(\.text) } ?? []
    }

    private static func chain(_ object: JSONTree) -> Chain {
        Chain(
            table: table(object, nameIn: "table"), name: object["name"]?.text ?? "",
            type: object["type"]?.text ?? "",
            hook: object["hook"]?.text ?? "", priority: object["prio"]?.number ?? 0,
            policyDrops: object["policy"]?.text == "drop", devices: devices(object))
    }

    private static func rule(_ object: JSONTree) -> Rule {
        var rule = Rule(table: table(object, nameIn: "table"), chain: object["chain"]?.text ?? "")
        var strangers = 0
        var locals = 0
        for expression in object["expr"]?.list ?? [] {
            if let match = expression["match"] {
                if !rule.take(match) { if isLocal(match) { locals += 1 } else { strangers += 1 } }
            } else if expression["accept"] != nil {
                rule.accepts = true
            } else if expression["drop"] != nil || expression["reject"] != nil {
                rule.drops = true
            } else if expression["jump"] != nil || expression["goto"] != nil {
                rule.leads = true
            } else if let map = expression["vmap"] {
                rule.leads = true
                if map["key"]?.holdsPort == true {
                    rule.ports = Ports(hasOthers: true)
                } else {
                    strangers += 1
                }
            } else if let translation = expression["dnat"] ?? expression["redirect"] {
                rule.translation = .init(port: translation["port"]?.number.flatMap { UInt16(exactly: $0) })
            } else if expression["xt"] != nil {
                // A module of iptables, of which nft doesn't tell what it looks at.
                strangers += 1
            }
        }
        rule.isConditional = strangers + locals > 0
        rule.isLocal = strangers == 0 && locals > 0
        return rule
    }

    /// Whether a match lets in only what belongs to a known connection, comes from this host or is ICMP.
    private static func isLocal(_ match: JSONTree) -> Bool {
        let (left, right) = (match["left"], match["right"])
        if left?["ct"]?["key"]?.text == "state" { return right?.texts.contains("new") != true }
        if ["iif", "iifname"].contains(left?["meta"]?["key"]?.text) { return right?.text == "lo" }
        return right?.texts.isEmpty == false && right?.texts.allSatisfy { $0.contains("icmp") } == true
    }
}

extension Ruleset.Rule {
    /// Takes what a match says of ports and transports; whether it says that.
    fileprivate mutating func take(_ match: JSONTree) -> Bool {
        guard let left = match["left"], let right = match["right"], match["op"]?.text != "!=" else {
            return false
        }
        if left.holdsPort {
            if let transport = left["payload"]?["protocol"]?.text, transport != "th" {
                transports = [transport]
            }
            ports = right.ports
            return true
        }
        let isProtocol =
            left["meta"]?["key"]?.text == "l4proto" || left["payload"]?["field"]?.text == "protocol"
            || left["payload"]?["field"]?.text == "nexthdr"
        let known = Set(right.texts).intersection(["tcp", "udp"])
        guard isProtocol, !known.isEmpty else { return false }
        transports = known
        return true
    }

    /// Whether it is for packets to a port, as far as it looks at ports and transports.
    func isFor(_ transport: String, _ port: UInt16) -> Bool {
        transports.map { $0.contains(transport) } ?? true && ports.map { $0.holds(port) } ?? true
    }
}

extension JSONTree {
    /// Whether it stands for a packet's destination port, alone or among others.
    fileprivate var holdsPort: Bool {
        self["payload"]?["field"]?.text == "dport" || self["concat"]?.list?.contains { $0.holdsPort } == true
    }

    fileprivate var ports: Ruleset.Ports {
        if let number, let port = UInt16(exactly: number) { return .init(ranges: [port...port]) }
        if let ends = self["range"]?.list?.compactMap(\.number).compactMap({ UInt16(exactly: $0) }),
            ends.count == 2,
            ends[0] <= ends[1]
        {
            return .init(ranges: [ends[0]...ends[1]])
        }
        guard let members = self["set"]?.list else { return .init(hasOthers: true) }
        return members.map(\.ports).reduce(into: .init()) { all, one in
            all.ranges += one.ranges
            all.hasOthers = all.hasOthers || one.hasOthers
        }
    }

    /// The texts that it is or holds.
    fileprivate var texts: [String] {
        text.map { [$0] } ?? (list ?? self["set"]?.list ?? []).compactMap(\.text)
    }
}
