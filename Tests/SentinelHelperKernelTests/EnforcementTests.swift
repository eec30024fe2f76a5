// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import NamespaceSupport
import SentinelConfiguration
import SentinelProtocol
import Testing

@testable import SentinelHelper

/// What clients see: real packets between two namespaces.
@Suite struct EnforcementTests {
    static let port: UInt16 = 8776

    @Test(arguments: [Link.peers4[0], Link.peers6[0]])
    func `A TCP client that was served gets no packet through once it is denied`(client: String) async throws
    {
        let link = try await Link()
        let listener = try await link.node.run {
            let listener = try TestSocket(.tcp, at: Link.address(Link.node(for: client)), port: Self.port)
            try listener.listen()
            return listener
        }
        try await withHelper(in: link.node) { helper async throws in
            let connected = try await link.peer.run {
                let socket = try TestSocket(.tcp, at: Link.address(client))
                #expect(socket.connect(to: Link.address(Link.node(for: client)), port: Self.port) == .ok)
                return socket
            }
            let accepted = try #require(listener.accept())
            #expect(connected.send("one") == .ok)
            #expect(accepted.receive() == "one")

            let receipt = try await helper.submit(.accept, client)
            #expect(receipt.enforced)
            #expect(!receipt.durable)

            // The connection that exists is cut, of which the client hears or not, and a new one isn't even seen.
            #expect([.ok, .refused("ECONNRESET")].contains(connected.send("two")))
            #expect(accepted.receive() == nil)
            let again = try await link.connect(from: client, to: Link.node(for: client), port: Self.port)
            #expect(again == .timedOut)
            #expect(listener.accept() == nil)

            let set = client.contains(":") ? "accept6" : "accept4"
            let element = try #require(try await helper.namespace.nftElements("inet", "sentinel", set).first)
            #expect(try #require(element.packets) > 0)
        }
    }

    @Test(arguments: [Link.peers4[0], Link.peers6[0]])
    func `A UDP client that was served gets no packet through once it is denied`(client: String) async throws
    {
        let link = try await Link()
        let server = try await link.node.run {
            try TestSocket(.udp, at: Link.address(Link.node(for: client)), port: Self.port)
        }
        try await withHelper(in: link.node) { helper async throws in
            let socket = try await link.peer.run {
                let socket = try TestSocket(.udp, at: Link.address(client))
                #expect(socket.connect(to: Link.address(Link.node(for: client)), port: Self.port) == .ok)
                return socket
            }
            #expect(socket.send("one") == .ok)
            #expect(server.echo())
            #expect(socket.receive() == "one")
            #expect(try await helper.submit(.accept, client).enforced)
            #expect(socket.send("two") == .ok)
            #expect(!server.echo())
            #expect(socket.receive() == nil)
        }
    }

    @Test func `An IPv6 ban covers the host's /64 and no sibling outside, an IPv4 ban one address`()
        async throws
    {
        let link = try await Link()
        let listeners = try await link.node.run {
            try [Link.node4, Link.node6].map { address in
                let listener = try TestSocket(.tcp, at: Link.address(address), port: Self.port)
                try listener.listen()
                return listener
            }
        }
        try await withHelper(in: link.node) { helper async throws in
            #expect(try await helper.submit(.accept, Link.peers4[0]).enforced)
            #expect(try await helper.submit(.accept, Link.peers6[0]).enforced)
            #expect(try await helper.keys("accept6") == ["2001:db8:9:1::"])
            let outcomes = try await [Link.peers4[1], Link.peers6[1], Link.peers6[2]].asyncMap {
                try await link.connect(from: $0, to: Link.node(for: $0), port: Self.port)
            }
            #expect(outcomes == [.ok, .timedOut, .ok])
        }
        withExtendedLifetime(listeners) {}
    }

    @Test(arguments: [Configuration.Hook.prerouting, .input, .ingress], [Link.peers4[0], Link.peers6[0]])
    func `At each hook a denied client is shut out, and its neighbour isn't`(
        hook: Configuration.Hook, client: String
    ) async throws {
        let link = try await Link()
        let neighbour = client.contains(":") ? Link.peers6[2] : Link.peers4[1]
        let listener = try await link.node.run {
            let listener = try TestSocket(.tcp, at: Link.address(Link.node(for: client)), port: Self.port)
            try listener.listen()
            return listener
        }
        let configuration = RunningHelper.configuration {
            $0.table.hook = hook
            $0.table.priority = hook.defaultPriority
            $0.table.devices = hook == .ingress ? ["veth0"] : []
        }
        try await withHelper(configuration, in: link.node) { helper async throws in
            #expect(try await helper.submit(.accept, client).enforced)
            let outcomes = try await [client, neighbour].asyncMap {
                try await link.connect(from: $0, to: Link.node(for: client), port: Self.port)
            }
            #expect(outcomes == [.timedOut, .ok])
        }
        withExtendedLifetime(listener) {}
    }

