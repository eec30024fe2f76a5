// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Sentinel
import SentinelProtocol
import Synchronization
import Testing

@testable import SentinelClient

@Suite(.timeLimit(.minutes(1)))
struct KernelGaterTests {
    private static let address = "/ip4/203.0.113.7/tcp/4001"

    private static func addresses() throws -> ConnectionAddresses {
        ConnectionAddresses(local: nil, remote: try Multiaddr(parsing: address), source: .handshake)
    }

    @Test
    func `each check is answered as the wrapped gater does`() async throws {
        let peer = try peer(1)
        try await Fixture.run { fixture in
            for answer in [nil, Reason.rate] {
                let gater = KernelGater(wrapping: Fixed(reason: answer), handOver: fixture.handOver)
                let remote = try Multiaddr(parsing: Self.address)
                let addresses = try Self.addresses()
                let connection = Connection(
                    id: .init(rawValue: 1),
                    remote: RemotePeer(id: peer, addresses: addresses, direction: .outbound))
                #expect(gater.interceptPeerDial(peer) == gater.wrapped.interceptPeerDial(peer))
                #expect(
                    gater.interceptAddressDial(peer, remote)
                        == gater.wrapped.interceptAddressDial(peer, remote))
                #expect(gater.interceptAccept(addresses) == gater.wrapped.interceptAccept(addresses))
                #expect(
                    gater.interceptSecured(.inbound, peer, addresses)
                        == gater.wrapped.interceptSecured(.inbound, peer, addresses))
                #expect(gater.interceptUpgraded(connection) == gater.wrapped.interceptUpgraded(connection))
            }
        }
    }

    @Test
    func `what becomes of streams is told to the wrapped one`() async throws {
        let peer = try peer(1)
        let addresses = try Self.addresses()
        try await Fixture.run { fixture in
            let limits = try StreamLimits(name: "streams", limits: [.git: .init(open: 1)])
            let sentinel = try PolicySentinel([limits], clock: { MonotonicInstant(nanoseconds: 0) })
            let gater = KernelGater(wrapping: sentinel, handOver: fixture.handOver)
            let remote = RemotePeer(id: peer, addresses: addresses, direction: .inbound)
            gater.streamOpened(remote, .git)
            #expect(!gater.allowStream(remote, .git).isAllowed)
            gater.streamClosed(remote, .git)
            #expect(gater.allowStream(remote, .git).isAllowed)
        }
    }

    @Test
    func `of a gater's denials those before the handshake are handed over`() async throws {
        let peer = try peer(1)
        try await Fixture.run { _ in
        } before: { fixture in
            let gater = KernelGater(wrapping: Fixed(reason: .rate), handOver: fixture.handOver)
            let addresses = try Self.addresses()
            _ = gater.interceptSecured(.inbound, peer, addresses)
            _ = gater.interceptUpgraded(
                Connection(
                    id: .init(rawValue: 1),
                    remote: RemotePeer(id: peer, addresses: addresses, direction: .inbound)))
            #expect(gater.statistics == HandOver.Statistics())
            _ = gater.interceptAccept(addresses)
            _ = gater.interceptAddressDial(peer, try Multiaddr(parsing: "/ip4/203.0.113.8/udp/1/quic-v1"))
            _ = gater.interceptPeerDial(peer)
        } _: { fixture in
            #expect(await fixture.helper.nextSubjects() == ["203.0.113.7", "udp:203.0.113.8:1"])
        }
    }

    @Test
    func `a policy that keeps its denials in user space is obeyed`() async throws {
        try await Fixture.run { fixture async throws in
            let gater = KernelGater(
                wrapping: Fixed(reason: .rate, plane: .userSpace), handOver: fixture.handOver)
            let addresses = try Self.addresses()
            #expect(!gater.interceptAccept(addresses).isAllowed)
            #expect(fixture.statistics.enqueued == 0)
        }
    }

    @Test
    func `a sentinel's denials are handed over by their check`() async throws {
        let peer = try peer(1)
        try await Fixture.run { _ in
        } before: { fixture in
            var list = AccessList(name: "list", effect: .deny)
            try list.insert(.peer(peer), reason: .denyListed, now: MonotonicInstant(nanoseconds: 0))
            try list.insert(
                .address(.v4(IPv4Address(203, 0, 113, 7))), reason: .denyListed,
                now: MonotonicInstant(nanoseconds: 0))
            let gater = KernelGater(
                wrapping: try PolicySentinel([list], clock: fixture.time.timing.now),
                handOver: fixture.handOver)
            let remote = RemotePeer(id: peer, addresses: try Self.addresses(), direction: .unknown)
            #expect(!gater.allowConnection(remote).isAllowed)
            #expect(!gater.allowStream(remote, .gossip).isAllowed)
            #expect(gater.statistics.enqueued == 0)
            let inbound = RemotePeer(addresses: try Self.addresses(), direction: .inbound)
            #expect(!gater.allowConnection(inbound).isAllowed)
            let dial = RemotePeer(dialling: peer, at: try Multiaddr(parsing: "/ip4/203.0.113.8/tcp/1"))
            #expect(!gater.allowConnection(dial).isAllowed)
            #expect(!gater.allowConnection(RemotePeer(dialling: peer)).isAllowed)
        } _: { fixture in
            #expect(await fixture.helper.nextSubjects() == ["203.0.113.7", "tcp:203.0.113.8:1"])
        }
    }

    @Test
    func `a peer's endpoints are learned from dials, not from the ports it comes from`() async throws {
        let peer = try peer(1)
        try await Fixture.run { fixture in
            let dialling = KernelGater(wrapping: Fixed(reason: nil), handOver: fixture.handOver)
            let addresses = try Self.addresses()
            _ = dialling.interceptAddressDial(peer, try Multiaddr(parsing: "/ip4/203.0.113.8/tcp/1"))
            _ = dialling.interceptSecured(.inbound, peer, addresses)
            dialling.connected(
                Connection(
                    id: .init(rawValue: 1),
                    remote: RemotePeer(id: peer, addresses: addresses, direction: .inbound)))
            fixture.deny(peer)
            #expect(await fixture.helper.nextSubjects() == ["tcp:203.0.113.8:1"])
        }
    }

    @Test
    func `what is wrapped hears of connections once`() async throws {
        try await Fixture.run { fixture in
            let wrapped = Counting()
            let gater = KernelGater(wrapping: wrapped, handOver: fixture.handOver)
            let connection = Connection(
                id: .init(rawValue: 1),
                remote: RemotePeer(addresses: try Self.addresses(), direction: .inbound))
            gater.connected(connection)
            gater.disconnected(connection)
            #expect(wrapped.heard.withLock { $0 } == ["connected", "disconnected"])
        }
    }
}

