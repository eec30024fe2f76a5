// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import NamespaceSupport
import SentinelConfiguration
import SentinelProtocol
import Testing
import Varlink

@testable import SentinelHelper

/// The sets in a table of the operator's, which nobody owns.
@Suite(.timeLimit(.minutes(2))) struct SharedTests {
    static let rules = RulesTests.rules + "/shared.nft"
    static let hour: Int64 = 3_600_000
    static let configuration = RunningHelper.configuration { $0.table.mode = .shared }

    private func loaded() async throws -> NetworkNamespace {
        let namespace = try await NetworkNamespace()
        try await namespace.command("nft", "-f", Self.rules)
        return namespace
    }

    private func fill(_ helper: RunningHelper) async throws {
        let receipts =
            try await helper.submit([
                BatchTests.denial("192.0.2.1", duration: Self.hour),
                BatchTests.denial("192.0.2.2", duration: Self.hour),
                BatchTests.denial(.dial, "tcp:192.0.2.1:4001", duration: Self.hour),
            ])
            + [
                helper.ban(.network, "198.51.100.0/24", duration: Self.hour),
                helper.ban(.network, "198.51.100.64/26", duration: 2 * Self.hour),
            ]
        #expect(receipts.allSatisfy { $0.enforced })
    }

    /// What the sets hold, the ends left out.
    static func contents(_ namespace: NetworkNamespace) async throws -> [String: [String]] {
        var contents: [String: [String]] = [:]
        for kind in SetKind.allCases where kind.name.hasPrefix("feed") == false {
            contents[kind.name] = try await namespace.nftElements("inet", "sentinel", kind.name)
                .map { "\($0.key) \($0.comment ?? "")" }.sorted()
        }
        return contents
    }

    @Test func `Loaded sets are filled, and nothing else of the table is touched`() async throws {
        let namespace = try await loaded()
        let before = try await namespace.command("nft", "-s", "-t", "list", "ruleset")
        try await withHelper(Self.configuration, in: namespace) { helper async throws in
            try await fill(helper)
            let status = try await helper.status()
            #expect(status.mode == .shared)
            #expect(status.problems == [])
            let contents = try await Self.contents(namespace)
            #expect(contents["node_ports"] == ["tcp . 8776 ", "udp . 8776 "])
            #expect(contents["accept4"]?.first?.hasPrefix("192.0.2.1 rate by user:") == true)
            #expect(contents["net4"]?.count == 3)
            #expect(contents["exempt6"]?.isEmpty == false)
            #expect(try await namespace.command("nft", "-s", "-t", "list", "ruleset") == before)
        }
    }

    @Test func `A restart leaves the bans in the sets, a release empties them and leaves the table`()
        async throws
    {
        let namespace = try await loaded()
        let before = try await namespace.command("nft", "-s", "-t", "list", "ruleset")
        try await withHelper(Self.configuration, in: namespace) { helper async throws in
            try await fill(helper)
        }
        let contents = try await Self.contents(namespace)
        #expect(contents["accept4"]?.count == 2)
        try await withHelper(Self.configuration, in: namespace) { helper async throws in
            #expect(try await helper.list().count >= 5)
            #expect(try await Self.contents(namespace) == contents)
            var watcher = try await helper.watch()
            _ = try await helper.client.call(HelperInterface.release)
            #expect(try await watcher.next().kind == .released)
            for set in ["accept4", "dial4", "net4"] { #expect(try await helper.keys(set) == []) }
            #expect(try await namespace.command("nft", "-s", "-t", "list", "ruleset") == before)
            #expect(try await helper.submit(.accept, "192.0.2.9").refusal?.code == .released)
        }
    }

    @Test func `Without the table it says what is missing, keeps bans, and enforces them once it is there`()
        async throws
    {
        try await withHelper(Self.configuration) { helper async throws in
            let problem = try #require(
                try await helper.status().problems.first { $0.hasPrefix("nothing is enforced") })
            #expect(problem.contains("there is no table inet sentinel"))
            #expect(problem.contains("nft -f /usr/share/seed-sentinel/rules/shared.nft"))
            let receipt = try await helper.submit(.accept, "192.0.2.1", duration: Self.hour)
            #expect(!receipt.enforced && receipt.id != nil && receipt.expires != nil)
            #expect(receipt.refusal?.code == .pending)
            #expect(receipt.refusal?.message.contains("there is no table inet sentinel") == true)
            let block = try await helper.ban(.network, "198.51.100.0/24", duration: Self.hour)
            #expect(block.refusal?.code == .pending)
            let lifted = try await helper.submit(.accept, "192.0.2.2", duration: Self.hour)
            #expect(try await helper.lift(Filter(id: lifted.id)).count == 1)
            #expect(try await helper.list().map(\.id) == [receipt.id, block.id])
            #expect(try await helper.explain("192.0.2.1").bans.count == 1)

            var watcher = try await helper.watch()
            try await helper.namespace.command("nft", "-f", Self.rules)
            #expect(try await watcher.next().kind == .repaired)
            try await until { try await helper.keys("accept4") == ["192.0.2.1"] }
            #expect(try await helper.keys("net4") == ["198.51.100.0/24"])
            #expect(try await helper.keys("node_ports").count == 2)
            #expect(try await helper.status().problems == [])
            #expect(try await helper.submit(.accept, "192.0.2.3").enforced)
        }
    }

    @Test func `Sets of another kind are named, each with what is wrong`() async throws {
        let namespace = try await loaded()
        try await namespace.command(
            "nft", "-f", "-",
            input: """
                flush table inet sentinel
                delete set inet sentinel accept4
                delete set inet sentinel dial4
                delete set inet sentinel net6
                delete set inet sentinel accept6
                add set inet sentinel accept4 { type ipv6_addr; flags timeout; }
                add set inet sentinel net6 { type ipv6_addr; flags interval; }
                add set inet sentinel accept6 { type ipv6_addr; size 65535; flags timeout; }
                """)
        try await withHelper(Self.configuration, in: namespace) { helper async throws in
            let problem = try #require(try await helper.status().problems.first)
            for text in [
                "inet sentinel has no set dial4", "accept4 has keys of the type ipv6_addr, not ipv4_addr",
                "net6 lacks `flags interval,timeout`", "accept6 has the size 65535",
            ] {
                #expect(problem.contains(text), "\(text): \(problem)")
            }
        }
    }

    @Test(arguments: [
        "flush set inet sentinel accept4", "delete element inet sentinel accept4 { 192.0.2.2 }",
        "delete element inet sentinel dial4 { 192.0.2.1 . tcp . 4001 }", "flush set inet sentinel net4",
        "delete element inet sentinel net4 { 198.51.100.64/26 }", "flush set inet sentinel exempt4",
        "add element inet sentinel exempt4 { 192.0.2.0/24 }", "flush set inet sentinel node_ports",
        "add element inet sentinel node_ports { tcp . 22 }", "flush set inet sentinel exempt6",
    ])
    func `What others change in the sets is put right`(command: String) async throws {
        let namespace = try await loaded()
        try await withHelper(Self.configuration, in: namespace) { helper async throws in
            try await fill(helper)
            let before = try await Self.contents(namespace)
            var watcher = try await helper.watch()
            try await namespace.command("nft", command)
            #expect(try await Self.contents(namespace) != before)
            #expect(try await watcher.next().kind == .repaired)
            #expect(try await Self.contents(namespace) == before)
        }
    }

    @Test func `A shortened or lengthened element gets its end back`() async throws {
        let namespace = try await loaded()
        try await withHelper(Self.configuration, in: namespace) { helper async throws in
            try await fill(helper)
            var watcher = try await helper.watch()
            try await namespace.command(
                "nft", "-f", "-",
                input: """
                    delete element inet sentinel accept4 { 192.0.2.1, 192.0.2.2 }
                    add element inet sentinel accept4 { 192.0.2.1 timeout 60s, 192.0.2.2 timeout 1d }
                    """)
            #expect(try await watcher.next().kind == .repaired)
            let elements = try await namespace.nftElements("inet", "sentinel", "accept4")
            #expect(elements.count == 2)
            for element in elements {
                #expect((3500...3600).contains(element.expires ?? 0))
                #expect(element.comment?.hasPrefix("rate by ") == true)
            }
        }
    }

    @Test func `What an operator adds by hand becomes a ban of an operator's`() async throws {
        let namespace = try await loaded()
        try await withHelper(Self.configuration, in: namespace) { helper async throws in
            try await fill(helper)
            var watcher = try await helper.watch()
            try await namespace.command(
                "nft", "-f", "-",
                input: """
                    add element inet sentinel accept4 { 192.0.2.77 timeout 2h }
                    add element inet sentinel net4 { 203.0.113.0/28 timeout 2h }
                    """)
            var found: Set<String> = []
            while found.count < 2 {
                let event = try await watcher.next()
                #expect(event.kind == .banned)
                let ban = try #require(event.ban)
                #expect(ban.byOperator && ban.expires != nil)
                found.insert(ban.key)
            }
            #expect(found == ["192.0.2.77", "203.0.113.0/28"])
            #expect(try await helper.lift(Filter(subject: "203.0.113.0/28")).count == 1)
            #expect(try await helper.keys("net4").count == 3)
            #expect(try await helper.keys("accept4").contains("192.0.2.77"))
        }
    }

    @Test func `A ruleset that is flushed is noticed, and when it is loaded again all bans are back`()
        async throws
    {
        let namespace = try await loaded()
        try await withHelper(Self.configuration, in: namespace) { helper async throws in
            try await fill(helper)
            let before = try await Self.contents(namespace)
            var watcher = try await helper.watch()
            try await namespace.command("nft", "flush", "ruleset")
            let event = try await watcher.next()
            #expect(event.kind == .missing && event.message?.contains("there is no table") == true)
            try await namespace.command("nft", "-f", Self.rules)
            #expect(try await watcher.next().kind == .repaired)
            try await until { try await Self.contents(namespace) == before }
            // A reload in one go: the sets come back empty.
            try await namespace.command(
                "nft", "-f", "-", input: "flush ruleset\ninclude \"\(Self.rules)\"\n")
            try await until { try await Self.contents(namespace) == before }
            // Who comes first finds it gone.
            try await namespace.command("nft", "flush", "ruleset")
            let receipt = try await helper.submit(.accept, "192.0.2.3", duration: Self.hour)
            #expect(!receipt.enforced && receipt.refusal?.code == .pending)
        }
    }

    @Test func `Sets that are too large to list are emptied and filled again, one element as well`()
        async throws
    {
        let namespace = try await loaded()
        try await withHelper(Self.configuration, in: namespace) { helper async throws in
            let count = 20_000
            func address(_ number: Int) -> String { "10.1.\(number >> 8).\(number & 255)" }
            for first in stride(from: 0, to: count, by: 1000) {
                let receipts = try await helper.submit(
                    (first..<first + 1000).map { BatchTests.denial(address($0), duration: Self.hour) })
                #expect(receipts.allSatisfy { $0.enforced })
            }
            for command in [
                "flush set inet sentinel accept4", "delete element inet sentinel accept4 { 10.1.70.7 }",
            ] {
                var watcher = try await helper.watch()
                try await namespace.command("nft", command)
                let event = try await watcher.next()
                #expect(event.kind == .repaired && event.message?.contains("large sets") == true)
                #expect(try await namespace.nftElements("inet", "sentinel", "accept4").count == count)
            }
        }
    }

    @Test func `Packets from a banned address are dropped by the operator's rules`() async throws {
        let link = try await Link()
        try await link.node.command("nft", "-f", Self.rules)
        let listener = try await link.node.run {
            let listener = try TestSocket(.tcp, at: Link.address(Link.node4), port: 8776)
            try listener.listen()
            return listener
        }
        try await withHelper(Self.configuration, in: link.node) { helper async throws in
            #expect(try await helper.submit(.accept, Link.peers4[0]).enforced)
            let outcomes = try await Link.peers4.asyncMap {
                try await link.connect(from: $0, to: Link.node4, port: 8776)
            }
            #expect(outcomes == [.timedOut, .ok])
        }
        withExtendedLifetime(listener) {}
    }
}
