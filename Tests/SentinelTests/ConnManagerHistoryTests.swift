// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Sentinel
import TestRandom
import Testing

/// What a connection manager should know, kept as plainly as can be.
private struct ConnManagerModel {
    struct Peer {
        var tags: [String: Int] = [:]
        var decaying: [String: Int] = [:]
        var connections: [Connection: MonotonicInstant] = [:]
        var protections: Set<String> = []
        var firstSeen: MonotonicInstant

        var value: Int { tags.values.reduce(0, +) + decaying.values.reduce(0, +) }
        var isKnown: Bool { !connections.isEmpty || !tags.isEmpty || !decaying.isEmpty }
    }

    var peers: [PeerID: Peer] = [:]

    mutating func change(_ peer: PeerID, now: MonotonicInstant, _ body: (inout Peer) -> Void) {
        var record = peers[peer] ?? Peer(firstSeen: now)
        if !record.isKnown { record.firstSeen = now }
        body(&record)
        peers[peer] = record
    }

    mutating func disconnect(_ connection: Connection, from peer: PeerID) {
        peers[peer]?.connections[connection] = nil
        if peers[peer]?.connections.isEmpty == true {
            peers[peer]?.tags = [:]
            peers[peer]?.decaying = [:]
        }
    }

    /// The connections that a trim may close.
    func closable(graceOver: (MonotonicInstant) -> Bool) -> [PeerID: [Connection]] {
        peers.filter { $0.value.protections.isEmpty }
            .mapValues { $0.connections.filter { graceOver($0.value) }.map(\.key) }
            .filter { !$0.value.isEmpty }
    }
}

/// One manager's random history, with the model beside it.
private struct ConnManagerHistory {
    static let grace: Int64 = 50
    static let low = 8

    let node: ConnManagerHarness
    let tag: any DecayingTag
    let peers: [PeerID]
    var model = ConnManagerModel()
    var random: Seeded
    var trimsThatClosed = 0

    init(seed: UInt64) throws {
        node = try ConnManagerHarness(low: Self.low, high: 12, grace: .milliseconds(Self.grace))
        tag = try node.manager.registerDecayingTag(
            "decaying", interval: .seconds(1), decay: .fixed(2), bump: .sumUnbounded)
        peers = try numberedPeers(24)
        random = Seeded(seed)
    }

    mutating func step() {
        let peer = peers.randomElement(using: &random) ?? peers[0]
        switch random.next() % 20 {
        case 0..<6: connect(peer)
        case 6..<8: disconnect(peer)
        case 8..<13: tag(peer)
        case 13: protect(peer)
        case 14: unprotect(peer)
        case 15: trim(emergency: false)
        case 16 where random.chance(30): trim(emergency: true)
        case 17: decay()
        default: node.around.pass(Int64(random.next() % 20))
        }
        check(peer)
    }

    private mutating func connect(_ peer: PeerID) {
        let connection = node.connect(
            peer, random.chance(50) ? .inbound : .outbound, streams: Int(random.next() % 3))
        let now = node.around.now
        model.change(peer, now: now) { record in
            if record.connections.isEmpty { record.firstSeen = now }
            record.connections[connection] = now
        }
    }

    private mutating func disconnect(_ peer: PeerID) {
        guard
            let connection = model.peers[peer]?.connections.keys.min(by: { $0.id.rawValue < $1.id.rawValue })
        else { return node.manager.disconnected(node.connection(peer)) }
        node.manager.disconnected(connection)
        model.disconnect(connection, from: peer)
    }

    private mutating func tag(_ peer: PeerID) {
        let name = ["one", "two", "three"].randomElement(using: &random) ?? "one"
        let weight = Int(random.next() % 9) - 3
        let now = node.around.now
        switch random.next() % 4 {
        case 0:
            node.manager.tagPeer(peer, name, weight: weight)
            model.change(peer, now: now) { $0.tags[name] = weight }
        case 1:
            node.manager.untagPeer(peer, name)
            model.peers[peer]?.tags[name] = nil
        case 2:
            node.manager.upsertTag(peer, name) { $0 + weight }
            model.change(peer, now: now) { $0.tags[name, default: 0] += weight }
        default:
            tag.bump(peer, by: weight)
            model.change(peer, now: now) { $0.decaying["decaying", default: 0] += weight }
        }
    }

    private mutating func protect(_ peer: PeerID) {
        let name = random.chance(50) ? "one" : "two"
        node.manager.protect(peer, name)
        model.change(peer, now: node.around.now) { $0.protections.insert(name) }
    }

    private mutating func unprotect(_ peer: PeerID) {
        let name = random.chance(50) ? "one" : "two"
        let remains = node.manager.unprotect(peer, name)
        model.peers[peer]?.protections.remove(name)
        #expect(remains == !(model.peers[peer]?.protections.isEmpty ?? true))
    }

    /// Lets a tick of the decaying tag come, without a trim.
    private mutating func decay() {
        let missing = 1000 - node.around.now.nanoseconds / 1_000_000 % 1000
        node.around.pass(missing)
        let before = node.around.closed.count
        let closable = self.closable(emergency: false)
        node.manager.performDueWork()
        for (peer, record) in model.peers {
            guard let value = record.decaying["decaying"] else { continue }
            model.peers[peer]?.decaying["decaying"] = value > 2 ? value - 2 : nil
        }
        checkTrim(closable, closedBefore: before, emergency: false, asked: false)
    }

    private mutating func trim(emergency: Bool) {
        let before = node.around.closed.count
        let closable = closable(emergency: emergency)
        if emergency {
            node.manager.trimUnderMemoryPressure()
        } else {
            node.manager.trimOpenConnections()
        }
        checkTrim(closable, closedBefore: before, emergency: emergency, asked: true)
    }

