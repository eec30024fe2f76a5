// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import TestRandom

@testable import Sentinel

/// What a connection manager under test is surrounded by: its clock, its node's connections, and who watches
/// it.
final class ConnManagerSurroundings: Sendable {
    struct ProtectionChange: Hashable {
        var peer: PeerID
        var isProtected: Bool
    }

    private let milliseconds = Guarded<Int64>(0)
    private let lastID = Guarded<UInt64>(0)
    private let ended = Guarded<[(connection: Connection, reason: DisconnectReason)]>([])
    private let streams = Guarded<[Connection.ID: Int]>([:])
    private let changes = Guarded<[ProtectionChange]>([])
    private let closing = Guarded<@Sendable (Connection) -> Void>({ _ in })

    /// The time.
    var now: MonotonicInstant { at(milliseconds.withLock { $0 }) }
    /// What was closed so far, in that order.
    var closed: [Connection] { ended.withLock { $0.map(\.connection) } }
    var reasons: Set<DisconnectReason> { ended.withLock { Set($0.map(\.reason)) } }
    var protectionChanges: [ProtectionChange] { changes.withLock { $0 } }

    /// Lets time pass.
    func pass(_ milliseconds: Int64) {
        self.milliseconds.withLock { $0 += milliseconds }
    }

    func nextID() -> Connection.ID {
        lastID.withLock { last in
            last += 1
            return Connection.ID(rawValue: last)
        }
    }

    func setStreams(_ count: Int, of connection: Connection) {
        streams.withLock { $0[connection.id] = count }
    }

    func streamCount(_ connection: Connection) -> Int {
        streams.withLock { $0[connection.id] ?? 0 }
    }

    /// Calls `body` with each connection that is closed from now on.
    func onClose(_ body: @escaping @Sendable (Connection) -> Void) {
        closing.withLock { $0 = body }
    }

    func close(_ connection: Connection, _ reason: DisconnectReason) {
        ended.withLock { $0.append((connection, reason)) }
        closing.withLock { $0 }(connection)
    }

    func note(_ peer: PeerID, isProtected: Bool) {
        changes.withLock { $0.append(ProtectionChange(peer: peer, isProtected: isProtected)) }
    }
}

/// A connection manager with its surroundings. What it closes is disconnected at once.
struct ConnManagerHarness: Sendable {
    let around: ConnManagerSurroundings
    let manager: BasicConnManager

    init(
        low: Int = 2, high: Int = 4, grace: Duration = .zero, silence: Duration = .seconds(10),
        capacity: Int = BasicConnManager.Configuration.defaultWaitingCapacity, segments: Int = 256
    ) throws {
        let configuration = try BasicConnManager.Configuration(
            lowWater: low, highWater: high, gracePeriod: grace, silencePeriod: silence,
            decayResolution: .seconds(1), waitingCapacity: capacity)
        let around = ConnManagerSurroundings()
        let manager = BasicConnManager(
            configuration, segmentCount: segments, seed: .random(), clock: { around.now },
            streamCount: { around.streamCount($0) },
            protectionChanged: { around.note($0, isProtected: $1) },
            close: { around.close($0, $1) })
        around.onClose { [weak manager] in manager?.disconnected($0) }
        self.around = around
        self.manager = manager
    }

    /// A connection that nobody has been told of.
    func connection(_ peer: PeerID, _ direction: Direction = .inbound, streams: Int = 0) -> Connection {
        let connection = Connection(
            id: around.nextID(),
            remote: RemotePeer(id: peer, direction: direction, source: .handshake))
        around.setStreams(streams, of: connection)
        return connection
    }

    /// Opens a connection.
    @discardableResult
    func connect(_ peer: PeerID, _ direction: Direction = .inbound, streams: Int = 0) -> Connection {
        let connection = connection(peer, direction, streams: streams)
        manager.notifiee.connected(connection)
        return connection
    }

    /// The peers whose connections were closed, in that order.
    var closedPeers: [PeerID] { around.closed.compactMap(\.remote.id) }
}

/// One of as many peers as there are numbers.
func numberedPeer(_ number: UInt64) throws -> PeerID {
    var generator = Seeded(number)
    return try PeerID(bytes: [0x12, 0x20] + generator.bytes(32))
}

/// So many peers.
func numberedPeers(_ count: UInt64) throws -> [PeerID] {
    try (0..<count).map(numberedPeer)
}
