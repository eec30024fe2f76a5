// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Sentinel
import Synchronization

extension Stress {
    /// Tags, protections, connections, trims and decay, all at the same time.
    static func connectionManager() throws {
        let open = Shared<[Connection.ID: Connection]>([:])
        let closed = Shared<[Connection]>([])
        let changes = Shared<[PeerID: Bool]>([:])
        let manager = BasicConnManager(
            try .init(lowWater: 20, highWater: 40, gracePeriod: .zero, silencePeriod: .zero), clock: clock,
            protectionChanged: { peer, isProtected in changes.withLock { $0[peer] = isProtected } },
            close: { connection, _ in closed.withLock { $0.append(connection) } })
        let tag = try manager.registerDecayingTag(
            "decaying", interval: .seconds(60), decay: .fixed(1), bump: .sumUnbounded)
        let strangers = try Strangers()
        let next = Atomic<UInt64>(0)
        together { thread, random in
            for _ in 0..<rounds {
                let remote = strangers.remote(&random)
                guard let peer = remote.id else { continue }
                switch Int.random(in: 0..<8, using: &random) {
                case 0: manager.tagPeer(peer, "tag\(thread)", weight: thread)
                case 1: manager.upsertTag(peer, "shared") { $0 + 1 }
                case 2: manager.protect(peer, "tag\(thread)")
                case 3: _ = manager.unprotect(peer, "tag\(thread)")
                case 4: _ = tag.bump(peer, by: 1)
                case 5: manager.performDueWork()
                case 6: _ = manager.tagInfo(peer)
                default:
                    let id = Connection.ID(rawValue: next.wrappingAdd(1, ordering: .relaxed).newValue)
                    let connection = Connection(id: id, remote: remote)
                    open.withLock { $0[id] = connection }
                    manager.connected(connection)
                }
                for connection in closed.withLock({ $0.removeAllTaken() }) {
                    manager.disconnected(connection)
                    open.withLock { _ = $0.removeValue(forKey: connection.id) }
                }
            }
        }
        for connection in closed.withLock({ $0.removeAllTaken() }) {
            manager.disconnected(connection)
            open.withLock { _ = $0.removeValue(forKey: connection.id) }
        }
        promise(
            manager.connectionCount == open.withLock(\.count),
            "a connection manager that \(threads) threads use counts each connection once")
        let told = changes.withLock { $0 }
        promise(
            strangers.peers.allSatisfy { manager.isProtected($0, nil) == (told[$0] ?? false) },
            "who was told last is whom it protects")
        manager.close()
    }
}

extension [Connection] {
    fileprivate mutating func removeAllTaken() -> [Connection] {
        defer { removeAll() }
        return self
    }
}
