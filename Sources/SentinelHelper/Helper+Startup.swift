// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Nftables
internal import SentinelProtocol

extension Helper {
    /// Brings the kernel's table about: where there is one, what it lacks of the bans, or has of them otherwise, is put
    /// right in one transaction, and no packet passes that didn't before.
    ///
    /// - Parameter isLedgerWhole: whether every ban there was is in the book by now. Otherwise what the kernel has beyond
    ///   it is taken over, however long that takes.
    func bringAbout(isLedgerWhole: Bool) throws(NftablesError) {
        guard let found = try enforcer.find() else { return try buildAnew() }
        let changes = try compare(found, isLedgerWhole: isLedgerWhole)
        if found.fits {
            try enforcer.adopt(.init(elements: fixedElements()), changes)
        } else {
            try enforcer.build(contents(), replacing: true)
        }
    }

    /// There is no table yet: first all of it that isn't large, then the bans in parts, so that the first are enforced
    /// at once and the memory stays small.
    private func buildAnew() throws(NftablesError) {
        var contents = Enforcer.Contents(elements: fixedElements())
        for (kind, cover) in covers { contents.elements[kind] = intervalElements(cover.segments) }
        try enforcer.build(contents, replacing: false)
        for kind in SetKind.ofBans where !kind.flags.contains(.interval) {
            var keys = book.keys(in: kind)[...]
            while !keys.isEmpty {
                var changes = Enforcer.Changes()
                changes.added[kind] = keys.prefix(Self.partSize).compactMap { book[$0].flatMap(element) }
                try enforcer.apply(changes)
                keys = keys.dropFirst(Self.partSize)
            }
        }
    }

    private static var partSize: Int { 16_384 }

    /// Sets up to this size are listed; the kernel takes a time for it that grows with the square of the size. Larger
    /// ones are read by the keys that are known.
    private static var largestListed: Int { 65_536 }

    /// What the kernel has to change for its sets to hold the bans of the book. Bans that only the kernel knows, which
    /// were on their way into the ledger when the last run ended, come into both.
    private func compare(
        _ found: Enforcer.Found, isLedgerWhole: Bool
    ) throws(NftablesError) -> Enforcer.Changes {
        var changes = Enforcer.Changes()
        var adopted: [BanRecord] = []
        for kind in SetKind.ofBans where found.sets.contains(kind) {
            if kind.flags.contains(.interval) {
                adopted += adopt(IntervalReading(try enforcer.list(kind)), kind)
            } else if !isLedgerWhole || book.activeCount(in: kind) <= Self.largestListed {
                try compareListed(kind, &changes, &adopted)
            } else {
                try compareByKey(kind, &changes)
            }
        }
        recover(covers: covers.keys)
        for (kind, cover) in covers where found.sets.contains(kind) {
            if let change = try differences(of: kind, from: cover) { changes.intervals[kind] = change }
        }
        tell(adopted.map { BanChange(kind: .banned, record: $0) })
        return changes
    }

    private func compareListed(
        _ kind: SetKind, _ changes: inout Enforcer.Changes, _ adopted: inout [BanRecord]
    ) throws(NftablesError) {
        var missing = Swift.Set(book.keys(in: kind))
        for element in try enforcer.list(kind) {
            guard let key = BanKey(element.key, in: kind) else { continue }
            if let record = book[key] {
                missing.remove(key)
                compare(element, record, &changes)
            } else if let record = adopt(element, as: key) {
                adopted.append(record)
            }
        }
        let elements = missing.compactMap { book[$0].flatMap(element) }
        if !elements.isEmpty { changes.added[kind, default: []] += elements }
    }

    private func compareByKey(_ kind: SetKind, _ changes: inout Enforcer.Changes) throws(NftablesError) {
        var keys = book.keys(in: kind)[...]
        while !keys.isEmpty {
            let part = keys.prefix(Self.partSize)
            keys = keys.dropFirst(Self.partSize)
            var present: [ElementKey: Element] = [:]
            for element in try enforcer.read(part.map(\.elementKey), of: kind) {
                present[element.key] = element
            }
            for key in part {
                guard let record = book[key] else { continue }
                if let element = present[key.elementKey] {
                    compare(element, record, &changes)
                } else if let element = element(record) {
                    changes.added[kind, default: []].append(element)
                }
            }
        }
    }

