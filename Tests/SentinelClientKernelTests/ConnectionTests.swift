// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import NIOPosix
import NamespaceSupport
import Sentinel
import SentinelClient
import SentinelConfiguration
import SentinelProtocol
import Testing
import Varlink

/// A node with real connections, and a helper beside it that real packets have to get past.
@Suite(.timeLimit(.minutes(1)))
struct ConnectionTests {
    private static let port: UInt16 = 8776

    /// A hand-over that runs, and what it asks to be closed.
    private struct Node {
        let handOver: HandOver
        let closings: AsyncStream<UInt64>

        func nextClosing() async -> UInt64? { await closings.first { _ in true } }
    }

    private func withNode(
        in link: Link, shadow: [Configuration.ShadowedCheck] = [],
        _ body: (HelperInNamespace, Node) async throws -> Void
    ) async throws {
        try await HelperInNamespace.run(in: link.node, shadow: shadow) { helper in
            var configuration = HandOver.Configuration()
            configuration.socket = helper.socket
            let (closings, closing) = AsyncStream<UInt64>.makeStream()
            let handOver = HandOver(
                configuration, on: MultiThreadedEventLoopGroup.singleton, logger: helper.logger,
                close: { connection, _ in closing.yield(connection.id.rawValue) },
                observer: { helper.noticed.yield($0) })
            let running = Task { await handOver.run() }
            // It listens from before its first denial on.
            handOver.handOver(
                Sentinel.Denial(at: .accept, by: "test", reason: .rate), at: .accept,
                about: RemotePeer(addresses: try inbound("/ip4/192.0.2.254/tcp/1"), direction: .inbound))
            _ = await helper.answer(to: "192.0.2.254")
            let result: Result<Void, any Error>
            do {
                result = .success(try await body(helper, Node(handOver: handOver, closings: closings)))
            } catch {
                result = .failure(error)
            }
            running.cancel()
            await running.value
            try result.get()
        }
    }

    private func listener(in link: Link, at address: String) async throws -> TestSocket {
        try await link.node.run {
            let listener = try TestSocket(.tcp, at: Link.address(address), port: Self.port)
            try listener.listen()
            return listener
        }
    }

    /// The node's view of a connection that came in.
    private func accepted(_ number: UInt64, from address: String, _ peer: PeerID? = nil) throws -> Connection
    {
        let family = address.contains(":") ? "ip6" : "ip4"
        return Connection(
            id: .init(rawValue: number),
            remote: RemotePeer(
                id: peer, addresses: try inbound("/\(family)/\(address)/tcp/40000"), direction: .inbound))
    }

    @Test
    func `in shadow the node closes nothing, and its connection to whom is banned goes on`() async throws {
        let link = try await Link()
        let listener = try await listener(in: link, at: Link.node4)
        try await withNode(in: link, shadow: [.accept]) { helper, node in
            let client = try await link.peer.run {
                let socket = try TestSocket(.tcp, at: Link.address(Link.peers4[0]))
                #expect(socket.connect(to: Link.address(Link.node4), port: Self.port) == .ok)
                return socket
            }
            let socket = try #require(listener.accept())
            node.handOver.opened(try accepted(1, from: Link.peers4[0]))
            node.handOver.opened(try accepted(2, from: Link.peers4[1]))
            #expect(try await helper.ban(.accept, Link.peers4[0]).shadowed == true)
            #expect(try await helper.ban(.network, Link.peers4[1] + "/32").enforced)
            // The second is the first to be closed.
            #expect(await node.nextClosing() == 2)
            #expect(client.send("still") == .ok)
            #expect(socket.receive() == "still")
            #expect(node.handOver.statistics.closed == 1 && node.handOver.statistics.shadowed == 1)
        }
    }

    @Test(arguments: [
        (Link.peers4[0], Link.peers4[0], Link.peers4[1]),
        // An IPv6 ban is matched by the first 64 bits.
        (Link.peers6[0], Link.peers6[1], Link.peers6[2]),
    ])
    func `an operator bans an address, and the node is told to close what is open from there`(
        banned: String, connected: String, neighbour: String
    ) async throws {
        let link = try await Link()
        let target = Link.node(for: banned)
        let listener = try await listener(in: link, at: target)
        try await withNode(in: link) { helper, node in
            let client = try await link.peer.run {
                let socket = try TestSocket(.tcp, at: Link.address(connected))
                #expect(socket.connect(to: Link.address(target), port: Self.port) == .ok)
                return socket
            }
            let socket = try #require(listener.accept())
            node.handOver.opened(try accepted(1, from: connected))
            node.handOver.opened(try accepted(2, from: neighbour))
            #expect(try await helper.ban(.accept, banned).enforced)
            #expect(await node.nextClosing() == 1)
            // What it still sends doesn't arrive.
            #expect(client.send("late") == .ok)
            #expect(socket.receive() == nil)
            #expect(try await link.connect(from: neighbour, to: target, port: Self.port) == .ok)
            #expect(node.handOver.statistics.closed == 1)
        }
    }

