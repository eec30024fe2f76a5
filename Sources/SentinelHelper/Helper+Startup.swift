// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Nftables
internal import SentinelProtocol

extension Helper {
    /// Brings the kernel's table about: where there is one, what it lacks of the bans, or has of them otherwise, is put
    /// right in one transaction, that of large sets in several; and no packet passes that didn't before.
    ///
    /// - Parameter isLedgerWhole: whether every ban there was is in the book by now. Otherwise what the kernel has beyond
    ///   it is taken over, however long that takes.
    func bringAbout(isLedgerWhole: Bool) throws(NftablesError) {
        guard enforcer.mode != .shared else { return try startShared() }
        if let found = try enforcer.find() {
            let isLedgerTrue = isLedgerWhole && !found.isUnsaved
            // Of an import that was under way only the ledger knows whether it came to be.
            let isRefilled = found.isImporting && isLedgerTrue
            let changes =
                isRefilled ? .init() : try compare(found.sets, isLedgerTrue: isLedgerTrue)
            if found.fits, !isRefilled {
                try enforcer.adopt(
                    .init(elements: fixedElements()), changes, keepsFeeds: !feeds.files.isEmpty)
                if !feeds.files.isEmpty { feeds.inKernel = nil }
                for kind in found.sets where isLarge(kind, isLedgerTrue: isLedgerTrue) {
                    try compareByKey(kind)
                }
            } else {
                readFeedsAtOnce()
                try enforcer.build(contents(), replacing: true)
                feedsAreInKernel()
            }
        } else {
            try buildAnew()
        }
        try markUnsaved()
    }

    /// There is no table yet: first all of it that isn't large, then the bans in parts, so that the first are enforced
    /// at once and the memory stays small.
    private func buildAnew() throws(NftablesError) {
        var contents = Enforcer.Contents(elements: fixedElements())
        for (kind, cover) in covers { contents.elements[kind] = intervalElements(cover.segments) }
        try enforcer.build(contents, replacing: false)
        // While the kernel takes a part, the next is got ready beside it.
        var ahead: Ahead<Part>? = .init { [book, clock] in Self.part(of: book, from: 0, clock) }
        while let part = ahead?.value {
            ahead = part.next.map { next in .init { [book, clock] in Self.part(of: book, from: next, clock) }
            }
            try enforcer.apply(part.changes)
        }
    }

    private struct Part: Sendable {
        var changes = Enforcer.Changes()
        var next: Int?
    }

    private nonisolated static func part(of book: BanBook, from start: Int, _ clock: HostClock) -> Part {
        let page = book.page(from: start, limit: partSize) { !$0.key.set.flags.contains(.interval) }
        var part = Part(next: page.next)
        for record in page.bans {
            guard let element = element(record, at: clock.monotonic()) else { continue }
            part.changes.added[record.key.set, default: []].append(element)
        }
        return part
    }

    private nonisolated static var partSize: Int { 8_192 }

    /// What the kernel has to change for these sets to hold the bans of the book.
    ///
    /// What only the kernel has is ours, by its comment, or somebody's who has put it in by hand. A ban of ours was on
    /// its way into the ledger when the last run ended: nobody was told that it would last, and who asked for it asks
    /// again. So it goes, for half of what came with it may be missing; unless the ledger lacks more than that.
    ///
    /// - Parameter isLedgerTrue: whether the ledger lacks nothing that anyone was told of.
    func compare(
        _ kinds: Swift.Set<SetKind>, isLedgerTrue: Bool
    ) throws(NftablesError) -> Enforcer.Changes {
        var changes = Enforcer.Changes()
        var adopted: [BanRecord] = []
        for kind in SetKind.ofBans where kinds.contains(kind) {
            if kind.flags.contains(.interval) {
                adopted += adopt(IntervalReading(try enforcer.list(kind)), kind, isLedgerTrue: isLedgerTrue)
            } else if !isLarge(kind, isLedgerTrue: isLedgerTrue) {
                adopted += try compareListed(kind, isLedgerTrue: isLedgerTrue, &changes)
            }
        }
        recover(covers: covers.keys)
        for (kind, cover) in covers where kinds.contains(kind) {
            if let change = try differences(of: kind, from: cover) { changes.intervals[kind] = change }
        }
        tell(adopted.map { BanChange(kind: .banned, record: $0) })
        return changes
    }

