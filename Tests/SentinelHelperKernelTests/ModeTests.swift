// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import NamespaceSupport
import SentinelProtocol
import Testing
import Varlink

@testable import SentinelHelper

/// The modes that kernels give which know less than this one.
@Suite(.timeLimit(.minutes(1))) struct ModeTests {
    static let sets = ["accept4", "accept6", "dial4", "net4"]

    /// Bans in several sets, each an hour long.
    private func fill(_ helper: RunningHelper) async throws {
        let hour: Int64 = 3_600_000
        let receipts =
            try await helper.submit([
                BatchTests.denial("192.0.2.1", duration: hour),
                BatchTests.denial("2001:db8:1:2::3", duration: hour),
                BatchTests.denial(.dial, "tcp:192.0.2.1:4001", duration: hour, peer: "PeerA"),
            ])
            + [
                helper.ban(.network, "198.51.100.0/24", duration: hour),
                helper.ban(.network, "198.51.100.64/26", duration: 2 * hour),
            ]
        #expect(receipts.allSatisfy { $0.enforced })
    }

    /// What lies in the sets: keys, comments and timeouts.
    private func contents(_ namespace: NetworkNamespace) async throws -> [String: [ListedElement]] {
        var contents: [String: [ListedElement]] = [:]
        for set in Self.sets {
            contents[set] = try await namespace.nftElements("inet", "sentinel", set).sorted {
                $0.key < $1.key
            }
        }
        return contents
    }

    /// Each ban is there with its comment, and doesn't end later than before.
    private func expectSame(_ after: [String: [ListedElement]], _ before: [String: [ListedElement]]) {
        for set in Self.sets {
            let (after, before) = (after[set] ?? [], before[set] ?? [])
            #expect(!before.isEmpty && after.map(\.key) == before.map(\.key))
            #expect(after.map(\.comment) == before.map(\.comment))
            for (after, before) in zip(after, before) {
                #expect((after.expires ?? .max) <= (before.expires ?? 0) + 1)
            }
        }
    }

    @Test func `Without ownership a flush by somebody else is repaired, with all bans`() async throws {
        try await withHelper(limit: .none) { helper async throws in
            let status = try await helper.status()
            #expect(status.mode == .watched)
            #expect(status.problems.contains { $0.contains("the table isn't owned") })
            try await fill(helper)
            let before = try await contents(helper.namespace)
            let rules = try await helper.namespace.command(
                "nft", "--terse", "list", "table", "inet", "sentinel")
            var watcher = try await helper.watch()
            for command in ["flush ruleset", "flush table inet sentinel", "delete table inet sentinel"] {
                try await helper.namespace.command("nft", command)
                let event = try await watcher.next()
                #expect(event.kind == .repaired, "\(command)")
                #expect(event.message?.contains("by somebody else") == true)
                expectSame(try await contents(helper.namespace), before)
                #expect(
                    try await helper.namespace.command("nft", "--terse", "list", "table", "inet", "sentinel")
                        == rules)
            }
            #expect(try await helper.list().count == 5)
        }
    }

    @Test func `Another table's changes are no reason to repair ours`() async throws {
        try await withHelper(limit: .none) { helper async throws in
            var watcher = try await helper.watch()
            let generation = try await helper.status().generation
            try await helper.namespace.command("nft", "add", "table", "inet", "other")
            try await until { try await helper.status().generation != generation }
            _ = try await helper.submit(.accept, "192.0.2.1")
            #expect(try await watcher.next().kind == .banned)
        }
    }

    @Test func `A denial that finds the table gone puts it back, and is enforced`() async throws {
        try await withHelper(limit: .none) { helper async throws in
            try await fill(helper)
            let before = try await contents(helper.namespace)
            try await helper.namespace.command("nft", "flush", "ruleset")
            #expect(try await helper.submit(.accept, "192.0.2.9").enforced)
            var after = try await contents(helper.namespace)
            #expect(after["accept4"]?.map(\.key) == ["192.0.2.1", "192.0.2.9"])
            after["accept4"]?.removeLast()
            expectSame(after, before)
        }
    }

    @Test(arguments: [KernelFeatures.none, .all])
    func `A helper that starts again finds its bans in the table`(features: KernelFeatures) async throws {
        let namespace = try await NetworkNamespace()
        var before: [String: [ListedElement]] = [:]
        var bans: [Ban] = []
        try await withHelper(in: namespace, limit: features) { helper async throws in
            try await fill(helper)
            before = try await contents(namespace)
            bans = try await helper.list()
        }
        try await withHelper(in: namespace, limit: features) { helper async throws in
            #expect(try await helper.status().mode == (features == .all ? .ownedPersistent : .watched))
            expectSame(try await contents(namespace), before)
            let adopted = try await helper.list()
            let dials = (bans.first { $0.check == .dial }, adopted.first { $0.check == .dial })
            #expect(dials.1?.peer == "PeerA" && dials.1?.reason == dials.0?.reason)
            #expect(adopted.map(\.key).filter { $0.contains("198.51.100.64/26") }.count == 1)
        }
    }

    @Test func `A table that an owner has left is taken over by a helper that can't own`() async throws {
        let namespace = try await NetworkNamespace()
        var before: [String: [ListedElement]] = [:]
        try await withHelper(in: namespace) { helper async throws in
            try await fill(helper)
            before = try await contents(namespace)
        }
        try await withHelper(in: namespace, limit: .none) { helper async throws in
            #expect(try await helper.status().mode == .watched)
            expectSame(try await contents(namespace), before)
        }
        try await withHelper(in: namespace) { helper async throws in
            #expect(try await helper.status().mode == .ownedPersistent)
            expectSame(try await contents(namespace), before)
        }
    }
}
