// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import NamespaceSupport
import SentinelProtocol
import Testing

/// Blocks inside blocks: the kernel refuses intervals that overlap, so what it has is their cover.
@Suite(.timeLimit(.minutes(1))) struct NetworkBanTests {
    static let outer = "198.51.100.0/24"
    static let inner = "198.51.100.64/26"
    static let hour: Int64 = 3_600_000

    /// The blocks in the kernel, and for how many hours each was granted, rounded up.
    private func cover(_ helper: RunningHelper) async throws -> [String: Int] {
        let elements = try await helper.namespace.nftElements("inet", "sentinel", "net4")
        return Dictionary(
            elements.map { ($0.key, $0.timeout.map { ($0 + 3599) / 3600 } ?? 0) },
            uniquingKeysWith: { a, _ in a })
    }

    @Test func `Of blocks inside one another the kernel has those that end later, each with its end`()
        async throws
    {
        try await withHelper { helper async throws in
            #expect(try await helper.ban(.network, Self.outer, duration: Self.hour).enforced)
            #expect(try await helper.ban(.network, Self.inner, duration: 2 * Self.hour).enforced)
            #expect(
                try await cover(helper) == [
                    "198.51.100.0/26": 1, Self.inner: 2, "198.51.100.128/25": 1,
                ])
            // One inside that ends sooner changes nothing; one around that ends last covers all.
            #expect(try await helper.ban(.network, "198.51.100.96/27", duration: Self.hour).enforced)
            #expect(try await cover(helper).count == 3)
            #expect(try await helper.ban(.network, "198.51.0.0/16", duration: 3 * Self.hour).enforced)
            #expect(try await cover(helper) == ["198.51.0.0/16": 3])
            #expect(try await helper.list().count == 4)
        }
    }

    @Test func `Lifting the inner block gives its place to the outer, lifting the outer leaves the inner`()
        async throws
    {
        for (lifted, rest) in [(Self.inner, [Self.outer: 1]), (Self.outer, [Self.inner: 2])] {
            try await withHelper { helper async throws in
                _ = try await helper.ban(.network, Self.outer, duration: Self.hour)
                _ = try await helper.ban(.network, Self.inner, duration: 2 * Self.hour)
                #expect(try await helper.lift(Filter(subject: lifted)).count == 1)
                #expect(try await cover(helper) == rest)
            }
        }
    }

    @Test func `An inner block that ends sooner is there again when the outer is lifted`() async throws {
        try await withHelper { helper async throws in
            _ = try await helper.ban(.network, Self.inner, duration: Self.hour)
            _ = try await helper.ban(.network, Self.outer, duration: 2 * Self.hour)
            #expect(try await cover(helper) == [Self.outer: 2])
            _ = try await helper.lift(Filter(subject: Self.outer))
            #expect(try await cover(helper) == [Self.inner: 1])
        }
    }

    @Test func `An inner block is shut when the outer one has ended`() async throws {
        let link = try await Link()
        let listener = try await link.node.run {
            let listener = try TestSocket(.tcp, at: Link.address(Link.node4), port: 8776)
            try listener.listen()
            return listener
        }
        try await withHelper(in: link.node) { helper async throws in
            var watcher = try await helper.watch()
            // Both peers are in the outer block, 10.9.0.3 is in the inner one.
            _ = try await helper.ban(.network, "10.9.0.3/32", duration: Self.hour)
            _ = try await helper.ban(.network, "10.9.0.2/31", duration: 500)
            while try await watcher.next().kind != .expired {}
            #expect(try await helper.keys("net4") == ["10.9.0.3"])
            let outcomes = try await Link.peers4.asyncMap {
                try await link.connect(from: $0, to: Link.node4, port: 8776)
            }
            #expect(outcomes == [.ok, .timedOut])
        }
        withExtendedLifetime(listener) {}
    }

    @Test func `A block may be of any size, as long as nothing guarded is in it`() async throws {
        try await withHelper { helper async throws in
            #expect(
                try await helper.ban(.network, "248.0.0.0/5", duration: Self.hour).refusal?.code == .guarded)
            #expect(try await helper.ban(.network, "8000::/2", duration: Self.hour).enforced)
            #expect(try await helper.ban(.network, "8000::/1", duration: Self.hour).refusal?.code == .guarded)
            #expect(try await helper.keys("net6") == ["8000::/2"])
        }
    }
}