    @Test
    func `an operator's ban that came while the node was away closes what it covers`() async throws {
        let link = try await Link()
        try await HelperInNamespace.run(in: link.node) { helper in
            #expect(try await helper.ban(.network, "10.9.0.2/31").enforced)
            var configuration = HandOver.Configuration()
            configuration.socket = helper.socket
            let (closings, closing) = AsyncStream<UInt64>.makeStream()
            let handOver = HandOver(
                configuration, on: MultiThreadedEventLoopGroup.singleton, logger: helper.logger,
                close: { connection, _ in closing.yield(connection.id.rawValue) })
            handOver.opened(try accepted(1, from: "10.9.0.4"))
            handOver.opened(try accepted(2, from: "10.9.0.3"))
            let running = Task { await handOver.run() }
            #expect(await closings.first { _ in true } == 2)
            running.cancel()
            await running.value
        }
    }

    @Test
    func `a protected peer's address can't be banned, and its packets pass`() async throws {
        let link = try await Link()
        let listener = try await listener(in: link, at: Link.node4)
        let (dear, address) = (try peer(1), Link.peers4[0])
        try await withNode(in: link) { helper, node in
            // The node's own ban of the address ends when the peer is protected there.
            node.handOver.handOver(
                Sentinel.Denial(at: .accept, by: "test", reason: .rate), at: .accept,
                about: RemotePeer(addresses: try inbound("/ip4/\(address)/tcp/1"), direction: .inbound))
            #expect(await helper.answer(to: address)?.enforced == true)
            node.handOver.protect(dear)
            node.handOver.opened(try accepted(1, from: address, dear))
            #expect(await helper.happened(.lifted, to: address) != nil)
            for (check, subject) in [(SentinelProtocol.Check.accept, address), (.network, "10.9.0.2/31")] {
                let refusal = try #require(try await helper.ban(check, subject).refusal)
                #expect(refusal.guardName == .protected && refusal.message.contains(address))
            }
            #expect(try await link.connect(from: address, to: Link.node4, port: Self.port) == .ok)
            node.handOver.unprotect(dear)
            try await until { try await helper.ban(.accept, address).enforced }
            #expect(try await link.connect(from: address, to: Link.node4, port: Self.port) == .timedOut)
            #expect(await node.nextClosing() == 1)
        }
        withExtendedLifetime(listener) {}
    }

    @Test
    func `a node's denial of a block drops what comes from it; of a wider one the source alone is blocked`()
        async throws
    {
        let link = try await Link()
        let listener = try await listener(in: link, at: Link.node4)
        try await withNode(in: link) { helper, node in
            func deny(_ source: String, _ block: String) throws {
                node.handOver.handOver(
                    Sentinel.Denial(at: .accept, by: "test", reason: .rate, network: IPNetwork(block)),
                    at: .accept,
                    about: RemotePeer(addresses: try inbound("/ip4/\(source)/tcp/1"), direction: .inbound))
            }
            try deny("10.9.0.2", "10.9.0.2/31")
            #expect(await helper.answer(to: "10.9.0.2/31")?.enforced == true)
            for peer in Link.peers4 {
                #expect(try await link.connect(from: peer, to: Link.node4, port: Self.port) == .timedOut)
            }
            try deny("203.0.113.7", "203.0.0.0/16")
            let refusal = try #require(await helper.answer(to: "203.0.0.0/16")?.refusal)
            #expect(refusal.code == .forbidden && refusal.message.contains("[node] widest4"))
            #expect(await helper.answer(to: "203.0.113.7")?.enforced == true)
            #expect(try await helper.keys("net4") == ["10.9.0.2/31"])
            #expect(Set(try await helper.keys("accept4")) == ["192.0.2.254", "203.0.113.7"])
        }
        withExtendedLifetime(listener) {}
    }

    @Test
    func `a ban whose answer was lost is neither renewed nor a second strike`() async throws {
        try await HelperInNamespace.run { helper in
            let proxy = try await CuttingProxy.start(at: helper.socket + "-cut", before: helper.socket)
            var configuration = HandOver.Configuration()
            configuration.socket = helper.socket + "-cut"
            let handOver = HandOver(
                configuration, on: MultiThreadedEventLoopGroup.singleton, logger: helper.logger,
                observer: { helper.noticed.yield($0) })
            try await helper.asOperator { client in
                var told = client.stream(HelperInterface.watch).makeAsyncIterator()
                #expect(try await told.next()?.events == [])
                proxy.arm()
                let running = Task { await handOver.run() }
                for subject in ["203.0.113.7", "203.0.113.8"] {
                    handOver.handOver(
                        Sentinel.Denial(at: .accept, by: "test", reason: .rate), at: .accept,
                        about: RemotePeer(
                            addresses: try inbound("/ip4/\(subject)/tcp/1"), direction: .inbound))
                    let receipt = try #require(await helper.answer(to: subject))
                    // Neither for the first nor before the second was there a renewal.
                    let event = try #require(try await told.next()?.events.first)
                    #expect(event.kind == .banned && event.ban?.subject == subject)
                    #expect(event.ban?.id == receipt.id && receipt.strikes == 1)
                }
                #expect(proxy.cuts == 1)
                #expect(handOver.statistics.reconnects == 1)
                #expect(handOver.statistics.submitted == 2 && handOver.statistics.enforced == 2)
                #expect(handOver.statistics.pending == 0)
                running.cancel()
                await running.value
            }
            try await proxy.close()
        }
    }
}
