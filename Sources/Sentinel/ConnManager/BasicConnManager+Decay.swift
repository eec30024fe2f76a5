// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

extension BasicConnManager: Decayer {
    /// Registers a decaying tag.
    ///
    /// An interval below the resolution becomes the resolution. The tag decays first an interval from now,
    /// and while the manager is looked after: see ``run(sleep:)``. Where that was late the intervals that
    /// were missed are made up for, one with each look. A peer that isn't connected is forgotten with its
    /// last tag, and its decaying tags count towards the capacity as others do.
    public func registerDecayingTag(
        _ name: String, interval: Duration, decay: Decay, bump: Bump
    ) throws(SentinelError) -> any DecayingTag {
        guard interval > .zero else {
            throw SentinelError(.outOfRange, in: "interval", remedy: "it is more than zero")
        }
        let tag = DecayingTagDefinition(
            name: name, interval: max(interval, configuration.decayResolution), decay: decay, bump: bump)
        guard decayingTags.insert(tag, now: clock()) else {
            throw SentinelError(
                .malformed, in: "decaying tag \(name)", remedy: "each decaying tag needs a name of its own")
        }
        return BasicDecayingTag(definition: tag, manager: self)
    }

    /// Decays the values of the tags whose time has come.
    func decay(now: MonotonicInstant) {
        let due = decayingTags.takeDue(now: now)
        guard !due.isEmpty else { return }
        for segment in segments.all {
            segment.peers.withLock { peers in
                peers.shrinkAllMetadata { $1.decay(due, of: $0, now: now) }
            }
        }
    }

    fileprivate func bump(_ tag: DecayingTagDefinition, _ peer: PeerID, by delta: Int) -> Bool {
        let now = clock()
        return segments[peer].peers.withLock { peers in
            // Asked under the lock: a close that comes later finds what is added here.
            guard !tag.isClosed else { return false }
            peers.updateMetadata(of: peer, clock: { now }, { $0.bump(tag, of: peer, by: delta, now: now) })
            return true
        }
    }

    fileprivate func remove(_ tag: DecayingTagDefinition, from peer: PeerID) -> Bool {
        segments[peer].peers.withLock { peers in
            guard !tag.isClosed else { return false }
            peers.shrinkMetadata(of: peer) { $0.remove(tag) }
            return true
        }
    }

    fileprivate func close(_ tag: DecayingTagDefinition) {
        guard tag.close() else { return }
        decayingTags.remove(tag)
        for segment in segments.all {
            segment.peers.withLock { peers in
                peers.shrinkAllMetadata { $1.remove(tag) }
            }
        }
    }
}

/// What a manager's user holds of a decaying tag.
private struct BasicDecayingTag: DecayingTag {
    let definition: DecayingTagDefinition
    let manager: BasicConnManager

    var name: String { definition.name }
    var interval: Duration { definition.interval }

    func bump(_ peer: PeerID, by delta: Int) -> Bool { manager.bump(definition, peer, by: delta) }
    func remove(from peer: PeerID) -> Bool { manager.remove(definition, from: peer) }
    func close() { manager.close(definition) }
}

extension PeerMetadata {
    mutating func bump(_ tag: DecayingTagDefinition, of peer: PeerID, by delta: Int, now: MonotonicInstant) {
        let index = decaying.firstIndex { $0.tag === tag } ?? decaying.endIndex
        if index == decaying.endIndex { decaying.append(DecayingEntry(tag: tag, added: now)) }
        decaying[index].value = tag.bump.apply(decaying[index].decayingValue(of: peer), delta)
        decaying[index].lastBump = now
        decaying[index].lastVisit = now
    }

    /// Decays those of the tags that there are; says whether there were any.
    mutating func decay(_ due: [DecayingTagDefinition], of peer: PeerID, now: MonotonicInstant) -> Bool {
        guard !decaying.isEmpty else { return false }
        for index in decaying.indices.reversed() {
            let tag = decaying[index].tag
            guard due.contains(where: { $0 === tag }) else { continue }
            if let value = tag.decay.apply(decaying[index].decayingValue(of: peer), now) {
                decaying[index].value = value
                decaying[index].lastVisit = now
            } else {
                decaying.remove(at: index)
            }
        }
        return true
    }

    /// Removes the tag; says whether it was there.
    @discardableResult
    mutating func remove(_ tag: DecayingTagDefinition) -> Bool {
        guard let index = decaying.firstIndex(where: { $0.tag === tag }) else { return false }
        decaying.remove(at: index)
        return true
    }
}
