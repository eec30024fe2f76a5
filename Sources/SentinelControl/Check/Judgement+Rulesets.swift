// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelConfiguration
internal import SentinelProtocol

// Other tables. What holds in nftables: a packet goes through all base chains of a hook, of every table, by their
// priorities; a drop ends its way, and an accept ends only the chain that it is in. So nobody's accept undoes a ban, and
// what others can do is drop before or behind us, change ports, lead packets past the hook, or remove the table.

extension Judgement {
    var rulesets: [CheckFinding] {
        guard case .seen(let ruleset) = facts.ruleset else {
            guard case .unseen(let why, let remedy) = facts.ruleset else { return [] }
            return [.note(.rulesets, "other tables aren't looked at: \(why)", remedy: remedy)]
        }
        let findings =
            own(ruleset) + earlier(ruleset) + unreachable(ruleset) + translations(ruleset)
            + flowtables(ruleset) + legacy
            + flushing(ruleset)
        guard !findings.contains(where: { $0.level > .note }) else { return findings }
        let others = Quantity.count(ruleset.chains.count { $0.table != ownTable }, "base chain")
        return [
            .ok(
                .rulesets,
                "no other table stands in the way, of \(others): an accept elsewhere undoes no ban"
            )
        ] + findings
    }

    /// Our own table, as the ruleset has it.
    private func own(_ ruleset: Ruleset) -> [CheckFinding] {
        let isThere = ruleset.tables.contains(ownTable)
        if let running = facts.running, running.status.mode != .released,
            running.status.table == ownTable.text, !isThere
        {
            return [
                .problem(
                    .rulesets,
                    "sentineld holds the table \(ownTable.text), and this network "
                        + "namespace has none; have sentineld and the node run in the same network namespace")
            ]
        }
        guard isThere, facts.running == nil, facts.configuration?.table.mode == .own,
            !ruleset.chains.contains(where: { $0.table == ownTable && $0.name == "outbound" })
        else { return [] }
        return [
            .warning(
                .rulesets,
                "there is a table \(ownTable.text) that isn't sentineld's, which "
                    + "replaces it when it starts; rename it, or have [table] name be another")
        ]
    }

    // MARK: Order

    private static let order = ["ingress", "prerouting", "input"]

    /// Where our inbound chain is: as the kernel has it, else as it is configured.
    private func inbound(_ ruleset: Ruleset) -> (hook: String, priority: Int)? {
        if let chain = ruleset.chains.first(where: { $0.table == ownTable && Self.order.contains($0.hook) }) {
            return (chain.hook, chain.priority)
        }
        guard let table = facts.configuration?.table, table.mode == .own else { return nil }
        return (table.hook.rawValue, Int(table.priority))
    }

    private func comes(_ chain: Ruleset.Chain, before own: (hook: String, priority: Int)) -> Bool {
        guard let place = Self.order.firstIndex(of: chain.hook),
            let ours = Self.order.firstIndex(of: own.hook)
        else {
            return chain.hook == own.hook && chain.priority < own.priority
        }
        return place < ours || place == ours && chain.priority < own.priority
    }

    private func others(_ ruleset: Ruleset) -> [Ruleset.Chain] {
        ruleset.chains.filter {
            $0.table != ownTable && ["inet", "ip", "ip6", "netdev"].contains($0.table.family)
        }
    }

    /// Chains that drop before ours does: no harm, but what they drop we don't count.
    private func earlier(_ ruleset: Ruleset) -> [CheckFinding] {
        let outbound = ruleset.chains.first { $0.table == ownTable && $0.hook == "output" }.map {
            ("output", $0.priority)
        }
        let ours = [inbound(ruleset), outbound ?? ("output", 0)].compactMap { $0 }
        return others(ruleset).filter { chain in
            ours.contains { comes(chain, before: $0) } && drops(chain, ruleset)
        }.map {
            .note(
                .rulesets,
                "the chain \($0.text) comes first, and drops packets: those aren't in sentineld's counts")
        }
    }

    private func drops(_ chain: Ruleset.Chain, _ ruleset: Ruleset) -> Bool {
        let rules = ruleset.rules(of: chain)
        let within = rules.contains { $0.leads } ? ruleset.rules(of: chain.table) : rules
        return chain.policyDrops || within.contains { $0.drops }
    }

    // MARK: Ports

    /// Whether the node's ports can be come to at all.
    private func unreachable(_ ruleset: Ruleset) -> [CheckFinding] {
        let chains = others(ruleset).filter {
            $0.type == "filter" && ["prerouting", "input"].contains($0.hook)
        }
        return (facts.configuration?.node.ports ?? []).flatMap { port in
            chains.compactMap { chain -> CheckFinding? in
                switch fate(of: port, chain, ruleset) {
                case .open: nil
                case .dropped:
                    .problem(
                        .rulesets,
                        "the chain \(chain.text) drops whatever comes to \(port): nobody reaches the node "
                            + "there; have it accept that port: bans hold all the same")
                case .unnamed:
                    .warning(
                        .rulesets,
                        "the chain \(chain.text) drops what no rule accepts, and none names \(port); have it "
                            + "accept that port if the node is to be reached: bans hold all the same")
                }
            }
        }
    }