    /// Whether a set is read by key, when the table has been taken over: what the book doesn't have isn't found then.
    private func isLarge(_ kind: SetKind, isLedgerTrue: Bool) -> Bool {
        isLedgerTrue && !kind.flags.contains(.interval) && book.activeCount(in: kind) > Self.mostToList
    }

    private func compareListed(
        _ kind: SetKind, isLedgerTrue: Bool, _ changes: inout Enforcer.Changes
    ) throws(NftablesError) -> [BanRecord] {
        var adopted: [BanRecord] = []
        var missing = Swift.Set(book.keys(in: kind))
        for element in try enforcer.list(kind) {
            guard let key = BanKey(element.key, in: kind) else { continue }
            if let record = book[key] {
                missing.remove(key)
                compare(element, record, &changes)
            } else if isLedgerTrue && isOurs(element) {
                changes.removed[kind, default: []].append(Element(element.key))
            } else if hasTime(element), let record = takeIn(element, as: key) {
                adopted.append(record)
            }
        }
        let elements = missing.compactMap { book[$0].flatMap(element) }
        if !elements.isEmpty { changes.added[kind, default: []] += elements }
        return adopted
    }

    private func isOurs(_ element: Element) -> Bool {
        element.comment.flatMap { BanComment($0) } != nil
    }

    /// Compares the ends only: what an element's comment says is for people.
    private func compareByKey(_ kind: SetKind) throws(NftablesError) {
        var position: Int? = 0
        while let start = position {
            let (ends, next) = book.ends(in: kind, from: start, limit: Self.partSize)
            position = next
            let now = clock.monotonic()
            var asked = ends[...]
            var damage = Damage()
            try enforcer.read(ends.map(\.key.elementKey), of: kind) { _, element in
                guard let (key, deadline) = asked.popFirst() else { return }
                if let element {
                    if !Self.isSame(deadline.map { $0 - now }, element) { damage.wrong.append(key) }
                } else {
                    damage.absent.append(key)
                }
            }
            if damage.count > 0 { try putRight(damage, kind) }
        }
    }

    private func compare(_ element: Element, _ record: BanRecord, _ changes: inout Enforcer.Changes) {
        guard !says(element, record), let wanted = self.element(record) else { return }
        changes.replaced[record.key.set, default: []].append(wanted)
    }

    /// Whether an element says of its ban what the book does.
    private func says(_ element: Element, _ record: BanRecord) -> Bool {
        let left = record.deadline.map { $0 - clock.monotonic() }
        return element.comment == BanComment(record).text && Self.isSame(left, element)
    }

    // MARK: Blocks

    /// Takes over blocks that are blocked for longer than the book knows of.
    private func adopt(_ reading: IntervalReading, _ kind: SetKind, isLedgerTrue: Bool) -> [BanRecord] {
        var adopted: [BanRecord] = []
        let known = cover(kind, changed: [:])
        for range in reading.ranges where hasTime(range.element) {
            guard !(isLedgerTrue && isOurs(range.element)) else { continue }
            let end = Self.left(range.element).map { clock.monotonic() + $0 - Audit.tolerance }
            for network in IPNetwork.blocks(from: range.first, through: range.last) {
                let segment = known.segment(holding: network.first)
                let isKnown =
                    segment.map { segment in
                        segment.last >= network.last
                            && !NetworkCover<BanKey>.endsLater(end, segment.deadline)
                    } ?? false
                if !isKnown, let record = takeIn(range.element, as: BanKey(network: network)) {
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

    /// Reads a ban back from the kernel: the element says until when, its comment says why and for whom. The evidence
    /// is not in the kernel and is lost.
    func adopt(_ element: Element, as key: BanKey) -> BanRecord? {
        let comment = element.comment.flatMap { BanComment($0) }
        let now = clock.monotonic()
        let left = Self.left(element)
        let age = left.flatMap { left in element.timeout.map { Milliseconds($0).rawValue - left } } ?? 0
        // What isn't ours must be an operator's, who has put it there by hand.
        return book.enter(
            BanRecord(
                key: key, deadline: left.map { now + $0 }, renewed: now - age, created: clock.wall() - age,
                strikes: comment?.strikes ?? 1, reason: comment?.reason ?? "adopted",
                caller: comment?.caller ?? "unknown", isOperators: comment?.isOperators ?? true,
                peer: comment?.peer))
    }
}
