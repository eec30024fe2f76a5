// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import Inet
import SentinelConfiguration
import SentinelProtocol
import Testing

@testable import SentinelControl

/// What a check makes of other tables. The JSON is nft 1.0.6's.
@Suite struct RulesetTests {
    private static func match(_ left: String, _ right: String, _ op: String = "==") -> String {
        #"{"match": {"op": "\#(op)", "left": \#(left), "right": \#(right)}}"#
    }

    private static let port = #"{"payload": {"protocol": "tcp", "field": "dport"}}"#
    private static let udpPort = #"{"payload": {"protocol": "udp", "field": "dport"}}"#
    private static let known = match(#"{"ct": {"key": "state"}}"#, #"["established", "related"]"#, "in")
    private static let loopback = match(#"{"meta": {"key": "iif"}}"#, #""lo""#)

    /// A table fw with one chain that has these rules.
    private static func objects(
        hook: String = "input", priority: Int = 0, policy: String = "accept", type: String = "filter",
        _ rules: [String],
        more: [String] = []
    ) -> [String] {
        [
            #"{"table": {"family": "inet", "name": "fw", "handle": 1}}"#,
            #"{"chain": {"family": "inet", "table": "fw", "name": "c", "handle": 2, "type": "\#(type)", "hook": "\#(hook)", "prio": \#(priority), "policy": "\#(policy)"}}"#,
        ]
            + rules.map {
                #"{"rule": {"family": "inet", "table": "fw", "chain": "c", "handle": 3, "expr": [\#($0)]}}"#
            } + more
    }

    private static func ruleset(_ objects: [String]) throws -> Ruleset {
        let own = [
            #"{"metainfo": {"version": "1.0.6", "json_schema_version": 1}}"#,
            #"{"table": {"family": "inet", "name": "sentinel", "handle": 9}}"#,
            #"{"chain": {"family": "inet", "table": "sentinel", "name": "inbound", "handle": 1, "type": "filter", "hook": "prerouting", "prio": -300, "policy": "accept"}}"#,
            #"{"chain": {"family": "inet", "table": "sentinel", "name": "outbound", "handle": 1, "type": "filter", "hook": "output", "prio": 0, "policy": "accept"}}"#,
            #"{"rule": {"family": "inet", "table": "sentinel", "chain": "inbound", "handle": 3, "expr": [{"drop": null}]}}"#,
        ]
        return try Ruleset(json: Array(#"{"nftables": [\#((own + objects).joined(separator: ", "))]}"#.utf8))
    }

    /// What is wrong with a host that has these besides our own table.
    private static func wrong(_ objects: [String], _ change: (inout HostFacts) -> Void = { _ in }) throws
        -> [CheckFinding]
    {
        var configuration = Configuration()
        configuration.node.ports = [ListeningPort(.tcp, 8776), ListeningPort(.udp, 8776)]
        var facts = HostFacts(
            now: Recorder.now, kernel: "6.12", file: "f", configuration: configuration, socket: "s",
            helper: .denied("no"),
            ruleset: .seen(try ruleset(objects)), unit: .unseen("", remedy: ""))
        change(&facts)
        return Judgement(facts, LocalTime { _ in 0 }).rulesets.filter { $0.level != .ok }
    }

    @Test func `Rules that let the node's packets through are no conflict`() throws {
        let accepting = [
            Self.match(Self.port, "8776") + #", {"accept": null}"#,
            Self.match(Self.port, #"{"set": [22, 8776]}"#) + #", {"accept": null}"#,
            Self.match(Self.port, #"{"set": [22, {"range": [8000, 9000]}]}"#) + #", {"accept": null}"#,
            Self.match(Self.port, #"{"range": [8000, 9000]}"#) + #", {"accept": null}"#,
            Self.match(Self.port, #""@ports""#) + #", {"accept": null}"#, #"{"accept": null}"#,
            Self.match(#"{"meta": {"key": "iifname"}}"#, #""eth0""#) + #", {"accept": null}"#,
            #"{"vmap": {"key": \#(Self.port), "data": {"set": [[22, {"accept": null}]]}}}"#,
        ]
        for rule in accepting {
            let udp = Self.match(Self.udpPort, "8776") + #", {"accept": null}"#
            #expect(
                try Self.wrong(
                    Self.objects(policy: "drop", [Self.known + #", {"accept": null}"#, rule, udp])) == [],
                "\(rule)")
        }
        // In a chain that another leads to.
        let other =
            #"{"rule": {"family": "inet", "table": "fw", "chain": "other", "handle": 3, "expr": [\#(Self.match(#"{"payload": {"protocol": "th", "field": "dport"}}"#, "8776")), {"accept": null}]}}"#
        #expect(
            try Self.wrong(Self.objects(policy: "drop", [#"{"jump": {"target": "other"}}"#], more: [other]))
                == [])
        #expect(try Self.wrong(Self.objects(policy: "accept", [])) == [])
        // A bridge's packets are others.
        #expect(
            try Self.wrong(
                Self.objects(policy: "drop", []).map { $0.replacingOccurrences(of: "inet", with: "bridge") })
                == [])
    }

    @Test
    func
        `A chain that drops what it doesn't know, and knows nothing of the node's ports, is a warning for each`()
        throws
    {
        let local = [
            Self.known + #", {"accept": null}"#, Self.loopback + #", {"accept": null}"#,
            Self.match(#"{"meta": {"key": "l4proto"}}"#, #"{"set": ["icmp", "ipv6-icmp"]}"#)
                + #", {"accept": null}"#,
            Self.match(Self.port, "22") + #", {"accept": null}"#,
            Self.match(Self.port, #"{"set": [80, 443]}"#) + #", {"accept": null}"#,
        ]
        let found = try Self.wrong(Self.objects(policy: "drop", local))
        #expect(found.map(\.level) == [.warning, .warning])
        #expect(
            found.first?.what
                == "the chain inet fw c (input, priority 0) drops what no rule accepts, and none names tcp/8776"
        )
        let one = try Self.wrong(
            Self.objects(policy: "drop", local + [Self.match(Self.port, "8776") + #", {"accept": null}"#]))
        #expect(one.map(\.what).allSatisfy { $0.hasSuffix("udp/8776") } && one.count == 1)
    }

    @Test func `A rule that drops all that is for a port is a problem, and one that drops some isn't`() throws
    {
        let drop =
            Self.match(Self.port, "8776") + #", {"counter": {"packets": 0, "bytes": 0}}, {"drop": null}"#
        let found = try Self.wrong(Self.objects([drop]))
        #expect(found.map(\.level) == [.problem])
        #expect(found.first?.what.contains("drops whatever comes to tcp/8776") == true)
        let both =
            Self.match(#"{"meta": {"key": "l4proto"}}"#, #"{"set": ["tcp", "udp"]}"#) + ", "
            + Self.match(#"{"payload": {"protocol": "th", "field": "dport"}}"#, "8776")
            + #", {"reject": {"type": "tcp reset"}}"#
        #expect(try Self.wrong(Self.objects([both])).map(\.level) == [.problem, .problem])
        for rule in [
            Self.match(#"{"payload": {"protocol": "ip", "field": "saddr"}}"#, #""192.0.2.1""#) + ", " + drop,
            Self.match(Self.port, "8776", "!=") + #", {"drop": null}"#,
            Self.match(Self.port, "8777") + #", {"drop": null}"#,
            Self.match(#"{"meta": {"key": "l4proto"}}"#, #""sctp""#) + #", {"drop": null}"#,
        ] { #expect(try Self.wrong(Self.objects([rule])) == [], "\(rule)") }
        // Whom another rule has accepted before, it doesn't drop.
        let accept = Self.match(Self.port, "8776") + #", {"accept": null}"#
        #expect(try Self.wrong(Self.objects([accept, drop])) == [])
        #expect(
            try Self.wrong(Self.objects([Self.known + #", {"accept": null}"#, drop])).map(\.level) == [
                .problem
            ])
    }

    @Test func `Who drops before us is a note, whoever is behind us isn't`() throws {
        let some =
            Self.match(#"{"payload": {"protocol": "ip", "field": "saddr"}}"#, #""192.0.2.1""#)
            + #", {"drop": null}"#
        let before = try Self.wrong(Self.objects(hook: "prerouting", priority: -400, [some]))
        #expect(
            before.map(\.level) == [.note]
                && before[0].what.hasPrefix("the chain inet fw c (prerouting, priority -400) comes first"))
        #expect(try Self.wrong(Self.objects(hook: "output", priority: -10, [some])).map(\.level) == [.note])
        #expect(try Self.wrong(Self.objects(hook: "prerouting", priority: -200, [some])) == [])
        #expect(
            try Self.wrong(Self.objects(hook: "prerouting", priority: -400, [#"{"notrack": null}"#])) == [])
    }

    @Test func `A port that a translation changes has to be the one that we see`() throws {
        func nat(_ to: String, priority: Int = -100, from: String = "80") -> [String] {
            Self.objects(
                hook: "prerouting", priority: priority, type: "nat", [Self.match(Self.port, from) + ", " + to]
            )
        }
        let dnat = #"{"dnat": {"family": "ip", "addr": "10.0.0.2", "port": 8776}}"#
        let found = try Self.wrong(nat(dnat))
        #expect(found.map(\.level) == [.warning] && found[0].remedy == "add port 80 to [node] ports")
        #expect(try Self.wrong(nat(#"{"redirect": {"port": 8776}}"#)).count == 1)
        #expect(try Self.wrong(nat(#"{"dnat": {"family": "ip", "addr": "10.0.0.2"}}"#)) == [])
        #expect(try Self.wrong(nat(dnat, from: "8776")) == [])
        // Where it comes before us we see the new port.
        #expect(try Self.wrong(nat(dnat, priority: -400)) == [])
        let behind = try Self.wrong(nat(#"{"redirect": {"port": 9000}}"#, priority: -400, from: "8776"))
        #expect(behind.first?.remedy == "add port 9000 to [node] ports")
    }

    @Test func `A flowtable leads past the hook`() throws {
        let table =
            #"{"flowtable": {"family": "inet", "name": "f", "table": "fw", "handle": 1, "hook": "ingress", "prio": 0, "dev": ["eth0", "eth1"]}}"#
        let found = try Self.wrong(Self.objects([], more: [table]))
        #expect(
            found.map(\.level) == [.warning]
                && found[0].what.hasPrefix("the flowtable inet fw f takes forwarded connections past"))
    }

    @Test func `Who may remove the table is told where it isn't owned`() throws {
        let docker =
            #"{"chain": {"family": "ip", "table": "nat", "name": "DOCKER", "handle": 2, "type": "nat", "hook": "output", "prio": -100, "policy": "accept"}}"#
        func found(_ mode: Mode) throws -> [CheckFinding] {
            try Self.wrong([docker, #"{"table": {"family": "inet", "name": "firewalld", "handle": 1}}"#]) {
                facts in
                facts.flushes = ["/etc/nftables.conf"]
                facts.legacyTables = ["ip filter"]
                facts.helper = .running(
                    .init(
                        status: Status(
                            version: "", mode: mode, table: "inet sentinel", started: Recorder.now, bans: 0,
                            generation: 0,
                            callers: 0, subscribers: 0,
                            kernel: KernelInfo(
                                release: "", ownership: true, persistence: true, timeoutUpdate: true,
                                elementDestroy: true,
                                setCounts: true, socketDestroy: true), ledger: .healthy, sets: [],
                            problems: [])))
            }
        }
        let watched = try found(.watched)
        #expect(watched.map(\.level) == [.note, .note])
        #expect(
            watched.last?.what.hasPrefix("nftables.service (/etc/nftables.conf), firewalld, Docker may flush")
                == true)
        #expect(
            try found(.ownedPersistent).map(\.what) == [watched[0].what]
                && watched[0].what.hasPrefix("iptables-legacy has tables (ip filter)"))
    }

    @Test func `A table of our name that isn't ours, or ours where it isn't seen, is told`() throws {
        let foreign = try Self.wrong([]) { facts in
            facts.helper = .away("no")
            facts.ruleset = .seen(
                try! Ruleset(
                    json: Array(
                        #"{"nftables": [{"table": {"family": "inet", "name": "sentinel", "handle": 9}}]}"#
                            .utf8)))
        }
        #expect(foreign.map(\.level) == [.warning] && foreign[0].what.contains("that isn't sentineld's"))
        #expect(try Self.wrong([]) { $0.helper = .away("no") } == [])
        #expect(
            try Self.wrong([]) { $0.ruleset = .unseen("there is no nft here", remedy: "r") } == [
                .note(.rulesets, "other tables aren't looked at: there is no nft here; r")
            ])
    }

    @Test func `What is no ruleset is refused`() {
        for text in ["", "[]", "{\"nftables\": 7}", "{"] {
            #expect(throws: (any Error).self, "\(text)") { try Ruleset(json: Array(text.utf8)) }
        }
        #expect(throws: Never.self) {
            try Ruleset(
                json: Array(#"{"nftables": [{"rule": {"expr": [{"xt": null}, 7, {"match": {}}]}}]}"#.utf8))
        }
    }
}
