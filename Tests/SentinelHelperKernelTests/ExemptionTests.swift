// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import NamespaceSupport
import SentinelConfiguration
import SentinelProtocol
import Testing
import Varlink

@testable import SentinelHelper

/// Addresses of protected peers in the kernel's exempt sets.
@Suite(.timeLimit(.minutes(1))) struct ExemptionTests {
    @discardableResult
    private func guarding(_ addresses: [String], by client: VarlinkClient) async throws -> [Ban] {
        try await client.call(HelperInterface.guardAddresses, .init(addresses: addresses)).lifted
    }

    @Test func `A protected address is exempt in the kernel as long as a list has it`() async throws {
        try await withHelper { helper async throws in
            let before = try await helper.keys("exempt4")
            let other = try await VarlinkClient.connect(path: helper.path, on: helper.group)
            // Neighbours, of which each is an interval of its own.
            try await guarding(["192.0.2.6", "192.0.2.7", "192.0.2.8", "2001:db8::7"], by: helper.client)
            try await guarding(["192.0.2.7"], by: other)
            let own: Set = ["192.0.2.6", "192.0.2.7", "192.0.2.8"]
            #expect(Set(try await helper.keys("exempt4")) == own.union(before))
            #expect(try await helper.isExempt("2001:db8::7"))
            let count = try await helper.status().sets.first { $0.name == "exempt4" }?.count
            #expect(count == before.count + 3)
            #expect(try await helper.status().guards.last == GuardCount(name: .protected, count: 4))

            try await guarding(["192.0.2.8", "192.0.2.9"], by: helper.client)
            #expect(
                Set(try await helper.keys("exempt4"))
                    == Set(["192.0.2.7", "192.0.2.8", "192.0.2.9"]).union(before))
            #expect(try await !helper.isExempt("2001:db8::7"))
            await other.close()
            try await until { try await !helper.isExempt("192.0.2.7") }
            try await guarding([], by: helper.client)
            #expect(try await helper.keys("exempt4") == before)
        }
    }

    @Test func `What the kernel has of a protected peer's address in other sets doesn't block it`()
        async throws
    {
        let link = try await Link()
        let listener = try await link.node.run {
            let listener = try TestSocket(.tcp, at: Link.address(Link.node4), port: 8776)
            try listener.listen()
            return listener
        }
        // A table that isn't owned, so that anybody may put something into it.
        try await withHelper(in: link.node, limit: .none) { helper async throws in
            for peer in Link.peers4 {
                try await link.node.command(
                    "nft", "add", "element", "inet", "sentinel", "feed4", "{ \(peer) timeout 1h }")
            }
            try await guarding([Link.peers4[0]], by: helper.client)
            let outcomes = try await Link.peers4.asyncMap {
                try await link.connect(from: $0, to: Link.node4, port: 8776)
            }
            #expect(outcomes == [.ok, .timedOut])
        }
        withExtendedLifetime(listener) {}
    }

    @Test(arguments: [
        (SentinelProtocol.Check.accept, Link.peers4[0], Link.peers4[0]),
        (.network, "10.9.0.2/32", Link.peers4[0]),
        (.dial, "tcp:10.9.0.2:4001", Link.peers4[0]), (.accept, Link.peers6[1], Link.peers6[0]),
        (.network, "2001:db8:9:1::/64", Link.peers6[0]),
        (.dial, "udp:[2001:db8:9:1::2]:4001", Link.peers6[0]),
    ])
    func `An operator's ban stays in effect where a node protects later, and ends first`(
        check: SentinelProtocol.Check, subject: String, address: String
    ) async throws {
        let link = try await Link()
        let set = address.contains(":") ? "exempt6" : "exempt4"
        try await withHelper(in: link.node) { helper async throws in
            let ban = try await helper.ban(check, subject)
            #expect(ban.enforced)
            #expect(try await guarding([address, "192.0.2.1"], by: helper.client) == [])
            #expect(try await !helper.isExempt(address))
            #expect(try await helper.isExempt("192.0.2.1"))
            let explanation = try await helper.explain(address)
            #expect(explanation.guardName == .protected && explanation.bans.count == 1)
            // Other changes leave it out as well.
            try await guarding([address, "192.0.2.2"], by: helper.client)
            await helper.service.helper.setGuards(
                RunningHelper.configuration { $0.exempt.addresses = [IPNetwork(Link.address("203.0.113.1"))] }
            )
            #expect(try await !helper.isExempt(address))
            _ = try await helper.lift(Filter(id: ban.id))
            #expect(try await helper.isExempt(address))
            #expect(try await helper.explain(address).set == set)
        }
    }

    @Test
    func `An operator's ban keeps a client out though it is protected, and it is let in when the ban ends`()
        async throws
    {
        let link = try await Link()
        let listener = try await link.node.run {
            let listener = try TestSocket(.tcp, at: Link.address(Link.node4), port: 8776)
            try listener.listen()
            return listener
        }
        try await withHelper(in: link.node) { helper async throws in
            #expect(try await helper.ban(.accept, Link.peers4[0], duration: 2500).enforced)
            try await guarding([Link.peers4[0]], by: helper.client)
            #expect(try await link.connect(from: Link.peers4[0], to: Link.node4, port: 8776) == .timedOut)
            try await until { try await helper.isExempt(Link.peers4[0]) }
            #expect(try await link.connect(from: Link.peers4[0], to: Link.node4, port: 8776) == .ok)
        }
        withExtendedLifetime(listener) {}
    }

    @Test func `A table that somebody has flushed gets its protected addresses back`() async throws {
        try await withHelper(limit: .none) { helper async throws in
            try await guarding(["192.0.2.7"], by: helper.client)
            try await helper.namespace.command("nft", "delete", "table", "inet", "sentinel")
            try await until { try await helper.isExempt("192.0.2.7") }
            // And where somebody took one out, the next change puts all right.
            try await helper.namespace.command(
                "nft", "delete", "element", "inet", "sentinel", "exempt4", "{ 192.0.2.7 }")
            try await guarding(["192.0.2.8"], by: helper.client)
            #expect(try await helper.isExempt("192.0.2.8"))
            #expect(try await !helper.isExempt("192.0.2.7"))
        }
    }

    @Test func `Thousands of protected addresses come and go, and each is right`() async throws {
        try await withHelper { helper async throws in
            let before = try await helper.keys("exempt4")
            let many = (0..<4096).map { "10.\($0 % 7).\($0 / 256).\($0 % 256)" }
            try await guarding(many, by: helper.client)
            #expect(Set(try await helper.keys("exempt4")) == Set(many).union(before))
            let fewer = many.enumerated().filter { $0.offset % 3 != 0 }.map(\.element)
            try await guarding(fewer, by: helper.client)
            #expect(try await helper.submit(.accept, many[0]).enforced)
            #expect(try await !helper.isExempt(many[0]), "a ban that is enforced isn't undone by what was")
            #expect(try await helper.submit(.accept, many[1]).refusal?.guardName == .protected)
            // Of many the kernel is told each second.
            try await until { Set(try await helper.keys("exempt4")) == Set(fewer).union(before) }
        }
    }
}
