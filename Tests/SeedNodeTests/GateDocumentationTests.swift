// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import NIOPosix
import Sentinel
import Testing

@testable import SeedNode

/// What libp2p's documentation of the gater asks of a network, from end to end; what it promises of a gater is in
/// `ConnectionGaterDocumentationTests`.
@Suite struct GateDocumentationTests {
    @Test(
        """
        "Specific functions will be called throughout the process, to allow you to intercept the connection at that \
        stage."
        """, arguments: NodeTests.places)
    func everyStage(place: (String, TransportProtocol)) async throws {
        let (near, far) = (RecordingSentinel(), RecordingSentinel())
        let group = MultiThreadedEventLoopGroup.singleton
        let node = Node(identity: NodeIdentity(), gate: far.gate, group: group)
        let dialer = Node(identity: NodeIdentity(), gate: near.gate, group: group)
        let listener = try await node.listen(on: [try #require(IPAddress(place.0))], port: 0)
        let there = listener.endpoints.filter { $0.transport == place.1 }
        let link = try await dialer.dial(node.identity.peer, at: there)
        let echo = try await link.echo([1], on: try await link.open(.git), timeout: .seconds(5))
        #expect(echo == [1])
        // "InterceptAccept is called as soon as a transport listener receives an inbound connection request, before
        // any upgrade takes place. Transports who accept already secure and/or multiplexed connections (e.g. possibly
        // QUIC) MUST call this method regardless": on UDP as on TCP.
        let inbound: [RecordingSentinel.Event] = [
            .asked(.accept), .asked(.secured), .asked(.upgraded), .established, .askedStream(.git),
            .opened(.git),
        ]
        #expect(far.events == inbound)
        // "InterceptSecured is called for both inbound and outbound connections", and so is InterceptUpgraded.
        let outbound: [RecordingSentinel.Event] = [
            .asked(.peerDial), .asked(.addressDial), .asked(.secured), .asked(.upgraded), .established,
        ]
        #expect(near.events == outbound)
        await link.close()
        await listener.close()
    }

    @Test(
        """
        "This is called by the network.Network implementation after it has resolved the peer's addrs, and prior to \
        dialling each."
        """)
    func eachAddress() async throws {
        let gate = RecordingSentinel(denying: [.addressDial])
        let dialer = Node(
            identity: NodeIdentity(), gate: gate.gate, group: MultiThreadedEventLoopGroup.singleton)
        let nobody = (1...3).map {
            Endpoint(address: .v4(IPv4Address(127, 0, 0, 1)), transport: .tcp, port: UInt16($0))
        }
        await #expect(throws: DialError.denied(gate.denial(.addressDial))) {
            try await dialer.dial(NodeIdentity().peer, at: nobody)
        }
        let asked = [RecordingSentinel.Event](repeating: .asked(.addressDial), count: 3)
        #expect(gate.events == [.asked(.peerDial)] + asked)
    }
}
