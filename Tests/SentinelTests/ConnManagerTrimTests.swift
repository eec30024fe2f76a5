// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Sentinel
import Testing

@Suite struct ConnManagerTrimTests {
    let peers: [PeerID]

    init() throws {
        peers = try numberedPeers(12)
    }

    // MARK: Order

    @Test func `What has no stream open is closed before what has`() throws {
        let node = try ConnManagerHarness(low: 1)
        node.connect(peers[0], .inbound, streams: 1)
        node.connect(peers[1], .outbound, streams: 0)
        node.manager.trimOpenConnections()
        #expect(node.closedPeers == [peers[1]])
    }

    @Test func `Inbound is closed before outbound, and fewer streams before more`() throws {
        let node = try ConnManagerHarness(low: 1)
        node.connect(peers[0], .outbound, streams: 2)
        node.connect(peers[1], .inbound, streams: 9)
        node.connect(peers[2], .outbound, streams: 1)
        node.connect(peers[3], .inbound, streams: 7)
        node.manager.trimOpenConnections()
        #expect(node.closedPeers == [peers[3], peers[1], peers[2]])
    }

    @Test func `Of equals, the one seen last is closed first`() throws {
        let node = try ConnManagerHarness(low: 1)
        for index in [2, 0, 3, 1] {
            node.connect(peers[index])
            node.around.pass(1)
        }
        node.manager.trimOpenConnections()
        #expect(node.closedPeers == [peers[1], peers[3], peers[0]])
    }

    @Test func `Value comes before streams and direction`() throws {
        let node = try ConnManagerHarness(low: 1)
        node.connect(peers[0], .inbound, streams: 0)
        node.connect(peers[1], .outbound, streams: 100)
        node.manager.tagPeer(peers[0], "tag", weight: 1)
        node.manager.trimOpenConnections()
        #expect(node.closedPeers == [peers[1]])
    }

    @Test func `All connections of a peer are closed together`() throws {
        let node = try ConnManagerHarness(low: 2)
        for _ in 0..<3 { node.connect(peers[0]) }
        node.connect(peers[1])
        node.manager.tagPeer(peers[1], "tag", weight: 1)
        node.manager.trimOpenConnections()
        #expect(node.closedPeers == [peers[0], peers[0], peers[0]])
    }

    @Test func `Values beyond what a number can hold compare as they are`() throws {
        let node = try ConnManagerHarness(low: 1)
        for peer in peers[0...1] { node.connect(peer) }
        node.manager.tagPeer(peers[0], "a", weight: .max)
        node.manager.tagPeer(peers[0], "b", weight: .max)
        node.manager.tagPeer(peers[1], "a", weight: .min)
        node.manager.tagPeer(peers[1], "b", weight: .min)
        #expect(node.manager.tagInfo(peers[0])?.value == .max)
        #expect(node.manager.tagInfo(peers[1])?.value == .min)
        node.manager.trimOpenConnections()
        #expect(node.closedPeers == [peers[1]])
        node.manager.untagPeer(peers[0], "b")
        node.manager.tagPeer(peers[0], "a", weight: 3)
        #expect(node.manager.tagInfo(peers[0])?.value == 3)
    }

    // MARK: Marks

    @Test(arguments: [(0, 0), (0, 3)])
    func `With a mark of zero there is no trim but an emergency's`(low: Int, high: Int) throws {
        let node = try ConnManagerHarness(low: low, high: high)
        for peer in peers { node.connect(peer) }
        node.manager.trimOpenConnections()
        node.manager.performDueWork()
        #expect(node.around.closed.isEmpty)
        node.manager.trimUnderMemoryPressure()
        #expect(node.around.closed.count == peers.count)
    }

    @Test func `Nothing is trimmed of itself until the high mark is exceeded`() throws {
        let node = try ConnManagerHarness(low: 2, high: 4)
        for peer in peers[..<4] { node.connect(peer) }
        node.manager.performDueWork()
        #expect(node.around.closed.isEmpty)
        node.connect(peers[4])
        node.manager.performDueWork()
        #expect(node.manager.connectionCount == 2)
    }

    @Test func `The protected don't count towards the low mark`() throws {
        let node = try ConnManagerHarness(low: 2)
        for peer in peers { node.connect(peer) }
        for peer in peers[..<5] { node.manager.protect(peer, "tag") }
        node.manager.trimOpenConnections()
        #expect(node.manager.connectionCount == 7)
    }

    // MARK: Grace

    @Test func `Connections are spared until the grace period is over`() throws {
        let node = try ConnManagerHarness(low: 1, grace: .milliseconds(100))
        for peer in peers { node.connect(peer) }
        node.around.pass(99)
        node.manager.trimOpenConnections()
        #expect(node.around.closed.isEmpty)
        node.around.pass(1)
        node.manager.trimOpenConnections()
        #expect(node.manager.connectionCount == 1)
    }

    @Test func `A crowd of new connections doesn't displace the old ones`() throws {
        let node = try ConnManagerHarness(low: 2, grace: .milliseconds(100))
        for peer in peers[..<2] { node.connect(peer) }
        node.around.pass(100)
        for peer in peers[2...] { node.connect(peer) }
        node.manager.trimOpenConnections()
        #expect(node.around.closed.isEmpty)
    }

    @Test func `A peer's new connection has a grace period of its own`() throws {
        let node = try ConnManagerHarness(low: 1, grace: .milliseconds(100))
        let old = node.connect(peers[0])
        node.connect(peers[1])
        node.manager.tagPeer(peers[1], "tag", weight: 1)
        node.around.pass(100)
        let new = node.connect(peers[0])
        node.manager.trimOpenConnections()
        #expect(node.around.closed == [old])
        #expect(node.manager.tagInfo(peers[0])?.connections == [new.id: at(100)])
    }

