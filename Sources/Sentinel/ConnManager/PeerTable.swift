// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// What is known of a segment's peers.
struct PeerTable: Sendable {
    /// Those that are connected or protected, or both. A trim looks at these alone.
    private(set) var tracked: [PeerID: TrackedPeer] = [:]
    /// Those that are neither, and have tags. Go calls them temporary.
    private(set) var waiting: [PeerID: PeerMetadata] = [:]
    private let waitingCapacity: Int

    init(waitingCapacity: Int) {
        self.waitingCapacity = waitingCapacity
    }

    // MARK: Metadata

    /// What is recorded of a peer, nil where nothing is.
    func metadata(of peer: PeerID) -> PeerMetadata? {
        if let peer = tracked[peer] { return peer.metadata }
        return waiting[peer]
    }

    /// Changes what is recorded of a peer, which is recorded from now on.
    mutating func updateMetadata(
        of peer: PeerID, clock: MonotonicClock, _ change: (inout PeerMetadata) -> Void
    ) {
        if let index = tracked.index(forKey: peer) {
            if tracked.values[index].metadata == nil {
                tracked.values[index].metadata = PeerMetadata(firstSeen: clock())
            }
            tracked.values[index].withMetadata(change)
        } else if let index = waiting.index(forKey: peer) {
            change(&waiting.values[index])
        } else {
            var metadata = PeerMetadata(firstSeen: clock())
            change(&metadata)
            wait(peer, metadata)
        }
    }

    /// Takes away of what is recorded of a peer. Where nothing is left, a peer that isn't connected is
    /// forgotten.
    mutating func shrinkMetadata(of peer: PeerID, _ change: (inout PeerMetadata) -> Void) {
        if let index = tracked.index(forKey: peer) {
            tracked.values[index].withMetadata(change)
            tracked.values[index].dropEmptyMetadata()
        } else if let index = waiting.index(forKey: peer) {
            change(&waiting.values[index])
            if waiting.values[index].isEmpty { waiting.remove(at: index) }
        }
    }

    /// Takes away of what is recorded of any peer.
    ///
    /// - Parameter change: says whether it has changed something.
    mutating func shrinkAllMetadata(_ change: (PeerID, inout PeerMetadata) -> Bool) {
        var index = tracked.startIndex
        while index != tracked.endIndex {
            let peer = tracked.keys[index]
            tracked.values[index].withMetadata { _ = change(peer, &$0) }
            tracked.values[index].dropEmptyMetadata()
            tracked.formIndex(after: &index)
        }
        var emptied: [PeerID] = []
        var place = waiting.startIndex
        while place != waiting.endIndex {
            let peer = waiting.keys[place]
            if change(peer, &waiting.values[place]), waiting.values[place].isEmpty { emptied.append(peer) }
            waiting.formIndex(after: &place)
        }
        for peer in emptied { waiting[peer] = nil }
    }
}

extension PeerTable {
    // MARK: Connections

    /// Records a connection; false where it is recorded already. A peer is seen first when its first
    /// connection is opened, whatever was known of it before.
    mutating func connect(_ connection: Connection, to peer: PeerID, now: MonotonicInstant) -> Bool {
        let early = waiting.removeValue(forKey: peer)
        return tracked[peer, default: TrackedPeer(metadata: early)].open(connection, now: now)
    }

    /// Forgets a connection, and with the last one the peer, apart from its protections; false where it isn't
    /// recorded.
    mutating func disconnect(_ connection: Connection.ID, from peer: PeerID) -> Bool {
        guard let index = tracked.index(forKey: peer),
            tracked.values[index].connections.removeValue(forKey: connection) != nil
        else { return false }
        guard tracked.values[index].connections.isEmpty else { return true }
        if tracked.values[index].protections.isEmpty {
            tracked.remove(at: index)
        } else {
            tracked.values[index].metadata = nil
        }
        return true
    }

    /// The peers that have connections and aren't protected, with their values.
    func closable() -> [(peer: PeerID, tracked: TrackedPeer, value: Int)] {
        tracked.compactMap { peer, tracked in
            guard tracked.protections.isEmpty, !tracked.connections.isEmpty else { return nil }
            return (peer, tracked, tracked.metadata?.value ?? 0)
        }
    }
}

extension PeerTable {
    // MARK: Protections

    /// What became of a peer's protection.
    enum ProtectionChange {
        /// There was none.
        case none
        /// Others are left.
        case kept
        /// That was the last one.
        case lost
    }

    /// Protects a peer; true where it wasn't protected before.
    mutating func protect(_ peer: PeerID, _ tag: String) -> Bool {
        let early = waiting.removeValue(forKey: peer)
        return tracked[peer, default: TrackedPeer(metadata: early)].protect(tag)
    }

    /// Removes a protection. A peer that then is neither protected nor connected waits again, if it has tags.
    mutating func unprotect(_ peer: PeerID, _ tag: String) -> ProtectionChange {
        guard let index = tracked.index(forKey: peer), !tracked.values[index].protections.isEmpty else {
            return .none
        }
        tracked.values[index].protections.remove(tag)
        guard tracked.values[index].protections.isEmpty else { return .kept }
        if tracked.values[index].connections.isEmpty {
            let metadata = tracked.remove(at: index).value.metadata
            if let metadata { wait(peer, metadata) }
        }
        return .lost
    }
}

extension PeerTable {
    // MARK: Waiting peers

    /// Forgets the peers that have waited for this long.
    mutating func forgetWaiting(for period: Duration, now: MonotonicInstant) {
        guard !waiting.isEmpty else { return }
        let left = waiting.filter { $0.value.firstSeen.advanced(by: period) > now }
        if left.count < waiting.count { waiting = left }
    }

    private mutating func wait(_ peer: PeerID, _ metadata: PeerMetadata) {
        if waiting.count >= waitingCapacity { makeRoom() }
        waiting[peer] = metadata
    }

    /// Forgets an eighth of the waiting peers: those of the lowest value, and of equals those first seen.
    /// Sorting all for an eighth of them comes to about two microseconds for each peer that takes the room,
    /// and at the default capacity makes who wants this segment wait for a quarter of a millisecond.
    private mutating func makeRoom() {
        struct Rank: Comparable {
            let value: Int
            let firstSeen: MonotonicInstant

            static func < (a: Rank, b: Rank) -> Bool {
                a.value != b.value ? a.value < b.value : a.firstSeen < b.firstSeen
            }
        }
        func rank(_ metadata: PeerMetadata) -> Rank {
            Rank(value: metadata.value, firstSeen: metadata.firstSeen)
        }
        let count = max(1, waitingCapacity / 8)
        let ranks = waiting.values.map(rank).sorted()
        let last = ranks[count - 1]
        // Of those of the last one's rank there may be more than have to go.
        var leftOfLast = ranks[..<count].count { $0 == last }
        let forgotten = waiting.compactMap { peer, metadata -> PeerID? in
            let rank = rank(metadata)
            if rank == last {
                leftOfLast -= 1
                return leftOfLast >= 0 ? peer : nil
            }
            return rank < last ? peer : nil
        }
        for peer in forgotten { waiting[peer] = nil }
    }
}
