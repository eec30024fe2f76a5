// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import NamespaceSupport
import SentinelConfiguration
import Testing

/// The table that the helper builds is the one that rules/ shows.
@Suite struct RulesTests {
    static let rules = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("rules").path

    /// What `nft list table` prints, without what differs by host: elements, and who owns the table.
    func listing(_ namespace: NetworkNamespace) async throws -> [String] {
        let text = try await namespace.command(
            "nft", "--stateless", "--terse", "list", "table", "inet", "sentinel")
        return text.split(separator: "\n").map { $0.split(separator: " # progname")[0] }
            .filter { !$0.hasPrefix("\tflags owner") }.map(String.init)
    }

    @Test func `The helper's table lists exactly as rules/sentinel.nft does`() async throws {
        let other = try await NetworkNamespace()
        try await other.command("nft", "-f", Self.rules + "/sentinel.nft")
        let expected = try await listing(other)
        #expect(expected.contains("\tset feed6 {"))
        try await withHelper { helper async throws in
            #expect(try await listing(helper.namespace) == expected)
        }
    }

    @Test func `At a device's ingress it lists exactly as rules/ingress.nft does`() async throws {
        func namespaceWithDevice() async throws -> NetworkNamespace {
            let namespace = try await NetworkNamespace()
            try await namespace.command("ip", "link", "add", "eth0", "type", "veth")
            return namespace
        }
        let other = try await namespaceWithDevice()
        try await other.command("nft", "-f", Self.rules + "/ingress.nft")
        // That one is loaded by hand, so it doesn't say that it is owned.
        let expected = try await listing(other).filter { !$0.hasPrefix("\tcomment") }
        #expect(expected.contains("\tchain inbound_eth0 {"))
        let configuration = RunningHelper.configuration {
            $0.table.hook = .ingress
            $0.table.devices = ["eth0"]
            $0.table.priority = -500
        }
        try await withHelper(configuration, in: namespaceWithDevice()) { helper async throws in
            let listed = try await listing(helper.namespace).filter { !$0.hasPrefix("\tcomment") }
            #expect(listed == expected)
        }
    }
}
