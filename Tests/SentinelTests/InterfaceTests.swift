// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Sentinel
import Synchronization
import Testing

/// Notes what it is asked, and answers as it is told.
private final class RecordingGater: ConnectionGater {
    private let calls = Mutex<[String]>([])
    private let denied: Check?

    init(denying denied: Check? = nil) {
        self.denied = denied
    }

    var log: [String] { calls.withLock { $0 } }

    private func answer(_ check: Check) -> Decision {
        calls.withLock { $0.append("\(check)") }
        return check == denied ? .deny(Denial(at: check, by: "recorder", reason: .rate)) : .allow
    }

    func interceptPeerDial(_ peer: PeerID) -> Decision { answer(.peerDial) }
    func interceptAddressDial(_ peer: PeerID, _ address: Multiaddr) -> Decision { answer(.addressDial) }
    func interceptAccept(_ addresses: ConnectionAddresses) -> Decision { answer(.accept) }
    func interceptSecured(
        _ direction: Direction, _ peer: PeerID, _ addresses: ConnectionAddresses
    ) -> Decision { answer(.secured) }
    func interceptUpgraded(_ connection: Connection) -> (decision: Decision, reason: DisconnectReason) {
        (answer(.upgraded), .none)
    }
}

/// Notes whom it is asked about, and denies every peer that it knows by id.
private final class RecordingSentinel: ConnectionSentinel {
    private let asked = Mutex<[RemotePeer]>([])
    private let told = Mutex<[RemotePeer]>([])

    var questions: [RemotePeer] { asked.withLock { $0 } }
    var notices: [RemotePeer] { told.withLock { $0 } }

    func allowConnection(_ peer: RemotePeer) -> Decision {
        asked.withLock { $0.append(peer) }
        guard peer.direction == .inbound, peer.id != nil else { return .allow }
        return .deny(Denial(at: .accept, by: "recorder", reason: .denyListed))
    }

    func allowStream(_ peer: RemotePeer, _ type: StreamType) -> Decision { .allow }
    func connectionEstablished(_ peer: RemotePeer) { told.withLock { $0.append(peer) } }
    func streamOpened(_ peer: RemotePeer, _ type: StreamType) {}
}

@Suite struct AdapterTests {
    let peer: PeerID
    let address: Multiaddr
    let addresses: ConnectionAddresses

    init() throws {
        peer = try PeerID(parsing: Peers.ed25519)
        address = try Multiaddr(parsing: "/ip4/203.0.113.7/tcp/4001")
        addresses = ConnectionAddresses(local: nil, remote: address, source: .handshake)
    }

    @Test func `A sentinel as a gater is asked before dials and on accept`() {
        let sentinel = RecordingSentinel()
        let gater = SentinelGater(sentinel)
        #expect(gater.interceptPeerDial(peer).isAllowed)
        #expect(gater.interceptAddressDial(peer, address).isAllowed)
        #expect(gater.interceptAccept(addresses).isAllowed)
        #expect(sentinel.questions.map(\.direction) == [.outbound, .outbound, .inbound])
        #expect(sentinel.questions.map(\.address) == [nil, address, address])
        #expect(sentinel.questions.map(\.id) == [peer, peer, nil])
    }

    @Test func `A sentinel's denial of an inbound peer that is known by then stays in user space`() throws {
        let gater = SentinelGater(RecordingSentinel())
        let denial = try #require(gater.interceptSecured(.inbound, peer, addresses).denial)
        #expect(denial.check == .secured)
        #expect(denial.plane == .userSpace)
    }

    @Test func `A sentinel isn't asked again about a dial that it has allowed`() {
        let sentinel = RecordingSentinel()
        #expect(SentinelGater(sentinel).interceptSecured(.outbound, peer, addresses).isAllowed)
        #expect(sentinel.questions.isEmpty)
    }

    @Test func `A sentinel is notified when a connection is established, and only then`() {
        let sentinel = RecordingSentinel()
        let gater = SentinelGater(sentinel)
        let remote = RemotePeer(id: peer, addresses: addresses, direction: .inbound)
        let connection = Connection(id: .init(rawValue: 1), remote: remote)
        #expect(gater.interceptUpgraded(connection).decision.isAllowed)
        #expect(sentinel.notices.isEmpty)
        gater.connected(connection)
        gater.disconnected(connection)
        #expect(sentinel.notices == [remote])
    }

    @Test func `A gater as a sentinel goes through the intercepts that apply`() {
        let gater = RecordingGater()
        let sentinel = GaterSentinel(gater)
        #expect(sentinel.allowConnection(RemotePeer(dialling: peer)).isAllowed)
        #expect(sentinel.allowConnection(RemotePeer(dialling: peer, at: address)).isAllowed)
        #expect(sentinel.allowConnection(RemotePeer(addresses: addresses, direction: .inbound)).isAllowed)
        #expect(
            sentinel.allowConnection(RemotePeer(id: peer, addresses: addresses, direction: .inbound))
                .isAllowed)
        #expect(
            sentinel.allowConnection(RemotePeer(id: peer, addresses: addresses, direction: .unknown))
                .isAllowed)
        #expect(
            gater.log == [
                "peer-dial", "peer-dial", "address-dial", "accept", "accept", "secured", "secured",
            ])
    }

    @Test(arguments: [Check.peerDial, .addressDial, .accept, .secured])
    func `A gater's denial is the sentinel's`(check: Check) {
        let sentinel = GaterSentinel(RecordingGater(denying: check))
        let remote =
            check.plane == .kernel && check != .accept
            ? RemotePeer(dialling: peer, at: address)
            : RemotePeer(id: peer, addresses: addresses, direction: .inbound)
        #expect(sentinel.allowConnection(remote).denial?.check == check)
    }

    @Test func `A gater has nothing against a stream`() {
        let sentinel = GaterSentinel(RecordingGater(denying: .stream))
        let remote = RemotePeer(id: peer, addresses: addresses, direction: .inbound)
        #expect(sentinel.allowStream(remote, .git).isAllowed)
    }
}

@Suite struct NullConnManagerTests {
    @Test func `It provides no functionality`() throws {
        let manager = NullConnManager()
        let peer = try PeerID(parsing: Peers.ed25519)
        manager.tagPeer(peer, "tag", weight: 5)
        manager.upsertTag(peer, "tag") { value in
            Issue.record("upsert was called with \(value)")
            return value
        }
        manager.protect(peer, "tag")
        #expect(manager.tagInfo(peer) == nil)
        #expect(!manager.isProtected(peer, "tag"))
        #expect(!manager.isProtected(peer, nil))
        #expect(!manager.unprotect(peer, "tag"))
        #expect(manager.notifiee is NoopNotifiee)
    }
}