    private func closable(emergency: Bool) -> [PeerID: [Connection]] {
        let now = node.around.now
        return model.closable { emergency || $0.duration(to: now) >= .milliseconds(Self.grace) }
    }

    /// What a trim has closed, against what it might have.
    private mutating func checkTrim(
        _ closable: [PeerID: [Connection]], closedBefore: Int, emergency: Bool, asked: Bool
    ) {
        let closed = Set(node.around.closed[closedBefore...])
        let all = emergency ? model.peers.values.reduce(0) { $0 + $1.connections.count } : nil
        let counted = all ?? closable.values.reduce(0) { $0 + $1.count }
        #expect(closed.isSubset(of: closable.values.joined()), "only what is neither protected nor in grace")
        let gone = closable.filter { !closed.isDisjoint(with: $0.value) }
        let left = closable.filter { gone[$0.key] == nil }
        #expect(gone.values.allSatisfy(closed.isSuperset), "all of a peer, or nothing")
        if asked || !closed.isEmpty {
            #expect(counted - closed.count <= Self.low || left.isEmpty, "down to the low mark where it can")
        }
        if !closed.isEmpty {
            trimsThatClosed += 1
            let last = node.around.closed.last?.remote.id.flatMap { closable[$0]?.count } ?? 0
            #expect(counted - closed.count + last > Self.low, "not a peer more than needed")
        }
        for (peer, connections) in gone {
            for (other, others) in left {
                let rank = rank(peer, connections, emergency: emergency)
                let otherRank = self.rank(other, others, emergency: emergency)
                #expect(rank.lexicographicallyPrecedes(otherRank) || rank == otherRank, "the least valued")
            }
        }
        forget(closed, emergency: emergency, down: counted > Self.low && (asked || !closed.isEmpty))
    }

    /// What decides on a peer's turn, in this order; the lower is closed first.
    private func rank(_ peer: PeerID, _ connections: [Connection], emergency: Bool) -> [Int] {
        let streams = connections.reduce(0) { $0 + node.around.streamCount($1) }
        let isInbound = connections.contains { $0.remote.direction == .inbound }
        return [
            model.peers[peer]?.value ?? 0, streams == 0 ? 0 : 1, isInbound ? 0 : 1,
            emergency ? -streams : streams, -Int(model.peers[peer]?.firstSeen.nanoseconds ?? 0),
        ]
    }

    private mutating func forget(_ closed: Set<Connection>, emergency: Bool, down: Bool) {
        for connection in closed {
            if let peer = connection.remote.id { model.disconnect(connection, from: peer) }
        }
        guard emergency || down else { return }
        let now = node.around.now
        for (peer, record) in model.peers
        where record.connections.isEmpty && record.protections.isEmpty
            && record.firstSeen.duration(to: now) >= .milliseconds(Self.grace)
        {
            model.peers[peer] = nil
        }
    }

    func check(_ peer: PeerID) {
        let info = node.manager.tagInfo(peer)
        guard let record = model.peers[peer], record.isKnown else {
            #expect(info == nil)
            return
        }
        let connections = record.connections.map { ($0.key.id, $0.value) }
        #expect(
            info
                == TagInfo(
                    firstSeen: record.firstSeen, value: record.value,
                    tags: record.tags.merging(record.decaying, uniquingKeysWith: +),
                    connections: Dictionary(uniqueKeysWithValues: connections)))
        #expect(info?.value == info?.tags.values.reduce(0, +))
        #expect(node.manager.isProtected(peer, nil) == !record.protections.isEmpty)
    }
}

@Suite struct ConnManagerHistoryTests {
    @Test(arguments: seeds)
    func `In any history values are the sums of tags, and trims close the least valued as far as they may`(
        seed: UInt64
    ) throws {
        var history = try ConnManagerHistory(seed: seed)
        for _ in 0..<3000 { history.step() }
        for peer in history.peers { history.check(peer) }
        let open = history.model.peers.values.reduce(0) { $0 + $1.connections.count }
        #expect(history.node.manager.connectionCount == open)
        #expect(history.trimsThatClosed > 20)
    }

    @Test func `Threads that do everything at once leave behind what was left open`() async throws {
        let node = try ConnManagerHarness(low: 20, high: 40, capacity: 64)
        let peers = try numberedPeers(32)
        let tag = try node.manager.registerDecayingTag(
            "tag", interval: .seconds(1), decay: .fixed(1), bump: .sumUnbounded)
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<4 as Range<UInt64> {
                group.addTask {
                    var random = Seeded(worker)
                    for _ in 0..<400 {
                        guard let peer = peers.randomElement(using: &random) else { return }
                        let connection = node.connect(peer)
                        node.manager.upsertTag(peer, "steady") { $0 + 1 }
                        tag.bump(peer, by: 2)
                        if random.chance(10) { node.manager.protect(peer, "\(worker)") }
                        if random.chance(20) { node.manager.unprotect(peer, "\(worker)") }
                        if random.chance(5) { node.manager.trimOpenConnections() }
                        if random.chance(2) { node.manager.trimUnderMemoryPressure() }
                        if random.chance(70) { node.manager.disconnected(connection) }
                        node.around.pass(10)
                        node.manager.performDueWork()
                    }
                }
            }
        }
        let open = peers.reduce(0) { $0 + (node.manager.tagInfo($1)?.connections.count ?? 0) }
        #expect(node.manager.connectionCount == open)
        for peer in peers {
            let info = node.manager.tagInfo(peer)
            #expect(info?.value == info?.tags.values.reduce(0, +))
            let told = node.around.protectionChanges.last { $0.peer == peer }?.isProtected ?? false
            #expect(node.manager.isProtected(peer, nil) == told)
        }
    }
}