/// Always answers the same.
private struct Fixed: ConnectionGater {
    var reason: Reason?
    var plane = Plane.kernel

    private func answer(_ check: Sentinel.Check) -> Decision {
        guard let reason else { return .allow }
        return .deny(Sentinel.Denial(at: check, by: "fixed", reason: reason, plane: plane))
    }

    func interceptPeerDial(_ peer: PeerID) -> Decision { answer(.peerDial) }
    func interceptAddressDial(_ peer: PeerID, _ address: Multiaddr) -> Decision { answer(.addressDial) }
    func interceptAccept(_ addresses: ConnectionAddresses) -> Decision { answer(.accept) }
    func interceptSecured(
        _ direction: Direction, _ peer: PeerID, _ addresses: ConnectionAddresses
    ) -> Decision { answer(.secured) }
    func interceptUpgraded(_ connection: Connection) -> (decision: Decision, reason: DisconnectReason) {
        (answer(.upgraded), reason == nil ? .none : .rateLimited)
    }
}

/// Writes down what it hears.
private final class Counting: Notifiee {
    let heard = Mutex<[String]>([])

    func connected(_ connection: Connection) { heard.withLock { $0.append("connected") } }
    func disconnected(_ connection: Connection) { heard.withLock { $0.append("disconnected") } }
}
