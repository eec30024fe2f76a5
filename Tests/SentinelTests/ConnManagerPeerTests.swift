// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import TestRandom
import Testing

@testable import Sentinel

/// What is remembered of peers, for how long, and of how many.
@Suite struct ConnManagerPeerTests {
    let peers: [PeerID]

    init() throws {
        peers = try numberedPeers(40)
    }

    // MARK: Notifications

    @Test func `A connection that is told of twice counts once`() throws {
        let node = try ConnManagerHarness()
        let connection = node.connect(peers[0])
        node.around.pass(5)
        node.manager.connected(connection)
        #expect(node.manager.connectionCount == 1)
        #expect(node.manager.tagInfo(peers[0])?.connections == [connection.id: at(0)])
        node.manager.disconnected(connection)
        #expect(node.manager.connectionCount == 0)
    }

    @Test func `The end of an unknown connection is harmless, and so is a second end`() throws {
        let node = try ConnManagerHarness()
        node.manager.disconnected(node.connection(peers[0]))
        let connection = node.connect(peers[0])
        node.manager.disconnected(node.connection(peers[0]))
        #expect(node.manager.connectionCount == 1)
        node.manager.disconnected(connection)
        node.manager.disconnected(connection)
        #expect(node.manager.connectionCount == 0)
    }

    @Test func `A connection whose peer isn't known is left alone`() throws {
        let node = try ConnManagerHarness()
        let nobody = Connection(
            id: .init(rawValue: 1), remote: RemotePeer(direction: .inbound, source: .handshake))
        node.manager.connected(nobody)
        #expect(node.manager.connectionCount == 0)
        node.manager.disconnected(nobody)
        #expect(node.manager.connectionCount == 0)
    }

    @Test func `What is known of a peer ends with its last connection, its protections don't`() throws {
        let node = try ConnManagerHarness()
        let first = node.connect(peers[0])
        let second = node.connect(peers[0])
        node.manager.tagPeer(peers[0], "tag", weight: 1)
        node.manager.protect(peers[0], "tag")
        node.manager.disconnected(first)
        #expect(node.manager.tagInfo(peers[0])?.value == 1)
        node.manager.disconnected(second)
        #expect(node.manager.tagInfo(peers[0]) == nil)
        #expect(node.manager.isProtected(peers[0], "tag"))
    }

    @Test func `Early tags become the connected peer's, who is first seen then`() throws {
        let node = try ConnManagerHarness(low: 1, grace: .milliseconds(100))
        node.manager.tagPeer(peers[0], "early", weight: 20)
        node.manager.tagPeer(peers[1], "early", weight: 30)
        node.manager.protect(peers[1], "and protected")
        node.around.pass(200)
        for peer in peers[..<2] {
            node.connect(peer)
            #expect(node.manager.tagInfo(peer)?.firstSeen == at(200))
        }
        #expect(node.manager.tagInfo(peers[0])?.tags == ["early": 20])
        #expect(node.manager.tagInfo(peers[1])?.tags == ["early": 30])
    }

    // MARK: Waiting peers

    @Test func `A trim forgets peers that have waited for longer than the grace period`() throws {
        let node = try ConnManagerHarness(low: 1, grace: .milliseconds(100))
        node.manager.tagPeer(peers[0], "tag", weight: 20)
        for peer in peers[3..<5] { node.connect(peer) }
        node.manager.protect(peers[1], "tag")
        node.manager.tagPeer(peers[1], "tag", weight: 1)
        node.around.pass(50)
        node.manager.tagPeer(peers[2], "tag", weight: 1)
        node.around.pass(50)
        node.manager.trimOpenConnections()
        #expect(node.around.closed.count == 1)
        #expect(node.manager.tagInfo(peers[0]) == nil)
        #expect(node.manager.tagInfo(peers[1])?.value == 1)
        #expect(node.manager.tagInfo(peers[2])?.value == 1)
    }

    @Test func `A trim that has nothing to close forgets nobody, an emergency does`() throws {
        let node = try ConnManagerHarness(low: 1, grace: .milliseconds(100))
        node.manager.tagPeer(peers[0], "tag", weight: 20)
        node.connect(peers[1])
        node.around.pass(100)
        node.manager.trimOpenConnections()
        #expect(node.manager.tagInfo(peers[0])?.value == 20)
        node.manager.trimUnderMemoryPressure()
        #expect(node.manager.tagInfo(peers[0]) == nil)
        #expect(node.around.closed.isEmpty)
    }