    @Test(arguments: [Link.peers4[0], Link.peers6[0]])
    func `Other ports than the node's stay open to a banned address`(client: String) async throws {
        let link = try await Link()
        let ssh = try await link.node.run {
            let listener = try TestSocket(.tcp, at: Link.address(Link.node(for: client)), port: 22)
            try listener.listen()
            return listener
        }
        try await withHelper(in: link.node) { helper async throws in
            #expect(try await helper.submit(.accept, client).enforced)
            #expect(try await link.connect(from: client, to: Link.node(for: client), port: 22) == .ok)
        }
        withExtendedLifetime(ssh) {}
    }

    @Test(arguments: [TransportProtocol.tcp, .udp], [Link.peers4[0], Link.peers6[0]])
    func `A dial of the node's user to a denied endpoint fails at once, another user's works`(
        transport: TransportProtocol, target: String
    ) async throws {
        let link = try await Link()
        let server = try await link.peer.run {
            let server = try TestSocket(transport, at: Link.address(target), port: 4001)
            if transport == .tcp { try server.listen() }
            return server
        }
        try await withHelper(in: link.node) { helper async throws in
            let endpoint = Endpoint(address: Link.address(target), transport: transport, port: 4001)
            #expect(try await helper.submit(.dial, endpoint.description).enforced)
            @Sendable func dial(as user: UInt32, port: UInt16) async throws -> TestSocket.Outcome {
                try await link.node.run(asUser: user) {
                    let socket = try TestSocket(
                        transport, at: Link.address(Link.node(for: target)), patience: .seconds(5))
                    let connected = socket.connect(to: Link.address(target), port: port)
                    guard transport == .udp else { return connected }
                    // The ICMP error of the first datagram is what the second finds.
                    _ = socket.send("one")
                    return socket.send("two")
                }
            }
            let denied = try await dial(as: 65_534, port: 4001)
            #expect(
                [.refused("EHOSTUNREACH"), .refused("EACCES"), .refused("EPERM")].contains(denied),
                "\(denied)")
            #expect(try await dial(as: 65_533, port: 4001) == .ok)
            if transport == .tcp {
                #expect(
                    try await dial(as: 65_534, port: 4002) == .refused("ECONNREFUSED"), "another port passes")
            }
        }
        withExtendedLifetime(server) {}
    }

    @Test func `A banned block is shut in both directions, below and above it nothing is`() async throws {
        let link = try await Link()
        let listener = try await link.node.run {
            let listener = try TestSocket(.tcp, at: Link.address(Link.node4), port: Self.port)
            try listener.listen()
            return listener
        }
        try await withHelper(in: link.node) { helper async throws in
            // 10.9.0.3 and its neighbour 10.9.0.2 are one /31; the node's own address isn't in it.
            let refused = try await helper.ban(.network, "10.9.0.0/24")
            #expect(refused.refusal?.guardName == .ownAddress)
            #expect(try await helper.ban(.network, "10.9.0.3/32").enforced)
            let outcomes = try await Link.peers4.asyncMap {
                try await link.connect(from: $0, to: Link.node4, port: Self.port)
            }
            #expect(outcomes == [.ok, .timedOut])
        }
        withExtendedLifetime(listener) {}
    }

    @Test func `A ban ends by itself while no helper runs, and the client is served again`() async throws {
        let link = try await Link()
        let listener = try await link.node.run {
            let listener = try TestSocket(.tcp, at: Link.address(Link.node4), port: Self.port)
            try listener.listen()
            return listener
        }
        let client = Link.peers4[0]
        let other = Link.peers4[1]
        try await withHelper(in: link.node) { helper async throws in
            #expect(try await helper.submit(.accept, other).enforced)
            #expect(try await helper.submit(.accept, client, duration: 3000).enforced)
        }
        #expect(try await link.connect(from: other, to: Link.node4, port: Self.port) == .timedOut)
        // Tries until it is let in: the test's own limit ends it otherwise.
        var outcome = TestSocket.Outcome.timedOut
        while outcome == .timedOut {
            outcome = try await link.connect(from: client, to: Link.node4, port: Self.port)
        }
        #expect(outcome == .ok)
        #expect(try await link.node.nftElements("inet", "sentinel", "accept4").map(\.key) == [other])
        withExtendedLifetime(listener) {}
    }

    @Test func `A flush of the ruleset by another program leaves the table and its bans in place`()
        async throws
    {
        let link = try await Link()
        try await withHelper(in: link.node) { helper async throws in
            #expect(try await helper.submit(.accept, Link.peers4[0]).enforced)
            try await link.node.command("nft", "flush", "ruleset")
            #expect(try await helper.keys("accept4") == [Link.peers4[0]])
        }
    }
}

extension Sequence where Element: Sendable {
    func asyncMap<T>(_ body: (Element) async throws -> T) async rethrows -> [T] {
        var results: [T] = []
        for element in self { results.append(try await body(element)) }
        return results
    }
}
