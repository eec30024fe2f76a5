// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import NamespaceSupport
import SentinelConfiguration
import SentinelProtocol
import Testing

/// Blocks that nodes ban.
@Suite(.timeLimit(.minutes(1))) struct NodeNetworkTests {
    @Test func `A node bans blocks no wider than the configuration allows`() async throws {
        let configuration = RunningHelper.configuration {
            $0.node.widest4 = 28
            $0.node.widest6 = nil
        }
        try await withHelper(configuration) { helper async throws in
            #expect(try await helper.submit(.network, "192.0.2.16/28").enforced)
            #expect(try await helper.submit(.network, "192.0.2.1/32").enforced)
            let wider = try #require(try await helper.submit(.network, "192.0.2.32/27").refusal)
            #expect(wider.code == .forbidden && wider.message.contains("[node] widest4"))
            let none = try #require(try await helper.submit(.network, "2001:db8::7/128").refusal)
            #expect(none.code == .forbidden && none.message.contains("[node] widest6"))
            #expect(Set(try await helper.keys("net4")) == ["192.0.2.1", "192.0.2.16/28"])
            // Operators aren't bound by it.
            #expect(try await helper.ban(.network, "198.51.0.0/16").enforced)
            #expect(try await helper.ban(.network, "2001:db8::/32").enforced)
        }
    }

    @Test func `A node's block that holds something guarded is refused whole, and the address named`()
        async throws
    {
        let namespace = try await NetworkNamespace()
        try await namespace.command("ip", "address", "add", "10.77.0.1/24", "dev", "lo")
        try await withHelper(in: namespace) { helper async throws in
            let refusal = try #require(try await helper.submit(.network, "10.77.0.0/24").refusal)
            #expect(refusal.code == .guarded && refusal.guardName == .ownAddress)
            #expect(refusal.message.contains("10.77.0.1"))
            #expect(try await helper.list() == [])
        }
    }

    @Test(arguments: [
        ("10.9.0.2/31", Link.peers4, "10.9.0.4"),
        ("2001:db8:9:1::/64", Array(Link.peers6.prefix(2)), Link.peers6[2]),
    ])
    func `A node's block drops what comes from it, and lets its neighbours through`(
        block: String, inside: [String], outside: String
    ) async throws {
        let link = try await Link()
        try await link.peer.command("ip", "address", "add", "10.9.0.4/24", "dev", "veth0")
        let target = Link.node(for: outside)
        let listener = try await link.node.run {
            let listener = try TestSocket(.tcp, at: Link.address(target), port: 8776)
            try listener.listen()
            return listener
        }
        try await withHelper(in: link.node) { helper async throws in
            #expect(try await link.connect(from: inside[0], to: target, port: 8776) == .ok)
            #expect(try await helper.submit(.network, block).enforced)
            for peer in inside {
                #expect(try await link.connect(from: peer, to: target, port: 8776) == .timedOut)
            }
            #expect(try await link.connect(from: outside, to: target, port: 8776) == .ok)
        }
        withExtendedLifetime(listener) {}
    }
}