    private enum Fate {
        /// As far as it can be seen.
        case open
        case dropped
        /// It is dropped for nothing accepts it.
        case unnamed
    }

    private func fate(of port: ListeningPort, _ chain: Ruleset.Chain, _ ruleset: Ruleset) -> Fate {
        let transport = "\(port.transport)"
        func mayAccept(_ rule: Ruleset.Rule) -> Bool {
            guard rule.accepts || rule.leads, !rule.isLocal,
                rule.transports.map({ $0.contains(transport) }) ?? true
            else {
                return false
            }
            // Where a jump leads is looked at itself.
            return rule.ports.map { $0.mayHold(port.number) } ?? !rule.leads
        }
        for rule in ruleset.rules(of: chain) {
            if rule.drops, !rule.isConditional, rule.isFor(transport, port.number) { return .dropped }
            if mayAccept(rule) || rule.leads && !rule.isLocal { break }
        }
        guard chain.policyDrops else { return .open }
        return ruleset.rules(of: chain.table).contains(where: mayAccept) ? .open : .unnamed
    }

    /// Translations of ports: which of two ports a packet has depends on whether we see it before or after.
    private func translations(_ ruleset: Ruleset) -> [CheckFinding] {
        guard let own = inbound(ruleset), let ports = facts.configuration?.node.ports else { return [] }
        let numbers = Set(ports.map(\.number))
        return others(ruleset).filter { $0.type == "nat" && $0.hook == "prerouting" }.flatMap {
            chain -> [CheckFinding] in
            let isBefore = comes(chain, before: own)
            let rules =
                ruleset.rules(of: chain).contains { $0.leads }
                ? ruleset.rules(of: chain.table) : ruleset.rules(of: chain)
            var told: Set<UInt16> = []
            return rules.compactMap { rule -> CheckFinding? in
                guard let to = rule.translation?.port, let from = rule.ports?.ranges.first?.lowerBound,
                    from != to
                else { return nil }
                let (seen, unseen) = isBefore ? (to, from) : (from, to)
                guard numbers.contains(unseen), !numbers.contains(seen), told.insert(seen).inserted else {
                    return nil
                }
                return .warning(
                    .rulesets,
                    "the chain \(chain.text) sends port \(from) on to \(to), "
                        + "and sentineld's chain comes \(isBefore ? "behind" : "before") "
                        + "it: it sees port \(seen), which isn't one of [node] ports; add port \(seen) "
                        + "to [node] ports")
            }
        }
    }

    private func flowtables(_ ruleset: Ruleset) -> [CheckFinding] {
        guard let own = inbound(ruleset), own.hook != "ingress" else { return [] }
        return ruleset.flowtables.filter { !$0.devices.isEmpty }.map { table in
            .warning(
                .rulesets,
                "the flowtable \(table.table.text) \(table.name) takes forwarded connections past the hook "
                    + "\(own.hook): a ban doesn't stop those of a node in a container that are in it; set "
                    + "[table] hook to \"ingress\" with a priority below \(table.priority), or leave the "
                    + "node's ports out of the flowtable")
        }
    }

    // MARK: Others who change rulesets

    private var legacy: [CheckFinding] {
        facts.legacyTables.isEmpty
            ? []
            : [
                .note(
                    .rulesets,
                    "iptables-legacy has tables "
                        + "(\(facts.legacyTables.joined(separator: ", "))), which nft doesn't show: what "
                        + "they drop is dropped, and they undo no ban; see iptables-legacy-save, if the node "
                        + "isn't reached")
            ]
    }

    private func flushing(_ ruleset: Ruleset) -> [CheckFinding] {
        guard let mode = facts.running?.status.mode, [.watched, .shared].contains(mode) else { return [] }
        var who = facts.flushes.map { "nftables.service (\($0))" }
        for (name, program) in [("firewalld", "firewalld"), ("docker", "Docker")] {
            let isThere =
                ruleset.tables.contains { $0.name.lowercased() == name }
                || ruleset.chains.contains { $0.name.lowercased().hasPrefix(name) }
            if isThere { who.append(program) }
        }
        return who.isEmpty
            ? []
            : [
                .note(
                    .rulesets,
                    "\(who.joined(separator: ", ")) may flush the table, which isn't "
                        + "owned: it is whole again within 1.5 s",
                    remedy: mode == .shared
                        ? nil
                        : "have sentineld run under systemd, on a kernel from 5.12 on")
            ]
    }
}
