// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import NamespaceSupport
import SentinelConfiguration
import SentinelProtocol
import Synchronization
import Testing
import Varlink

@testable import SentinelHelper

/// Checks that go into shadow and come out of it while the helper runs.
@Suite(.timeLimit(.minutes(1))) struct ShadowReloadTests {
    private static let port = ShadowTests.port

    /// The configuration's file.
    private final class File: Sendable {
        private let content = Mutex(Configuration())

        func read() -> Configuration { content.withLock { $0 } }
        func write(_ configuration: Configuration) { content.withLock { $0 = configuration } }
    }

    /// A helper whose configuration has some checks in shadow, and others after each reload.
    private func withShadow(
        _ checks: [Configuration.ShadowedCheck], in link: Link, limit: KernelFeatures = .all,
        _ body: (RunningHelper, (Configuration.ShadowedCheck...) async throws -> HelperInterface.Reload.Reply)
            async throws -> Void
    ) async throws {
        let file = File()
        let first = RunningHelper.configuration { $0.shadow.checks = checks }
        try await withHelper(
            first, in: link.node, limit: limit,
            source: .init(file: "sentinel.toml") { () throws(ConfigurationError) in file.read() }
        ) {
            helper in
            try await body(helper) { (checks: Configuration.ShadowedCheck...) in
                var configuration = RunningHelper.configuration { $0.shadow.checks = checks }
                configuration.socket.path = helper.path
                file.write(configuration)
                return try await helper.client.call(HelperInterface.reload, .init())
            }
        }
    }

    private func handle(_ set: String, _ helper: RunningHelper) async throws -> Int? {
        try await helper.namespace.nftList("set", "inet", "sentinel", set)
            .compactMap { $0["set"] as? [String: any Sendable] }.first?["handle"] as? Int
    }

    @Test func `Out of shadow a ban refuses at once, its connection is cut, and its count goes on`()
        async throws
    {
        let link = try await Link()
        let listener = try await link.node.run {
            let listener = try TestSocket(.tcp, at: Link.address("::"), port: Self.port)
            try listener.listen()
            return listener
        }
        try await withShadow([.accept, .dial], in: link) { helper, reload in
            let open = try await ShadowTests().pair(link, from: Link.peers4[0], listener)
            let others = try await ShadowTests().pair(link, from: Link.peers4[1], listener)
            #expect(try await helper.submit(.accept, Link.peers4[0]).shadowed == true)
            #expect(try await helper.submit(.dial, "tcp:192.0.2.1:1").shadowed == true)
            open.expectToWork()
            let counted = try #require(
                try await helper.namespace.nftElements("inet", "sentinel", "accept4").first?.packets)
            #expect(counted > 0)
            let before = try await handle("accept4", helper)
            var watcher = try await helper.watch()

            let reply = try await reload(.dial)
            #expect(reply.enforced == 1 && reply.shadowed == nil && !reply.rebuilt)
            #expect(reply.changes.map(\.key) == ["[shadow] checks"])
            let event = try await watcher.next()
            #expect(event.kind == .shadow && event.ban == nil)
            #expect(event.message == "out of shadow: accept. 1 ban in force there refuses from now on")
            #expect(try await handle("accept4", helper) == before)
            #expect(
                try await link.connect(from: Link.peers4[0], to: Link.node4, port: Self.port) == .timedOut)
            try await open.waitUntilCut()
            others.expectToWork("another's connection")
            let after = try #require(
                try await helper.namespace.nftElements("inet", "sentinel", "accept4").first?.packets)
            #expect(after > counted)
            let sets = try await helper.client.call(HelperInterface.sets, .init(name: "accept4")).sets
            // The set's is what was refused.
            #expect(sets[0].shadowed == nil && sets[0].packets ?? 0 > 0)
            #expect(Int(sets[0].packets ?? 0) <= after - counted)
            #expect(try await helper.status().shadow == [.dial])
            #expect(try await helper.list(Filter(check: .dial)).map(\.shadowed) == [true])
        }
    }

    @Test func `Into shadow a ban refuses nobody any more, and who is banned is told so`() async throws {
        let link = try await Link()
        let listener = try await link.node.run {
            let listener = try TestSocket(.tcp, at: Link.address("::"), port: Self.port)
            try listener.listen()
            return listener
        }
        try await withShadow([], in: link) { helper, reload in
            #expect(try await helper.submit(.accept, Link.peers4[0]).enforced)
            #expect(
                try await link.connect(from: Link.peers4[0], to: Link.node4, port: Self.port) == .timedOut)
            let reply = try await reload(.all)
            #expect(reply.shadowed == 1 && reply.enforced == nil && !reply.rebuilt)
            let pair = try await ShadowTests().pair(link, from: Link.peers4[0], listener)
            pair.expectToWork()
            #expect(try await helper.submit(.accept, Link.peers4[0]).shadowed == true)
            #expect(try await helper.status().shadow == [.accept, .dial, .network, .feed])
            #expect(try await reload(.all).changes.isEmpty)
        }
    }

    @Test(arguments: [KernelFeatures.all, .none])
    func `The change of rules is nobody else's, and isn't put right`(limit: KernelFeatures) async throws {
        let link = try await Link()
        try await withShadow([], in: link, limit: limit) { helper, reload in
            #expect(try await helper.submit(.accept, Link.peers4[0]).enforced)
            #expect(try await reload(.accept).shadowed == 1)
            let before = try await handle("accept4", helper)
            // Another's change has all of the ruleset looked at.
            var watcher = try await helper.watch()
            let seen = try await helper.status().generation
            try await link.node.command("nft", "add", "table", "inet", "others")
            try await until { try await helper.status().generation > seen }
            #expect(try await helper.submit(.accept, Link.peers4[1]).shadowed == true)
            // No event tells of a repair.
            #expect(try await watcher.next().kind == .banned)
            #expect(try await handle("accept4", helper) == before)
            // What others take out of the rules is.
            guard limit == .none else { return }
            try await link.node.command("nft", "flush", "chain", "inet", "sentinel", "sources")
            _ = try await watcher.next(.repaired)
            #expect(
                try await link.connect(from: Link.peers4[0], to: Link.node4, port: Self.port) != .timedOut)
            let listed = try await RulesTests().listing(helper.namespace)
            #expect(listed.count { $0.contains("in shadow") } == 2)
        }
    }

    @Test func `With another hook the table is made anew, in the shadow that is wanted`() async throws {
        let link = try await Link()
        let file = File()
        try await withHelper(
            RunningHelper.configuration(), in: link.node,
            source: .init(file: "sentinel.toml") { () throws(ConfigurationError) in file.read() }
        ) { helper in
            #expect(try await helper.submit(.accept, Link.peers4[0]).enforced)
            var configuration = ShadowTests.configuration(.accept) {
                $0.table.hook = .input
                $0.table.priority = 0
            }
            configuration.socket.path = helper.path
            file.write(configuration)
            let reply = try await helper.client.call(HelperInterface.reload, .init())
            #expect(reply.rebuilt && reply.shadowed == 1)
            #expect(try await helper.list().map(\.shadowed) == [true])
            #expect(try await helper.keys("accept4") == [Link.peers4[0]])
        }
    }
}
