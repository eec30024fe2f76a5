// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Synchronization

/// How much a trim may close.
enum TrimUrgency {
    case ordinary
    /// Memory is running out.
    case emergency
}

extension BasicConnManager {
    /// "Closes the connections of as many peers as needed to make the peer count equal the low watermark.
    /// Peers are sorted in ascending order based on their total value, pruning those peers with the lowest
    /// scores first, as long as they are not within their grace period."
    ///
    /// What is counted are connections, as in Go's code, and all that a peer has are closed together. Of
    /// peers of the same value, those without an open stream come first, then those that opened a connection
    /// to us, then those with fewer streams. Go leaves it to chance which of equals then comes first; here it
    /// is the one seen last, so that peers with a record are not displaced by crowds of new ones. For the
    /// same reason, as in Go, connections that can't be closed don't count towards the low mark: neither
    /// those of protected peers nor those within the grace period, of which anybody can open many.
    ///
    /// Other than in Go it is each connection that has its grace period, not only the peer's first. A peer
    /// that is protected while a trim is underway is spared, unless its connections were just being closed.
    /// Peers that have waited for a connection for longer than the grace period, and are not protected, are
    /// forgotten, if anything is closed at all.
    ///
    /// The silence period holds up no trim that is asked for. "If a trim is underway, a new one won't be
    /// started"; Go waits for that one to end, this returns at once: closing may call back, and threads are
    /// not to be blocked.
    ///
    /// Each segment's lock is held only while references to its connected peers are copied, and again for
    /// each peer that is closed, to see that it hasn't been protected since. Asking for streams, sorting and
    /// closing go on outside of the locks, upon the copy, which doesn't change meanwhile.
    public func trimOpenConnections() {
        guard configuration.trims else { return }
        let (began, _) = isTrimming.compareExchange(
            expected: false, desired: true, ordering: .acquiringAndReleasing)
        guard began else { return }
        defer { isTrimming.store(false, ordering: .releasing) }
        trim(.ordinary)
    }

    /// Closes connections down to the low mark, whether within their grace period or not, since memory is
    /// running out. Go's `ForceTrim`.
    ///
    /// All connections count towards the low mark. The order is that of ``trimOpenConnections()``, but of
    /// peers of the same value and direction the one with more streams comes first, as those take more
    /// memory. Go goes on to protected peers where the others don't suffice; here they are never closed.
    /// Peers that have waited for longer than the grace period are forgotten, even if there is nothing to
    /// close.
    public func trimUnderMemoryPressure() {
        trim(.emergency)
    }

    private func trim(_ urgency: TrimUrgency) {
        let now = clock()
        defer { lastTrimmed.store(clock().nanoseconds, ordering: .releasing) }
        // Nothing can be closed beyond the low mark: this spares the walk through the segments.
        if urgency == .ordinary && connectionCount <= configuration.lowWater { return }

        var candidates = trimCandidates(urgency, now: now)
        let counted =
            urgency == .emergency ? connectionCount : candidates.reduce(0) { $0 + $1.connections.count }
        var excess = counted - configuration.lowWater
        if urgency == .emergency || excess > 0 { forgetWaiting(now: now) }
        guard excess > 0 else { return }
        for index in candidates.indices { candidates[index].countStreams(streamCount) }
        candidates.sort { $0.isClosed(before: $1, urgency) }
        for candidate in candidates {
            guard excess > 0 else { return }
            // What has ended or been protected since the count doesn't count any longer either.
            excess -= candidate.connections.count
            for connection in stillClosable(candidate) { closeConnection(connection, .garbageCollected) }
        }
    }

    /// The peers that a trim may close connections of, with those connections.
    private func trimCandidates(_ urgency: TrimUrgency, now: MonotonicInstant) -> [TrimCandidate] {
        let grace = configuration.gracePeriod
        var candidates: [TrimCandidate] = []
        candidates.reserveCapacity(connectionCount)
        for segment in segments.all {
            for (peer, tracked, value) in segment.peers.withLock({ $0.closable() }) {
                let connections = tracked.connections.values
                    .filter { urgency == .emergency || $0.opened.advanced(by: grace) <= now }
                    .map(\.connection)
                guard !connections.isEmpty, let firstSeen = tracked.metadata?.firstSeen else { continue }
                candidates.append(
                    TrimCandidate(peer: peer, value: value, firstSeen: firstSeen, connections: connections))
            }
        }
        return candidates
    }

    /// The candidate's connections that are still open, none if the peer is protected now.
    private func stillClosable(_ candidate: TrimCandidate) -> [Connection] {
        segments[candidate.peer].peers.withLock { peers in
            guard let tracked = peers.tracked[candidate.peer], tracked.protections.isEmpty else { return [] }
            return candidate.connections.filter { tracked.connections[$0.id] != nil }
        }
    }

    private func forgetWaiting(now: MonotonicInstant) {
        for segment in segments.all {
            segment.peers.withLock { $0.forgetWaiting(for: configuration.gracePeriod, now: now) }
        }
    }
}
