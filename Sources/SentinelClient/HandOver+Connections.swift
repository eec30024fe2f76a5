// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Logging
public import Sentinel
internal import SentinelProtocol
internal import Synchronization

extension HandOver {
    // MARK: What the node has open

    /// Notes that a connection is open: it is reported for closing once a ban covers it, and where its peer is
    /// protected, its address is guarded while it is open. Where this node has dialled, it is learned that the
    /// peer is there.
    public func opened(_ connection: Connection) {
        let remote = connection.remote
        let now = timing.now()
        let (isEntered, hasChanged, covered) = connections.withLock { connections in
            let isEntered = connections.enter(connection)
            let hasChanged = remote.id.map { connections.learned(of: $0) } ?? false
            return (isEntered, hasChanged, connections.takeCovered(connection, at: now))
        }
        if let covered { report([covered]) }
        if !isEntered { state.withLock { $0.statistics.untracked += 1 } }
        if hasChanged { ring() }
        if remote.direction == .outbound, let peer = remote.id, let address = remote.address {
            connected(to: peer, at: address)
        }
    }

    /// Notes that a connection is closed, by whichever side.
    public func closed(_ connection: Connection) {
        let hasChanged = connections.withLock { connections in
            connections.remove(connection)
            return connection.remote.id.map { connections.protectedPeers.contains($0) } ?? false
        }
        if hasChanged { ring() }
    }

    // MARK: Whom the node protects

    /// Has the helper refuse bans of the addresses where this peer is: those of its open connections, and those
    /// where it has shown by a handshake that it lives. Its connections are never reported for closing. For a
    /// ConnManager that begins to protect a peer.
    ///
    /// Of a relayed connection nothing is guarded: its address is the relay's.
    public func protect(_ peer: PeerID) {
        if connections.withLock({ $0.protect(peer) }) {
            ring()
        } else {
            logger.warning(
                "more peers are protected than the hand-over may remember; bans of the last ones aren't refused",
                metadata: ["most": "\(configuration.protectedPeers)"])
        }
    }

    /// Ends what ``protect(_:)`` began. For a ConnManager where no tag protects the peer any more.
    public func unprotect(_ peer: PeerID) {
        connections.withLock { $0.unprotect(peer) }
        ring()
    }

    /// The addresses to guard, for the helper; nil where it knows them.
    ///
    /// - Parameter isFirst: whether nothing was announced by this connection yet.
    func takeGuards(isFirst: Bool) -> [String]? {
        let taken = connections.withLock { connections in
            connections.takeGuards(isFirst: isFirst).map { ($0, connections.protectedPeers) }
        }
        guard let (connected, peers) = taken else { return nil }
        let addresses = connected.union(provenEndpoints(of: peers).map(\.address))
        let limit = configuration.guardedAddresses
        let (count, guarded) = (addresses.count, addresses.prefix(limit))
        let wasOver = state.withLock { state in
            defer {
                state.statistics.guarded = guarded.count
                state.statistics.unguarded = count - guarded.count
            }
            return state.statistics.unguarded > 0
        }
        if count > limit, !wasOver {
            logger.warning(
                "protected peers have more addresses than are guarded",
                metadata: ["addresses": "\(count)", "guarded": "\(limit)"])
        }
        return isFirst && guarded.isEmpty ? nil : guarded.map(\.description)
    }

    // MARK: What the helper tells

    /// Prepares for the list of bans in force, where events were missed.
    ///
    /// - Returns: whether there is a connection that one of them could cover.
    func beginListing() -> Bool {
        connections.withLock { connections in
            connections.forgetRecent()
            return connections.count > 0
        }
    }

    /// Takes events in. A ban in shadow refuses nobody, so it closes nothing.
    func hear(_ events: [SentinelProtocol.Event]) {
        var (banned, ended): ([Ban], [Ban]) = ([], [])
        for event in events {
            guard let ban = event.ban else { continue }
            switch event.kind {
            case .banned, .renewed: if ban.isEnforced { banned.append(ban) }
            default: ended.append(ban)
            }
        }
        let now = timing.now()
        connections.withLock { $0.note(banned: banned, ended: ended, at: now) }
        hear(bans: banned)
        guard observer != nil else { return }
        state.withLock { state in
            for event in events { state.note(.happened(event)) }
        }
        ring()
    }

    /// Reports the connections that bans in force cover, but for those in shadow.
    func hear(bans: [Ban]) {
        let bans = bans.filter(\.isEnforced)
        guard !bans.isEmpty else { return }
        let covered = connections.withLock { $0.takeCovered(by: bans) }
        if !covered.isEmpty { report(covered) }
    }

    private func report(_ covered: [OpenConnections.Covered]) {
        state.withLock { state in
            state.statistics.closed += covered.count
            for (connection, ban) in covered { state.note(.closing(connection, because: ban)) }
        }
        for (connection, _) in covered { close?(connection, .gated) }
        ring()
    }
}
