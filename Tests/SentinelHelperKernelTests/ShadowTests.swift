// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import NamespaceSupport
import SentinelConfiguration
import SentinelProtocol
import Testing
import Varlink

@testable import SentinelHelper

/// Bans in shadow: they count and refuse nobody, and nobody is told otherwise.
@Suite(.timeLimit(.minutes(1))) struct ShadowTests {
    static let port: UInt16 = 8776
    static let nodeUser: UInt32 = 65_534

    static func configuration(
        _ checks: Configuration.ShadowedCheck..., change: (inout Configuration) -> Void = { _ in }
    ) -> Configuration {
        RunningHelper.configuration {
            $0.shadow.checks = checks
            change(&$0)
        }
    }

    private func listen(_ link: Link) async throws -> TestSocket {
        try await link.node.run {
            let listener = try TestSocket(.tcp, at: Link.address("::"), port: Self.port)
            try listener.listen()
            return listener
        }
    }

    private func packets(_ set: String, _ helper: RunningHelper) async throws -> Int64? {
        let sets = try await helper.client.call(HelperInterface.sets, .init(name: set)).sets
        return sets[0].packets
    }

    // MARK: The table

    /// The file's rules with the verdicts of some sets taken out.
    private func expected(without sets: [String]) async throws -> [String] {
        let other = try await NetworkNamespace()
        try await other.command("nft", "-f", RulesTests.rules + "/sentinel.nft")
        return try await RulesTests().listing(other).map { line in
            guard sets.contains(where: { line.contains("@\($0) counter") }),
                let end = line.firstRange(of: " counter")?.upperBound
            else { return line }
            return line[..<end] + " comment \"in shadow, refuses nobody: sentinelctl shadow report\""
        }
    }

    @Test(arguments: [
        ([Configuration.ShadowedCheck.accept], ["accept4", "accept6"]),
        ([.dial, .feed], ["dial4", "dial6", "feed4", "feed6", "feednet4", "feednet6"]),
        ([.all], ["accept", "dial", "net", "feed", "feednet"].flatMap { ["\($0)4", "\($0)6"] }),
    ])
    func `The rules of what is in shadow have no verdict, all others are as ever`(
        checks: [Configuration.ShadowedCheck], sets: [String]
    ) async throws {
        let expected = try await expected(without: sets)
        #expect(
            expected.count { $0.contains("in shadow") } == sets.count
                + sets.count { $0.hasPrefix("net") || $0.hasPrefix("feed") })
        try await withHelper(RunningHelper.configuration { $0.shadow.checks = checks }) {
            helper async throws in
            #expect(try await RulesTests().listing(helper.namespace) == expected)
        }
    }

    // MARK: Packets

    @Test(arguments: [(Link.peers4[0], "accept4"), (Link.peers6[0], "accept6")])
    func `A banned client gets through and is counted, and everything says that it isn't refused`(
        client: String, set: String
    ) async throws {
        let link = try await Link()
        let listener = try await listen(link)
        try await withHelper(Self.configuration(.accept), in: link.node) { helper async throws in
            var watcher = try await helper.watch()
            let receipt = try await helper.submit(.accept, client)
            #expect(receipt.id != nil && receipt.shadowed == true)
            #expect(!receipt.enforced && receipt.refusal == nil)
            #expect(try await watcher.next().ban?.shadowed == true)
            #expect(try await link.connect(from: client, to: Link.node(for: client), port: Self.port) == .ok)
            #expect(listener.accept() != nil)

            let info = try #require(
                try await helper.client.call(HelperInterface.sets, .init(name: set, elements: true)).sets
                    .first)
            #expect(info.shadowed == true && info.packets ?? 0 > 0)
            #expect(info.elements?.first?.packets == info.packets)
            #expect(try await helper.list().map(\.shadowed) == [true])
            let explanation = try await helper.explain(client)
            #expect(explanation.inbound && explanation.set == nil)
            #expect(explanation.shadowed == [set])
            let status = try await helper.status()
            #expect(status.shadow == [.accept])
            #expect(status.sets.filter { $0.shadowed == true }.map(\.name) == ["accept4", "accept6"])
            let counted = try await helper.client.call(HelperInterface.counters).sets
            #expect(counted.first { $0.name == set }?.shadowed == true)
        }
    }

    @Test func `An operator's ban is told to be counted only, as any other`() async throws {
        try await withHelper(Self.configuration(.network, .dial)) { helper async throws in
            #expect(try await helper.ban(.network, "192.0.2.0/24").shadowed == true)
            #expect(try await helper.ban(.dial, "tcp:192.0.2.1:1").shadowed == true)
            let enforced = try await helper.ban(.accept, "192.0.2.1")
            #expect(enforced.enforced && enforced.shadowed == nil)
            #expect(try await helper.list(Filter(check: .accept)).map(\.shadowed) == [nil])
        }
    }

    @Test func `What another check refuses stays refused`() async throws {
        let link = try await Link()
        let listener = try await listen(link)
        try await withHelper(Self.configuration(.accept), in: link.node) { helper async throws in
            #expect(try await helper.submit(.accept, Link.peers4[0]).shadowed == true)
            #expect(try await helper.submit(.accept, Link.peers4[1]).shadowed == true)
            #expect(try await helper.ban(.network, Link.peers4[0] + "/32").enforced)
            #expect(
                try await link.connect(from: Link.peers4[0], to: Link.node4, port: Self.port) == .timedOut)
            #expect(try await link.connect(from: Link.peers4[1], to: Link.node4, port: Self.port) == .ok)
            #expect(listener.accept() != nil)
            #expect(try await packets("net4", helper) ?? 0 > 0)
            let explanation = try await helper.explain(Link.peers4[0])
            #expect(!explanation.inbound && explanation.set == "net4" && explanation.shadowed == ["accept4"])
        }
    }

    @Test func `Dials and datagrams to whom is banned in shadow go out, and are counted`() async throws {
        let link = try await Link()
        let far = try await link.peer.run {
            try TestSocket(.udp, at: Link.address(Link.peers4[0]), port: 4001)
        }
        try await withHelper(Self.configuration(.dial), in: link.node) { helper async throws in
            #expect(try await helper.submit(.dial, "udp:\(Link.peers4[0]):4001").shadowed == true)
            #expect(try await helper.submit(.network, "10.9.0.3/32").enforced)
            try await link.node.run(asUser: Self.nodeUser) {
                let socket = try TestSocket(.udp, at: Link.address(Link.node4))
                #expect(socket.connect(to: Link.address(Link.peers4[0]), port: 4001) == .ok)
                #expect(socket.send("hello") == .ok)
                let refused = try TestSocket(.udp, at: Link.address(Link.node4))
                #expect(refused.connect(to: Link.address(Link.peers4[1]), port: 4001) == .ok)
                #expect(refused.send("hello") != .ok)
            }
            #expect(far.receive() == "hello")
            #expect(try await packets("dial4", helper) == 1)
        }
    }

    @Test func `No connection is cut`() async throws {
        let link = try await Link()
        let listener = try await listen(link)
        try await withHelper(Self.configuration(.accept), in: link.node) { helper async throws in
            let tried = try await pair(link, from: Link.peers4[0], listener)
            let refused = try await pair(link, from: Link.peers4[1], listener)
            #expect(try await helper.submit(.accept, Link.peers4[0]).shadowed == true)
            #expect(try await helper.ban(.network, Link.peers4[1] + "/32").enforced)
            // What is enforced shows when cutting has had its turn.
            try await refused.waitUntilCut()
            tried.expectToWork()
            #expect(try await helper.status().socketsCut == 1)
        }
    }

    func pair(_ link: Link, from address: String, _ listener: TestSocket) async throws -> CuttingTests.Pair {
        let far = try await link.peer.run {
            let socket = try TestSocket(.tcp, at: Link.address(address), patience: .seconds(5))
            #expect(socket.connect(to: Link.address(Link.node(for: address)), port: Self.port) == .ok)
            return socket
        }
        return CuttingTests.Pair(near: try #require(listener.accept()), far: far)
    }

    // MARK: Restart

    @Test func `A restart with another configuration has the table's rules follow, and keeps the bans`()
        async throws
    {
        let link = try await Link()
        let listener = try await listen(link)
        let client = Link.peers4[0]
        try await withDirectory { directory async throws in
            let ledger: (inout Configuration) -> Void = { $0.ledger.directory = directory }
            try await withHelper(Self.configuration(change: ledger), in: link.node) { helper async throws in
                #expect(try await helper.submit(.accept, client).enforced)
                #expect(try await link.connect(from: client, to: Link.node4, port: Self.port) == .timedOut)
                #expect(try await packets("accept4", helper) ?? 0 > 0)
            }
            let handle = try await handle(link.node)
            try await withHelper(Self.configuration(.all, change: ledger), in: link.node) {
                helper async throws in
                #expect(try await self.handle(helper.namespace) == handle)
                // What was refused was refused, and is not what shadow counts.
                #expect(try await packets("accept4", helper) == 0)
                #expect(try await link.connect(from: client, to: Link.node4, port: Self.port) == .ok)
                #expect(try await packets("accept4", helper) ?? 0 > 0)
                // The connection of before.
                #expect(listener.accept() != nil)
            }
            let open = try await pair(link, from: client, listener)
            open.expectToWork()
            try await withHelper(Self.configuration(change: ledger), in: link.node) { helper async throws in
                #expect(try await self.handle(helper.namespace) == handle)
                #expect(try await packets("accept4", helper) == 0)
                #expect(try await link.connect(from: client, to: Link.node4, port: Self.port) == .timedOut)
                #expect(try await helper.list().map(\.shadowed) == [nil])
                try await open.waitUntilCut()
            }
        }
    }

    private func handle(_ namespace: NetworkNamespace) async throws -> Int? {
        try await namespace.nftList("tables").compactMap { $0["table"] as? [String: any Sendable] }
            .first { $0["name"] as? String == "sentinel" }?["handle"] as? Int
    }
}
