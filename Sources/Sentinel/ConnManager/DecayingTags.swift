// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Synchronization

/// A decaying tag as peers hold it. It doesn't hold the manager, which holds the peers.
final class DecayingTagDefinition: Sendable {
    let name: String
    let interval: Duration
    let decay: Decay
    let bump: Bump
    private let closed = Atomic<Bool>(false)

    init(name: String, interval: Duration, decay: Decay, bump: Bump) {
        self.name = name
        self.interval = interval
        self.decay = decay
        self.bump = bump
    }

    var isClosed: Bool { closed.load(ordering: .acquiring) }

    /// True the first time.
    func close() -> Bool { !closed.exchange(true, ordering: .acquiringAndReleasing) }
}

/// A decaying tag's value for one peer.
struct DecayingEntry: Sendable {
    let tag: DecayingTagDefinition
    let added: MonotonicInstant
    var lastBump: MonotonicInstant
    var lastVisit: MonotonicInstant
    var value: Int

    init(tag: DecayingTagDefinition, added: MonotonicInstant) {
        self.tag = tag
        self.added = added
        lastBump = added
        lastVisit = added
        value = 0
    }

    /// What the tag's functions are given.
    func decayingValue(of peer: PeerID) -> DecayingValue {
        DecayingValue(
            tag: tag.name, peer: peer, added: added, lastBump: lastBump, lastVisit: lastVisit, value: value)
    }
}

/// The decaying tags that are registered, and when each decays next.
final class DecayingTags: Sendable {
    private let known = Guarded<[String: (tag: DecayingTagDefinition, next: MonotonicInstant)]>([:])

    /// Adds a tag, which decays an interval from now; false where there is one of its name.
    func insert(_ tag: DecayingTagDefinition, now: MonotonicInstant) -> Bool {
        known.withLock { known in
            guard known[tag.name] == nil else { return false }
            known[tag.name] = (tag, now.advanced(by: tag.interval))
            return true
        }
    }

    func remove(_ tag: DecayingTagDefinition) {
        known.withLock { known in
            if known[tag.name]?.tag === tag { known[tag.name] = nil }
        }
    }

    /// The tags whose time has come. Each is due an interval later next, however late it is now: what was
    /// missed is made up for one by one.
    func takeDue(now: MonotonicInstant) -> [DecayingTagDefinition] {
        known.withLock { known in
            var due: [DecayingTagDefinition] = []
            for (name, entry) in known where entry.next <= now {
                due.append(entry.tag)
                known[name]?.next = entry.next.advanced(by: entry.tag.interval)
            }
            return due
        }
    }
}