    // MARK: Silence

    @Test func `After a trim none comes of itself until the silence period is over`() throws {
        let node = try ConnManagerHarness(low: 1, high: 2, silence: .milliseconds(500))
        for peer in peers[..<3] { node.connect(peer) }
        node.manager.performDueWork()
        #expect(node.manager.connectionCount == 1)
        for peer in peers[3..<6] { node.connect(peer) }
        node.around.pass(499)
        node.manager.performDueWork()
        #expect(node.manager.connectionCount == 4)
        node.around.pass(1)
        node.manager.performDueWork()
        #expect(node.manager.connectionCount == 1)
    }

    @Test func `The silence period holds up neither what is asked for nor an emergency`() throws {
        let node = try ConnManagerHarness(low: 1, high: 2, silence: .seconds(3600))
        for peer in peers[..<3] { node.connect(peer) }
        #expect(node.manager.lastTrim == nil)
        node.manager.trimOpenConnections()
        #expect(node.manager.lastTrim == at(0))
        for peer in peers[3..<6] { node.connect(peer) }
        node.manager.trimOpenConnections()
        #expect(node.manager.connectionCount == 1)
        for peer in peers[6..<9] { node.connect(peer) }
        node.around.pass(20)
        node.manager.trimUnderMemoryPressure()
        #expect(node.manager.connectionCount == 1)
        #expect(node.manager.lastTrim == at(20))
    }

    @Test func `A trim that found nothing to close begins a silence period as well`() throws {
        let node = try ConnManagerHarness(
            low: 1, high: 2, grace: .milliseconds(100), silence: .milliseconds(500))
        for peer in peers[..<3] { node.connect(peer) }
        node.manager.performDueWork()
        node.around.pass(499)
        node.manager.performDueWork()
        #expect(node.around.closed.isEmpty)
        node.around.pass(1)
        node.manager.performDueWork()
        #expect(node.manager.connectionCount == 1)
    }

    // MARK: Emergency

    @Test func `An emergency ignores the grace period, and closes down to the low mark`() throws {
        let node = try ConnManagerHarness(low: 2, grace: .seconds(3600))
        for peer in peers { node.connect(peer) }
        node.manager.trimUnderMemoryPressure()
        #expect(node.manager.connectionCount == 2)
        #expect(node.around.reasons == [.garbageCollected])
    }

    @Test func `An emergency counts the protected, and never closes them`() throws {
        let node = try ConnManagerHarness(low: 3)
        for peer in peers { node.connect(peer) }
        for peer in peers[..<2] { node.manager.protect(peer, "tag") }
        node.manager.trimUnderMemoryPressure()
        #expect(node.manager.connectionCount == 3)
        for peer in peers[2..<6] { node.manager.protect(node.connect(peer).remote.id ?? peer, "tag") }
        node.connect(peers[9])
        node.manager.trimUnderMemoryPressure()
        #expect(Set(node.closedPeers).isDisjoint(with: peers[..<2]))
        #expect(node.closedPeers.contains(peers[9]))
        #expect(node.manager.connectionCount >= 6)
    }

    @Test func `In an emergency more streams come before fewer, but none still before any`() throws {
        let node = try ConnManagerHarness(low: 1)
        node.connect(peers[0], streams: 1)
        node.connect(peers[1], streams: 5)
        node.connect(peers[2], streams: 0)
        node.manager.trimUnderMemoryPressure()
        #expect(node.closedPeers == [peers[2], peers[1]])
    }

    @Test func `An emergency with few connections closes none`() throws {
        let node = try ConnManagerHarness(low: 3)
        for peer in peers[..<3] { node.connect(peer) }
        node.manager.trimUnderMemoryPressure()
        #expect(node.around.closed.isEmpty)
    }
}

/// What happens while a trim is underway.
@Suite struct ConnManagerDuringTrimTests {
    let node: ConnManagerHarness
    let peers: [PeerID]

    init() throws {
        node = try ConnManagerHarness(low: 1)
        peers = try numberedPeers(4)
        for peer in peers {
            node.connect(peer)
            node.around.pass(1)
        }
    }

    @Test func `Closing is called outside of locks, and may ask for a trim`() {
        let manager = node.manager
        let peers = peers
        node.around.onClose { connection in
            for peer in peers { manager.tagPeer(peer, "seen", weight: 1) }
            manager.trimOpenConnections()
            manager.disconnected(connection)
        }
        manager.trimOpenConnections()
        #expect(node.closedPeers == [peers[3], peers[2], peers[1]])
    }

    @Test func `A peer that is protected while a trim is underway is spared`() {
        let manager = node.manager
        let peers = peers
        node.around.onClose { connection in
            manager.disconnected(connection)
            manager.protect(peers[2], "just now")
        }
        manager.trimOpenConnections()
        #expect(node.closedPeers == [peers[3], peers[1]])
    }

    @Test func `A connection that ends while a trim is underway isn't closed, the peer's others are`() {
        let manager = node.manager
        let ending = node.connect(peers[2])
        let staying = node.connect(peers[2])
        node.around.onClose { connection in
            manager.disconnected(connection)
            manager.disconnected(ending)
        }
        manager.trimOpenConnections()
        #expect(node.closedPeers == [peers[3], peers[2], peers[2], peers[1]])
        #expect(node.around.closed.contains(staying))
        #expect(!node.around.closed.contains(ending))
        #expect(manager.connectionCount == 1)
    }
}
