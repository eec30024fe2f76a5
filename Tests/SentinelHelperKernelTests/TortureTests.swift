// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import Inet
import NamespaceSupport
import Nftables
import SentinelConfiguration
import SentinelProtocol
import Synchronization
import TestRandom
import Testing

@testable import SentinelHelper

/// Others at work on the ruleset. In short here; SENTINEL_TORTURE=1000 has them change it a thousand times.
@Suite(.timeLimit(.minutes(30))) struct TortureTests {
    static let hour: Int64 = 3_600_000
    static var changes: Int { Torture.count.map { min($0, 10_000) } ?? 60 }

    /// What nft is told: flushes, edits and deletions.
    static let commands = [
        "flush ruleset", "flush table inet sentinel", "delete table inet sentinel",
        "flush set inet sentinel accept4", "flush set inet sentinel net4", "flush set inet sentinel exempt4",
        "flush set inet sentinel node_ports", "flush chain inet sentinel sources",
        "flush chain inet sentinel inbound", "delete element inet sentinel accept4 { 192.0.2.1 }",
        "delete element inet sentinel accept4 { 192.0.2.2, 192.0.2.3 }",
        "delete element inet sentinel net4 { 198.51.100.64/26 }",
        "delete element inet sentinel node_ports { tcp . 8776 }",
        "add rule inet sentinel sources accept", "insert rule inet sentinel inbound accept",
        "insert rule inet sentinel sources counter accept", "add set inet sentinel other { type ipv4_addr; }",
        "add chain inet sentinel other", "add table inet sentinel { flags dormant; }",
        "delete set inet sentinel feed4", "add element inet sentinel exempt4 { 192.0.2.0/24 }",
        "add element inet sentinel node_users { 0 }",
        "add table inet another; add chain inet another c; delete table inet another",
    ]

    private func fill(_ helper: RunningHelper) async throws {
        let receipts =
            try await helper.submit(
                (1...20).map { BatchTests.denial("192.0.2.\($0)", duration: 24 * Self.hour) }
                    + [BatchTests.denial(.dial, "tcp:192.0.2.1:4001", duration: 24 * Self.hour)])
            + [
                helper.ban(.network, "198.51.100.0/24", duration: 24 * Self.hour),
                helper.ban(.network, "198.51.100.64/26", duration: 48 * Self.hour),
            ]
        #expect(receipts.allSatisfy { $0.enforced })
    }

    /// The table without what differs each time, and what its sets hold; nil where it isn't whole.
    private func state(_ namespace: NetworkNamespace) async -> String? {
        do {
            let table = try await namespace.command("nft", "-s", "-t", "list", "table", "inet", "sentinel")
            let contents = try await SharedTests.contents(namespace).sorted { $0.key < $1.key }
            return table + contents.map { "\($0.key): \($0.value)" }.joined(separator: "\n")
        } catch {
            return nil
        }
    }

    /// Has nft run commands one by one, by one shell; each may fail. Returns how many didn't.
    private func run(_ commands: [String], _ namespace: NetworkNamespace) async throws -> Int {
        let script =
            commands.map { "nft '\($0)' 2>/dev/null && echo done" }.joined(separator: "\n") + "\ntrue\n"
        return try await namespace.command("sh", "-s", input: script).split(separator: "\n").count
    }

    private func random(_ count: Int, _ generator: inout Seeded) -> [String] {
        (0..<count).map { _ in Self.commands.randomElement(using: &generator) ?? "" }
    }

    @Test func `An owned table is never absent, and nobody else changes it`() async throws {
        var generator = Seeded(7)
        try await withHelper { helper async throws in
            try await fill(helper)
            let before = await state(helper.namespace)
            let observer = try Observer(helper.namespace)
            async let absent = observer.watch()
            let others = Self.commands.filter {
                $0 == "flush ruleset" || $0.hasPrefix("add table inet another")
            }
            for _ in 0..<max(1, Self.changes / 20) {
                let commands = random(20, &generator)
                let done = try await run(commands, helper.namespace)
                #expect(
                    done == commands.count { others.contains($0) }, "only what leaves our table alone is done"
                )
                #expect(await state(helper.namespace) == before)
            }
            observer.stop()
            let seen = try await absent
            #expect(seen.looks > 100 && seen.absent == 0)
        }
    }

    @Test func `A watched table is right again, whatever others do to it`() async throws {
        var generator = Seeded(11)
        try await withHelper(limit: .none) { helper async throws in
            try await fill(helper)
            let before = await state(helper.namespace)
            for _ in 0..<max(1, Self.changes / 10) {
                let commands = random(10, &generator)
                #expect(try await run(commands, helper.namespace) > 0)
                try await until { await state(helper.namespace) == before }
            }
            #expect(try await helper.list().count == 23)
        }
    }

    @Test func `Sets in a table of the operator's are filled again, whatever others do to them`() async throws
    {
        var generator = Seeded(13)
        let namespace = try await NetworkNamespace()
        try await namespace.command("nft", "-f", SharedTests.rules)
        try await withHelper(SharedTests.configuration, in: namespace) { helper async throws in
            try await fill(helper)
            let before = await state(namespace)
            for round in 0..<max(1, Self.changes / 10) {
                #expect(try await run(random(9, &generator), namespace) > 0)
                // What the operator has lost he loads again, at once or later.
                if round.isMultiple(of: 2) { try await Task.sleep(for: .milliseconds(1100)) }
                let elements =
                    "table inet sentinel\ndelete table inet sentinel\ninclude \"\(SharedTests.rules)\"\n"
                try await namespace.command("nft", "-f", "-", input: elements)
                try await until { await state(namespace) == before }
            }
            #expect(try await helper.list().count == 23)
        }
    }

    @Test func `While another program changes its own table without end, denials are enforced and sets kept`()
        async throws
    {
        try await withHelper(limit: .none) { helper async throws in
            try await fill(helper)
            var watcher = try await helper.watch()
            let noise = try await helper.namespace.start([
                "sh", "-c",
                "while :; do nft 'add table inet another; delete table inet another'; done",
            ])
            for number in 1...200 {
                #expect(try await helper.submit(.accept, "203.0.113.\(number)", duration: Self.hour).enforced)
            }
            try await helper.namespace.command("nft", "flush set inet sentinel accept4")
            while try await watcher.next().kind != .repaired {}
            try await until { try await helper.keys("accept4").count == 220 }
            noise.signal(SIGKILL)
            _ = try await noise.end()
        }
    }
}

/// Looks all the time whether the table is there.
private final class Observer: Sendable {
    private let namespace: NetworkNamespace
    private let isStopped = Mutex(false)

    init(_ namespace: NetworkNamespace) throws { self.namespace = namespace }

    func stop() { isStopped.withLock { $0 = true } }

    func watch() async throws -> (looks: Int, absent: Int) {
        let (isOver, namespace) = ({ @Sendable in self.isStopped.withLock { $0 } }, namespace)
        return try await namespace.run {
            let socket = try NetlinkSocket()
            var (looks, absent) = (0, 0)
            while !isOver() {
                looks += 1
                if try socket.table(Table(.inet, "sentinel")) == nil { absent += 1 }
            }
            return (looks, absent)
        }
    }
}
