// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Sentinel
import Testing

/// A test for each sentence of the documentation of go-libp2p's `ConnManager`, in its order.
@Suite(.timeLimit(.minutes(1))) struct ConnManagerDocumentationTests {
    let node: ConnManagerHarness
    let peers: [PeerID]
    var manager: any ConnManager { node.manager }

    init() throws {
        node = try ConnManagerHarness(low: 2, high: 4)
        peers = try numberedPeers(8)
    }

    // MARK: Package

    @Test func `Package connmgr provides connection tracking and management interfaces for libp2p`() throws {
        let first = node.connect(peers[0])
        for peer in peers[1...3] { node.connect(peer) }
        #expect(manager.tagInfo(peers[0])?.connections.keys.first == first.id)
        manager.notifiee.disconnected(first)
        #expect(manager.tagInfo(peers[0]) == nil)
        #expect(node.manager.connectionCount == 3)
        manager.trimOpenConnections()
        #expect(node.manager.connectionCount == 2)
        #expect(node.closedPeers == [peers[3]])
        #expect(manager.tagInfo(peers[3]) == nil)
    }

    @Test
    func `The interface allows libp2p to enforce an upper bound on the total number of open connections`() {
        for peer in peers {
            node.connect(peer)
            node.around.pass(10_000)
            node.manager.performDueWork()
            #expect(node.manager.connectionCount <= 4)
        }
        #expect(!node.around.closed.isEmpty)
    }

    @Test
    func `Connections can be tagged and optionally protected so that essential ones are not arbitrarily cut`()
    {
        for peer in peers { node.connect(peer) }
        manager.protect(peers[0], "essential")
        manager.tagPeer(peers[1], "useful", weight: 10)
        manager.tagPeer(peers[2], "useful", weight: 20)
        manager.trimOpenConnections()
        #expect(Set(node.closedPeers) == Set(peers[3...]))
    }

    // MARK: ConnManager

    @Test func `TagPeer tags a peer with a string, associating a weight with the tag`() {
        manager.tagPeer(peers[0], "tag", weight: 5)
        manager.tagPeer(peers[0], "other", weight: -2)
        manager.tagPeer(peers[0], "tag", weight: 7)
        #expect(manager.tagInfo(peers[0])?.tags == ["tag": 7, "other": -2])
        #expect(manager.tagInfo(peers[0])?.value == 5)
    }

    @Test func `Untag removes the tagged value from the peer`() {
        manager.tagPeer(peers[0], "tag", weight: 5)
        manager.tagPeer(peers[0], "other", weight: 3)
        manager.untagPeer(peers[0], "tag")
        manager.untagPeer(peers[0], "no such tag")
        #expect(manager.tagInfo(peers[0])?.tags == ["other": 3])
        #expect(manager.tagInfo(peers[0])?.value == 3)
    }

    @Test func `UpsertTag updates an existing tag or inserts a new one`() {
        manager.upsertTag(peers[0], "tag") { $0 + 1 }
        #expect(manager.tagInfo(peers[0])?.tags == ["tag": 1])
        manager.upsertTag(peers[0], "tag") { $0 + 1 }
        #expect(manager.tagInfo(peers[0])?.tags == ["tag": 2])
    }

    @Test
    func `It calls the upsert function supplying the current value of the tag (or zero if inexistent)`() {
        var supplied: [Int] = []
        manager.tagPeer(peers[0], "other", weight: 100)
        for _ in 0..<3 {
            manager.upsertTag(peers[0], "tag") { value in
                supplied.append(value)
                return value + 10
            }
        }
        #expect(supplied == [0, 10, 20])
    }

    @Test func `The return value is used as the new value of the tag`() {
        manager.tagPeer(peers[0], "tag", weight: 3)
        manager.upsertTag(peers[0], "tag") { _ in -40 }
        #expect(manager.tagInfo(peers[0])?.tags == ["tag": -40])
        #expect(manager.tagInfo(peers[0])?.value == -40)
    }

    @Test
    func `GetTagInfo returns the metadata of the peer, or nil if no metadata has been recorded for it`() {
        #expect(manager.tagInfo(peers[0]) == nil)
        manager.protect(peers[0], "protected only")
        #expect(manager.tagInfo(peers[0]) == nil)
        manager.tagPeer(peers[0], "tag", weight: 1)
        #expect(manager.tagInfo(peers[0])?.value == 1)
        #expect(manager.tagInfo(peers[1]) == nil)
    }

    @Test
    func `TrimOpenConns terminates open connections based on an implementation-defined heuristic`() {
        for (weight, peer) in peers.enumerated() {
            manager.tagPeer(peer, "worth", weight: weight * 3 % 8)
            node.connect(peer)
        }
        manager.trimOpenConnections()
        let byWorth = peers.indices.sorted { $0 * 3 % 8 < $1 * 3 % 8 }.map { peers[$0] }
        #expect(node.closedPeers == Array(byWorth.dropLast(2)))
        #expect(node.around.reasons == [.garbageCollected])
    }

    @Test
    func
        `Notifee returns an implementation that can be called back to inform of connections`()
    {
        let connection = node.connection(peers[0])
        manager.notifiee.connected(connection)
        #expect(node.manager.connectionCount == 1)
        manager.notifiee.disconnected(connection)
        #expect(node.manager.connectionCount == 0)
    }

    @Test func `Protect protects a peer from having its connection(s) pruned`() {
        manager.protect(peers[0], "tag")
        for _ in 0..<3 { node.connect(peers[0]) }
        for peer in peers[1...] { node.connect(peer) }
        manager.trimOpenConnections()
        node.manager.trimUnderMemoryPressure()
        #expect(!node.closedPeers.contains(peers[0]))
        #expect(Set(node.closedPeers) == Set(peers[1...]))
    }

    @Test
    func `Tagging allows different parts of the system to manage protections without interfering`() {
        manager.protect(peers[0], "one part")
        manager.protect(peers[0], "another part")
        manager.unprotect(peers[0], "one part")
        #expect(manager.isProtected(peers[0], "another part"))
        #expect(!manager.isProtected(peers[0], "one part"))
        #expect(manager.isProtected(peers[0], nil))
    }

    @Test func `Calls to Protect() with the same tag are idempotent`() {
        manager.protect(peers[0], "tag")
        manager.protect(peers[0], "tag")
        #expect(manager.isProtected(peers[0], "tag"))
        #expect(node.around.protectionChanges.count == 1)
    }

    @Test func `They are not refcounted, so a single Unprotect() call will revoke the protection`() {
        for _ in 0..<5 { manager.protect(peers[0], "tag") }
        #expect(!manager.unprotect(peers[0], "tag"))
        #expect(!manager.isProtected(peers[0], nil))
    }

    @Test
    func `Unprotect removes a protection that may have been placed on a peer, under the specified tag`() {
        manager.protect(peers[0], "tag")
        manager.unprotect(peers[0], "another tag")
        #expect(manager.isProtected(peers[0], "tag"))
        manager.unprotect(peers[0], "tag")
        #expect(!manager.isProtected(peers[0], "tag"))
        #expect(!manager.unprotect(peers[1], "tag"))
    }

    @Test
    func `The return value indicates whether the peer continues to be protected, by way of a different tag`()
    {
        manager.protect(peers[0], "one")
        manager.protect(peers[0], "two")
        #expect(manager.unprotect(peers[0], "three"))
        #expect(manager.unprotect(peers[0], "one"))
        #expect(!manager.unprotect(peers[0], "two"))
        #expect(!manager.unprotect(peers[0], "two"))
    }

    @Test
    func `IsProtected is true if the peer is protected for some tag, or without one for any tag`() {
        manager.protect(peers[0], "tag")
        #expect(manager.isProtected(peers[0], "tag"))
        #expect(!manager.isProtected(peers[0], "another"))
        #expect(manager.isProtected(peers[0], nil))
        #expect(!manager.isProtected(peers[1], nil))
    }

    @Test func `Close closes the connection manager and stops background processes`() async throws {
        let slept = AsyncStream.makeStream(of: Void.self)
        let manager = node.manager
        let running = Task {
            await manager.run { _ in
                slept.continuation.yield()
                try await Task.sleep(for: .seconds(86_400))
            }
        }
        for await _ in slept.stream { break }
        manager.close()
        await running.value
        for peer in peers { node.connect(peer) }
        manager.performDueWork()
        #expect(node.around.closed.isEmpty)
    }

    @Test
    func `ConnManager tracks connections to peers, and allows consumers to associate metadata with each`() {
        let connection = node.connect(peers[0])
        manager.tagPeer(peers[0], "mine", weight: 4)
        manager.tagPeer(peers[1], "mine", weight: 5)
        #expect(manager.tagInfo(peers[0])?.tags == ["mine": 4])
        #expect(manager.tagInfo(peers[0])?.connections.keys.first == connection.id)
        #expect(manager.tagInfo(peers[1])?.tags == ["mine": 5])
        #expect(manager.tagInfo(peers[1])?.connections == [:])
    }

    @Test func `It enables connections to be trimmed based on implementation-defined heuristics`() {
        node.connect(peers[0], .outbound, streams: 1)
        node.connect(peers[1], .inbound, streams: 1)
        node.connect(peers[2], .outbound, streams: 0)
        node.connect(peers[3], .outbound, streams: 2)
        manager.trimOpenConnections()
        #expect(node.closedPeers == [peers[2], peers[1]])
    }

    @Test func `The ConnManager allows libp2p to enforce an upper bound, by a trim at any time`() {
        for peer in peers[..<3] { node.connect(peer) }
        manager.trimOpenConnections()
        #expect(node.manager.connectionCount == 2)
    }

    @Test func `ConnManagers tend to be passive: they refuse and close nothing of themselves`() {
        for peer in peers { node.connect(peer) }
        #expect(node.manager.connectionCount == peers.count)
        #expect(node.around.closed.isEmpty)
    }

    @Test func `ConnManagers supporting decaying tags implement Decayer`() throws {
        let decayer = try #require(manager as? any Decayer)
        let tag = try decayer.registerDecayingTag(
            "tag", interval: .seconds(1), decay: .none, bump: .sumUnbounded)
        tag.bump(peers[0], by: 3)
        #expect(manager.tagInfo(peers[0])?.tags == ["tag": 3])
    }

    @Test func `CheckLimit errs if the connection limit exceeds the provided system limit`() throws {
        try node.manager.configuration.checkLimit(4)
        let error = #expect(throws: SentinelError.self) { try node.manager.configuration.checkLimit(3) }
        #expect(error?.code == .outOfRange)
        #expect(error?.element == "highWater")
    }

    // MARK: NullConnMgr

    @Test func `NullConnMgr is a ConnMgr that provides no functionality`() {
        let null: any ConnManager = NullConnManager()
        null.tagPeer(peers[0], "tag", weight: 1)
        null.protect(peers[0], "tag")
        null.notifiee.connected(node.connection(peers[0]))
        null.trimOpenConnections()
        #expect(null.tagInfo(peers[0]) == nil)
        #expect(!null.isProtected(peers[0], "tag"))
        #expect(!(null is any Decayer))
    }

    // MARK: TagInfo

    @Test func `TagInfo stores metadata associated with a peer`() {
        node.around.pass(7)
        manager.tagPeer(peers[0], "tag", weight: 9)
        #expect(manager.tagInfo(peers[0]) == TagInfo(firstSeen: at(7), value: 9, tags: ["tag": 9]))
        node.around.pass(5)
        let connection = node.connect(peers[0])
        #expect(
            manager.tagInfo(peers[0])
                == TagInfo(
                    firstSeen: at(12), value: 9, tags: ["tag": 9], connections: [connection.id: at(12)]))
    }

    @Test func `Tags maps tag ids to the numerical values`() {
        for weight in 1...5 { manager.tagPeer(peers[0], "tag \(weight)", weight: weight) }
        manager.untagPeer(peers[0], "tag 1")
        manager.tagPeer(peers[0], "tag 3", weight: 30)
        #expect(manager.tagInfo(peers[0])?.tags == ["tag 2": 2, "tag 3": 30, "tag 4": 4, "tag 5": 5])
    }

    @Test func `Conns maps connection ids to their creation time`() {
        let first = node.connect(peers[0])
        node.around.pass(100)
        let second = node.connect(peers[0])
        #expect(manager.tagInfo(peers[0])?.connections == [first.id: at(0), second.id: at(100)])
        #expect(manager.tagInfo(peers[0])?.firstSeen == at(0))
    }
}