    private func compare(_ element: Element, _ record: BanRecord, _ changes: inout Enforcer.Changes) {
        guard !says(element, record), let wanted = self.element(record) else { return }
        changes.replaced[record.key.set, default: []].append(wanted)
    }

    /// Whether an element says of its ban what the book does.
    private func says(_ element: Element, _ record: BanRecord) -> Bool {
        guard element.comment == BanComment(record).text else { return false }
        let end = end(of: element)
        guard let deadline = record.deadline, let end else { return record.deadline == nil && end == nil }
        return abs(end - deadline) <= Self.tolerance
    }

    /// The kernel counts in jiffies, and a batch is on its way for a moment.
    private static var tolerance: Int64 { 1500 }

    /// When an element ends; nil: never.
    private func end(of element: Element) -> MonotonicMilliseconds? {
        guard let timeout = element.timeout, timeout != .zero else { return nil }
        return clock.monotonic() + Milliseconds(element.expiration ?? timeout).rawValue
    }

    // MARK: Blocks

    /// Takes over blocks that are blocked for longer than the book knows of.
    private func adopt(_ reading: IntervalReading, _ kind: SetKind) -> [BanRecord] {
        var adopted: [BanRecord] = []
        let known = cover(kind, changed: [:])
        for range in reading.ranges {
            let end = end(of: range.element)
            for network in IPNetwork.blocks(from: range.first, through: range.last) {
                let segment = known.segment(holding: network.first)
                let isKnown =
                    segment.map { segment in
                        segment.last >= network.last
                            && !NetworkCover<BanKey>.endsLater(
                                end, segment.deadline.map { $0 + Self.tolerance })
                    } ?? false
                if !isKnown, let record = adopt(range.element, as: BanKey(network: network)) {
                    adopted.append(record)
                }
            }
        }
        return adopted
    }

    /// The change that makes an interval set what its cover says; nil where it is that.
    private func differences(
        of kind: SetKind, from cover: NetworkCover<BanKey>
    ) throws(NftablesError) -> Enforcer.IntervalChange? {
        let ranges = IntervalReading(try enforcer.list(kind)).ranges
        let isRight =
            ranges.count == cover.segments.count
            && zip(ranges, cover.segments).allSatisfy { range, segment in
                guard range.first == segment.first, range.last == segment.last, let record = book[segment.id]
                else { return false }
                return says(range.element, record)
            }
        guard !isRight else { return nil }
        let whole = intervalElements(cover.segments)
        return Enforcer.IntervalChange(
            removed: ranges.flatMap { range in
                SentinelHelper.intervalElements(from: range.first, through: range.last) { Element($0) }
            }, added: whole, whole: whole)
    }

    // MARK: Taking over

    /// Reads a ban back from what an earlier run left in the kernel: the element says until when, its comment says why
    /// and for whom. The evidence is not in the kernel and is lost.
    private func adopt(_ element: Element, as key: BanKey) -> BanRecord? {
        let comment = element.comment.flatMap { BanComment($0) }
        let now = clock.monotonic()
        let deadline = end(of: element)
        let age = deadline.flatMap { deadline in
            element.timeout.map { Milliseconds($0).rawValue - (deadline - now) }
        }
        // What isn't ours must be an operator's, who has put it there by hand.
        return book.enter(
            BanRecord(
                key: key, deadline: deadline, renewed: now - (age ?? 0), created: clock.wall() - (age ?? 0),
                strikes: comment?.strikes ?? 1, reason: comment?.reason ?? "adopted",
                caller: comment?.caller ?? "unknown", isOperators: comment?.isOperators ?? true,
                peer: comment?.peer))
    }
}
