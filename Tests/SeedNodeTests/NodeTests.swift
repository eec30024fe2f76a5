// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import NIOCore
import NIOPosix
import Sentinel
import Testing

@testable import SeedNode

/// Nodes on the loopback interface.
@Suite struct NodeTests {
    static let places: [(String, TransportProtocol)] = [
        ("127.0.0.1", .tcp), ("127.0.0.1", .udp), ("::1", .tcp), ("::1", .udp),
    ]

    /// A node that listens, and one that dials, for as long as `body` takes.
    private func withNodes(
        at address: String, listening gate: RecordingSentinel = RecordingSentinel(),
        dialing dialerGate: RecordingSentinel = RecordingSentinel(),
        _ configure: (inout NodeConfiguration) -> Void = { _ in },
        _ body: (_ listener: Node, _ dialer: Node, _ endpoints: [Endpoint]) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        var configuration = NodeConfiguration()
        configure(&configuration)
        let node = Node(identity: NodeIdentity(), gate: gate.gate, configuration: configuration, group: group)
        let dialer = Node(identity: NodeIdentity(), gate: dialerGate.gate, group: group)
        let listener = try await node.listen(on: [try #require(IPAddress(address))], port: 0)
        do {
            try await body(node, dialer, listener.endpoints)
        } catch {
            await listener.close()
            throw error
        }
        await listener.close()
    }

    @Test(arguments: places)
    func `A stream of each type is served`(place: (String, TransportProtocol)) async throws {
        let gate = RecordingSentinel()
        try await withNodes(at: place.0, listening: gate) { node, dialer, endpoints in
            let there = endpoints.filter { $0.transport == place.1 }
            let link = try await dialer.dial(node.identity.peer, at: there)
            #expect(link.peer == node.identity.peer)
            let types: [StreamType] = [.git, .membership, .gossip, .interrogation]
            for type in types {
                let stream = try await link.open(type)
                let payload = [UInt8](repeating: 3, count: Frame.maximumPayload)
                let echo = try await link.echo(payload, on: stream, timeout: .seconds(5))
                #expect(echo == payload)
            }
            await link.close()
            #expect(node.statistics.snapshot.streams == types.count)
            let accepted = try #require(gate.remotes.first)
            #expect(accepted.ipAddress == IPAddress(place.0))
            #expect(accepted.address?.endpoint?.transport == place.1)
            #expect(accepted.source == .handshake && accepted.direction == .inbound && accepted.id == nil)
        }
    }

    @Test(arguments: places)
    func `A connection is closed by what was told of it, and the other side hears why`(
        place: (String, TransportProtocol)
    ) async throws {
        let gate = RecordingSentinel()
        try await withNodes(at: place.0, listening: gate) { node, dialer, endpoints in
            let there = endpoints.filter { $0.transport == place.1 }
            let link = try await dialer.dial(node.identity.peer, at: there)
            let stream = try await link.open(.git)
            _ = try await link.echo([1], on: stream, timeout: .seconds(5))
            let connection = try #require(gate.connections.first)
            node.close(connection, .gated)
            await link.closed()
            await #expect(throws: DialError.refused) { try await link.open(.git) }
            // It is gone, and closing it again is nothing.
            node.close(connection, .gated)
            #expect(gate.events.last == .closed)
        }
    }

    @Test(arguments: places)
    func `A denial at accept refuses at once, before any handshake`(
        place: (String, TransportProtocol)
    ) async throws {
        let gate = RecordingSentinel(denying: [.accept])
        try await withNodes(at: place.0, listening: gate) { node, dialer, endpoints in
            let there = endpoints.filter { $0.transport == place.1 }
            await #expect(throws: DialError.refused) { try await dialer.dial(nil, at: there) }
            // Once, but that a UDP client which has to wait for the answer says hello again.
            #expect(Set(gate.events) == [.asked(.accept)])
            #expect(Set(node.statistics.snapshot.denials.keys) == [.accept])
            #expect(node.statistics.snapshot.handshakes == 0)
        }
    }

    @Test(arguments: TransportProtocol.allCases)
    func `Each of many dials at once that are denied comes to an end`(
        transport: TransportProtocol
    ) async throws {
        let gate = RecordingSentinel(denying: [.accept])
        try await withNodes(at: "127.0.0.1", listening: gate) { node, dialer, endpoints in
            let there = endpoints.filter { $0.transport == transport }
            let refused = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<100 {
                    group.addTask {
                        do throws(DialError) {
                            await (try dialer.dial(nil, at: there)).close()
                            return false
                        } catch {
                            return error == .refused
                        }
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(refused == 100)
            #expect(node.statistics.snapshot.denials[.accept, default: 0] >= 100)
            #expect(node.statistics.snapshot.handshakes == 0)
        }
    }

    @Test(arguments: places)
    func `Another peer than the one dialed is not taken`(place: (String, TransportProtocol)) async throws {
        try await withNodes(at: place.0) { _, dialer, endpoints in
            let there = endpoints.filter { $0.transport == place.1 }
            await #expect(throws: DialError.handshake(.wrongPeer)) {
                try await dialer.dial(NodeIdentity().peer, at: there)
            }
        }
    }

    @Test(arguments: places)
    func `A denied stream ends the connection of who opened it`(
        place: (String, TransportProtocol)
    ) async throws {
        try await withNodes(at: place.0, listening: RecordingSentinel(stream: .git)) { _, dialer, endpoints in
            let there = endpoints.filter { $0.transport == place.1 }
            let link = try await dialer.dial(nil, at: there)
            _ = try await link.open(.git)
            await link.closed()
            await #expect(throws: DialError.refused) { try await link.open(.gossip) }
        }
    }

    @Test func `The dial checks come before a packet is sent`() async throws {
        for check in [Check.peerDial, .addressDial] {
            let gate = RecordingSentinel(denying: [check])
            try await withNodes(at: "127.0.0.1", dialing: gate) { node, dialer, endpoints in
                await #expect(throws: DialError.denied(gate.denial(check))) {
                    try await dialer.dial(node.identity.peer, at: endpoints)
                }
                #expect(node.statistics.snapshot.attempts == 0)
                #expect(node.statistics.snapshot.knocks == 0)
                #expect(dialer.statistics.snapshot.denials[check] == (check == .peerDial ? 1 : 2))
            }
        }
    }

    @Test func `A dial goes on to the next endpoint`() async throws {
        try await withNodes(at: "127.0.0.1") { node, dialer, endpoints in
            let tcp = try #require(endpoints.first { $0.transport == .tcp })
            let nobody = Endpoint(address: tcp.address, transport: .tcp, port: 1)
            let link = try await dialer.dial(node.identity.peer, at: [nobody, tcp])
            #expect(link.endpoint == tcp)
            await link.close()
            await #expect(throws: DialError.refused) { try await dialer.dial(nil, at: [nobody]) }
            await #expect(throws: DialError.noEndpoint) { try await dialer.dial(nil, at: []) }
        }
    }

    @Test func `Who says nothing is hung up on`() async throws {
        try await withNodes(at: "127.0.0.1", { $0.handshakeTimeout = .milliseconds(50) }) { _, _, endpoints in
            let tcp = try #require(endpoints.first { $0.transport == .tcp })
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "\(tcp.address)", port: Int(tcp.port)).get()
            try await channel.closeFuture.get()
        }
    }

    @Test func `Where nobody answers, a dial ends in time`() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let silent = try await DatagramBootstrap(group: group).bind(host: "127.0.0.1", port: 0).get()
        let port = UInt16(try #require(silent.localAddress?.port))
        let there = Endpoint(address: .v4(IPv4Address(127, 0, 0, 1)), transport: .udp, port: port)
        var options = Node.DialOptions()
        options.timeout = .milliseconds(50)
        let dialer = Node(identity: NodeIdentity(), group: group)
        await #expect(throws: DialError.timeout) { try await dialer.dial(nil, at: [there], options) }
        try await silent.close()
    }

    @Test func `A full node takes no more`() async throws {
        try await withNodes(at: "127.0.0.1", { $0.maximumConnections = 1 }) { node, dialer, endpoints in
            for transport in TransportProtocol.allCases {
                let there = endpoints.filter { $0.transport == transport }
                let link = try await dialer.dial(nil, at: there)
                var options = Node.DialOptions()
                options.timeout = .milliseconds(300)
                await #expect(throws: DialError.self) { try await dialer.dial(nil, at: there, options) }
                await link.close()
            }
            #expect(node.statistics.snapshot.full >= 2)
            #expect(node.statistics.snapshot.handshakes == 2)
        }
    }
}