    @Test func `A peer that isn't connected is forgotten with its last tag`() throws {
        let node = try ConnManagerHarness()
        let tag = try node.manager.registerDecayingTag(
            "decaying", interval: .seconds(1), decay: .none, bump: .sumUnbounded)
        for (peer, isProtected) in [(peers[0], false), (peers[1], true)] {
            if isProtected { node.manager.protect(peer, "tag") }
            node.manager.tagPeer(peer, "tag", weight: 1)
            tag.bump(peer, by: 1)
            node.manager.untagPeer(peer, "tag")
            #expect(node.manager.tagInfo(peer)?.value == 1)
            tag.remove(from: peer)
            #expect(node.manager.tagInfo(peer) == nil)
            node.manager.untagPeer(peer, "tag")
            #expect(node.manager.tagInfo(peer) == nil)
        }
        node.connect(peers[2])
        node.manager.tagPeer(peers[2], "tag", weight: 1)
        node.manager.untagPeer(peers[2], "tag")
        #expect(node.manager.tagInfo(peers[2])?.tags == [:])
    }

    // MARK: Capacity

    @Test func `Beyond the capacity those of the lowest value are forgotten`() throws {
        let node = try ConnManagerHarness(capacity: 16, segments: 1)
        for (index, peer) in peers[..<16].enumerated() {
            node.manager.tagPeer(peer, "tag", weight: index * 5 % 16)
        }
        node.manager.tagPeer(peers[16], "tag", weight: -5)
        let forgotten = peers[..<17].filter { node.manager.tagInfo($0) == nil }
        // An eighth: those whose values are 0 and 1.
        #expect(Set(forgotten) == [peers[0], peers[13]])
    }

    @Test func `Of those of the same value, the ones first seen are forgotten`() throws {
        let node = try ConnManagerHarness(capacity: 16, segments: 1)
        for peer in peers {
            node.manager.tagPeer(peer, "tag", weight: 1)
            node.around.pass(1)
        }
        let left = peers.filter { node.manager.tagInfo($0) != nil }
        #expect(left.count <= 16)
        #expect(left == Array(peers.suffix(left.count)))
    }

    @Test func `Of those alike in everything only as many are forgotten as need be`() throws {
        let node = try ConnManagerHarness(capacity: 16, segments: 1)
        for peer in peers[..<17] { node.manager.tagPeer(peer, "tag", weight: 1) }
        #expect(peers[..<17].count { node.manager.tagInfo($0) != nil } == 15)
        #expect(node.manager.tagInfo(peers[16]) != nil)
    }

    @Test func `Neither the connected nor the protected are forgotten, nor do they take room`() throws {
        let node = try ConnManagerHarness(capacity: 2, segments: 1)
        for peer in peers[..<10] {
            node.connect(peer)
            node.manager.tagPeer(peer, "tag", weight: -10)
        }
        for peer in peers[10..<20] {
            node.manager.protect(peer, "tag")
            node.manager.tagPeer(peer, "tag", weight: -10)
        }
        for peer in peers[20..<22] { node.manager.tagPeer(peer, "tag", weight: 1) }
        #expect(peers[..<22].allSatisfy { node.manager.tagInfo($0) != nil })
        for peer in peers[22...] { node.manager.tagPeer(peer, "tag", weight: 1) }
        #expect(peers[..<20].allSatisfy { node.manager.tagInfo($0) != nil })
        #expect(peers[20...].count { node.manager.tagInfo($0) != nil } == 2)
    }

    @Test func `Who loses the last protection waits, with its tags, and takes room`() throws {
        let node = try ConnManagerHarness(capacity: 1, segments: 1)
        node.manager.protect(peers[0], "tag")
        node.manager.tagPeer(peers[0], "tag", weight: 3)
        node.manager.tagPeer(peers[1], "tag", weight: 1)
        node.manager.unprotect(peers[0], "tag")
        #expect(node.manager.tagInfo(peers[0])?.value == 3)
        #expect(node.manager.tagInfo(peers[1]) == nil)
        node.manager.tagPeer(peers[2], "tag", weight: 1)
        #expect(node.manager.tagInfo(peers[0]) == nil)
    }

    @Test func `The capacity is shared out, rounded up`() throws {
        let node = try ConnManagerHarness(capacity: 9, segments: 4)
        for number in 100..<400 as Range<UInt64> {
            node.manager.tagPeer(try numberedPeer(number), "tag", weight: 1)
        }
        #expect(node.manager.segments.all.map { $0.peers.withLock { $0.waiting.count } } == [3, 3, 3, 3])
    }

