// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Synchronization

/// A connection manager "that trims connections whenever the count exceeds the high watermark. New
/// connections are given a grace period before they're subject to trimming."
///
/// It is told of connections as a ``Notifiee``, and of what peers are worth by their tags. A trim closes the
/// connections of the peers that are worth least until the low mark is reached: see
/// ``trimOpenConnections()``. Trims come of themselves while ``run(sleep:)`` runs, "only if the time from the
/// previous trim is higher than" the silence period, and "can be explicitly requested".
///
/// What is known of a peer is forgotten when its last connection ends, its protections alone stay. A peer
/// that is tagged before it is connected waits for its connection, and is forgotten by the first trim that
/// finds it waiting for longer than the grace period. How many such peers there are is bounded, whoever makes
/// a node tag them: beyond ``Configuration/waitingCapacity`` those of the lowest value are forgotten, of
/// equals the one first seen, an eighth of a segment's share at once so that looking for them costs little;
/// never one that is connected or protected. Protections are the node's own choice, and not bounded.
///
/// Peers are spread over 1024 segments by a secret hash, each behind a lock of its own, so that threads
/// seldom meet and nobody can make all their peers meet in one. Go has 256, chosen by the id's last byte,
/// which is the peer's to choose. Where two threads do nothing but tag, four times the segments save an
/// eighth of the time: they meet less, and to meet costs a system call.
///
/// A peer's value is the exact sum of its tags, stopped at the ends of `Int`, where Go's wraps around.
///
/// Source: `BasicConnMgr` of go-libp2p's `p2p/net/connmgr/connmgr.go`, which is quoted here. All methods may
/// be called from any thread.
public final class BasicConnManager: Sendable {
    /// What the manager was made with.
    public let configuration: Configuration

    let clock: MonotonicClock
    let streamCount: @Sendable (Connection) -> Int
    let closeConnection: @Sendable (Connection, DisconnectReason) -> Void
    let segments: PeerSegments
    let background = BackgroundWork()
    let decayingTags = DecayingTags()
    let isTrimming = Atomic<Bool>(false)
    let openCount = Atomic<Int>(0)
    /// Nanoseconds of the clock; the lowest stands for never.
    let lastTrimmed = Atomic<Int64>(.min)

    private let protectionChanges: ProtectionChanges?

    /// - Parameters:
    ///   - configuration: the marks, periods and capacities.
    ///   - seed: decides where peers lie in memory; leave it random.
    ///   - clock: tells the time. It may be called under a lock.
    ///   - streamCount: how many streams a connection has open. It is asked once for each connection that a
    ///     trim might close, and never under a lock; a node knows it, so nothing is counted here on a
    ///     stream's way.
    ///   - protectionChanged: told when a peer becomes protected by its first tag, true, and when it loses
    ///     its last one, false. Each change is told once, one after the other, in the order in which they
    ///     came about, and never under a lock; of two threads that make changes at once, one may tell those
    ///     of both.
    ///   - close: closes a connection, whose end the notifiee is to be told of as of any other. It is called
    ///     for those worth least first, with ``DisconnectReason/garbageCollected``, and never under a lock.
    public convenience init(
        _ configuration: Configuration, seed: HashSeed = .random(), clock: @escaping MonotonicClock,
        streamCount: @escaping @Sendable (Connection) -> Int = { _ in 0 },
        protectionChanged: (@Sendable (PeerID, Bool) -> Void)? = nil,
        close: @escaping @Sendable (Connection, DisconnectReason) -> Void
    ) {
        self.init(
            configuration, segmentCount: Self.segmentCount, seed: seed, clock: clock,
            streamCount: streamCount,
            protectionChanged: protectionChanged, close: close)
    }

    init(
        _ configuration: Configuration, segmentCount: Int, seed: HashSeed, clock: @escaping MonotonicClock,
        streamCount: @escaping @Sendable (Connection) -> Int = { _ in 0 },
        protectionChanged: (@Sendable (PeerID, Bool) -> Void)? = nil,
        close: @escaping @Sendable (Connection, DisconnectReason) -> Void
    ) {
        self.configuration = configuration
        self.clock = clock
        self.streamCount = streamCount
        closeConnection = close
        segments = PeerSegments(
            count: segmentCount, waitingCapacity: configuration.waitingCapacity, seed: seed)
        protectionChanges = protectionChanged.map(ProtectionChanges.init)
    }

    static let segmentCount = 1024

    /// How many connections are open: of which the notifiee has been told, and not yet that they ended.
    public var connectionCount: Int { openCount.load(ordering: .relaxed) }

    /// When the last trim ended, whether it found something to close or not; nil before the first.
    public var lastTrim: MonotonicInstant? {
        let nanoseconds = lastTrimmed.load(ordering: .acquiring)
        return nanoseconds == .min ? nil : MonotonicInstant(nanoseconds: nanoseconds)
    }
}

extension BasicConnManager: ConnManager {
    public func tagPeer(_ peer: PeerID, _ tag: String, weight: Int) {
        segments[peer].peers.withLock { peers in
            peers.updateMetadata(of: peer, clock: clock) { $0.tags[tag] = weight }
        }
    }

    /// Removes the tagged value from the peer. A peer that isn't connected, and has no other tag, is
    /// forgotten.
    public func untagPeer(_ peer: PeerID, _ tag: String) {
        segments[peer].peers.withLock { peers in
            peers.shrinkMetadata(of: peer) { $0.tags[tag] = nil }
        }
    }

    /// Updates an existing tag or inserts a new one.
    ///
    /// - Parameter upsert: called once, with the tag's value or zero, under the peer's lock: it must not call
    ///   the manager.
    public func upsertTag(_ peer: PeerID, _ tag: String, _ upsert: (Int) -> Int) {
        segments[peer].peers.withLock { peers in
            peers.updateMetadata(of: peer, clock: clock) { $0.tags[tag] = upsert($0.tags[tag] ?? 0) }
        }
    }

    /// The metadata associated with the peer, nil where none is recorded.
    ///
    /// Decaying tags are among the others; where two have the same name, their sum.
    public func tagInfo(_ peer: PeerID) -> TagInfo? {
        let (metadata, connections) = segments[peer].peers.withLock { peers in
            (peers.metadata(of: peer), peers.tracked[peer]?.connections ?? [:])
        }
        guard let metadata else { return nil }
        return TagInfo(
            firstSeen: metadata.firstSeen, value: metadata.value, tags: metadata.allTags,
            connections: connections.mapValues(\.opened))
    }

    public var notifiee: any Notifiee { self }

    public func protect(_ peer: PeerID, _ tag: String) {
        segments[peer].peers.withLock { peers in
            guard peers.protect(peer, tag) else { return }
            protectionChanges?.append(peer, isProtected: true)
        }
        protectionChanges?.deliver()
    }

    @discardableResult
    public func unprotect(_ peer: PeerID, _ tag: String) -> Bool {
        let isProtected = segments[peer].peers.withLock { peers in
            let change = peers.unprotect(peer, tag)
            if change == .lost { protectionChanges?.append(peer, isProtected: false) }
            return change == .kept
        }
        protectionChanges?.deliver()
        return isProtected
    }

    public func isProtected(_ peer: PeerID, _ tag: String?) -> Bool {
        segments[peer].peers.withLock { peers in
            guard let protections = peers.tracked[peer]?.protections else { return false }
            return tag.map(protections.contains) ?? !protections.isEmpty
        }
    }

    /// Closes the connection manager: ``run(sleep:)`` returns, and nothing decays or is trimmed of itself
    /// from now on. No connection is closed, and everything else can be called as before.
    public func close() {
        background.close()
    }
}

extension BasicConnManager: Notifiee {
    /// Begins to track a connection. One that is tracked already changes nothing, nor does one whose peer
    /// isn't known.
    ///
    /// "If the new connection count exceeds the high watermark, a trim may be triggered": ``run(sleep:)`` is
    /// woken for it, unless the silence period isn't over.
    public func connected(_ connection: Connection) {
        guard let peer = connection.remote.id else { return }
        let now = clock()
        let isNew = segments[peer].peers.withLock { $0.connect(connection, to: peer, now: now) }
        guard isNew else { return }
        openCount.add(1, ordering: .relaxed)
        if isTrimDue(now: now) { background.wake() }
    }

    /// Ends tracking a connection. One that isn't tracked, or no longer, changes nothing.
    public func disconnected(_ connection: Connection) {
        guard let peer = connection.remote.id else { return }
        let wasOpen = segments[peer].peers.withLock { $0.disconnect(connection.id, from: peer) }
        if wasOpen { openCount.subtract(1, ordering: .relaxed) }
    }
}