    @Test func `Peers whose ids end alike are spread over the segments`() throws {
        let node = try ConnManagerHarness()
        for number in 0..<2560 as Range<UInt64> {
            var generator = Seeded(number)
            let peer = try PeerID(bytes: [0x12, 0x20] + generator.bytes(30) + [7, 7])
            node.manager.tagPeer(peer, "tag", weight: 1)
        }
        let counts = node.manager.segments.all.map { $0.peers.withLock { $0.waiting.count } }
        #expect(counts.reduce(0, +) == 2560)
        #expect((counts.max() ?? 0) < 40)
    }

    // MARK: Configuration

    @Test func `What is out of range is refused by its name`() {
        func refused(_ make: () throws -> BasicConnManager.Configuration) -> String? {
            let error = #expect(throws: SentinelError.self) { _ = try make() }
            #expect(error?.code == .outOfRange)
            return error?.element
        }
        #expect(refused { try .init(lowWater: -1, highWater: 1) } == "lowWater")
        #expect(refused { try .init(lowWater: 0, highWater: -1) } == "highWater")
        #expect(refused { try .init(lowWater: 3, highWater: 2) } == "lowWater")
        #expect(refused { try .init(lowWater: 1, highWater: 2, gracePeriod: .seconds(-1)) } == "gracePeriod")
        #expect(
            refused { try .init(lowWater: 1, highWater: 2, silencePeriod: .nanoseconds(-1)) }
                == "silencePeriod")
        #expect(
            refused { try .init(lowWater: 1, highWater: 2, decayResolution: .zero) } == "decayResolution")
        #expect(
            refused { try .init(lowWater: 1, highWater: 2, waitingCapacity: 0) } == "waitingCapacity")
    }

    @Test func `The defaults are those of Go`() throws {
        let configuration = try BasicConnManager.Configuration(lowWater: 160, highWater: 192)
        #expect(configuration.gracePeriod == .seconds(60))
        #expect(configuration.silencePeriod == .seconds(10))
        #expect(configuration.decayResolution == .seconds(60))
        #expect(configuration.tickInterval == .seconds(1))
    }
}

/// Who is told of protections, and in which order.
@Suite struct ConnManagerProtectionTests {
    @Test func `The first protection and the end of the last one are told`() throws {
        let node = try ConnManagerHarness()
        let peer = try numberedPeer(1)
        node.manager.protect(peer, "one")
        node.manager.protect(peer, "two")
        node.manager.unprotect(peer, "one")
        #expect(node.around.protectionChanges == [.init(peer: peer, isProtected: true)])
        node.manager.unprotect(peer, "two")
        node.manager.unprotect(peer, "two")
        #expect(
            node.around.protectionChanges == [
                .init(peer: peer, isProtected: true), .init(peer: peer, isProtected: false),
            ])
    }

    @Test func `The observer may make changes, which are told after the one it is told`() throws {
        let peer = try numberedPeer(1)
        let other = try numberedPeer(2)
        let told = Guarded<[ConnManagerSurroundings.ProtectionChange]>([])
        let held = Guarded<BasicConnManager?>(nil)
        let manager = BasicConnManager(
            try .init(lowWater: 1, highWater: 2), clock: { at(0) },
            protectionChanged: { changed, isProtected in
                if changed == peer && isProtected {
                    let manager = held.withLock { $0 }
                    manager?.protect(other, "too")
                    manager?.unprotect(peer, "tag")
                }
                told.withLock { $0.append(.init(peer: changed, isProtected: isProtected)) }
            }, close: { _, _ in })
        held.withLock { $0 = manager }
        manager.protect(peer, "tag")
        #expect(
            told.withLock { $0 } == [
                .init(peer: peer, isProtected: true), .init(peer: other, isProtected: true),
                .init(peer: peer, isProtected: false),
            ])
        held.withLock { $0 = nil }
    }

    @Test func `Of threads that protect and unprotect at once, all changes are told in turn`() async throws {
        let node = try ConnManagerHarness()
        let peers = try numberedPeers(4)
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    for round in 0..<200 {
                        node.manager.protect(peers[(worker + round) % 4], "tag")
                        node.manager.unprotect(peers[(worker + round) % 4], "tag")
                    }
                }
            }
        }
        for peer in peers {
            let changes = node.around.protectionChanges.filter { $0.peer == peer }.map(\.isProtected)
            #expect(changes == changes.indices.map { $0.isMultiple(of: 2) })
            #expect(changes.last == false)
        }
    }
}
