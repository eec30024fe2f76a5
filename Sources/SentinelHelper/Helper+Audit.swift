// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Logging
internal import NIOCore
internal import Nftables
internal import SentinelConfiguration
internal import SentinelProtocol

// After somebody else has changed the ruleset, what the sets hold is compared with what they should: in a table that
// nobody owns, anyone may have flushed a set or deleted an element. What is missing is put back, what has been added by
// hand is taken into the book as an operator's. Small sets are listed. Large ones are read by key, a slice at a time; a
// slice that is mostly gone is filled without being read, and then the next follows at once.

/// How far the reading of large sets has come.
struct Audit {
    /// The sets that are still to be read, the first of them from `position` on.
    var kinds: ArraySlice<SetKind> = []
    var position = 0
    /// Whether somebody changed something since it began.
    var isDueAgain = false
    /// What had to be put right so far.
    var repaired = 0
    var began: MonotonicMilliseconds = 0
    /// A reading without a finding is followed by a rest of ten times its length, for all that others do.
    var restsUntil: MonotonicMilliseconds = 0
    var next: Scheduled<Void>?

    var isRunning: Bool { !kinds.isEmpty }

    mutating func stop() {
        next?.cancel()
        next = nil
        kinds = []
        isDueAgain = false
    }

    /// So many keys are read at a time: some milliseconds.
    static var slice: Int { 2000 }
    /// So many tell whether a slice is there at all.
    static var probe: Int { 64 }
    /// Between two slices, so that readings take a small part of a processor.
    static var pause: TimeAmount { .milliseconds(25) }
    /// In milliseconds: ends that are nearer to one another are the same, and nearer to now none that matters.
    static var tolerance: Int64 { 1000 }
}

/// What a set lacks.
struct Damage {
    var absent: [BanKey] = []
    var wrong: [BanKey] = []

    var count: Int { absent.count + wrong.count }
}

extension Helper {
    /// Compares all sets with what they should hold, and puts right what isn't so.
    func compareSets() throws(NftablesError) {
        var repaired: [SetKind: Int] = [:]
        var large: [SetKind] = []
        let fixed = fixedElements()
        for kind in SetKind.allCases where kind.check != nil || fixed[kind] != nil {
            do {
                if let wanted = fixed[kind] {
                    repaired[kind] = try compareFixed(kind, wanted)
                } else if kind.flags.contains(.interval) {
                    repaired[kind] = try compareBlocks(kind)
                } else if book.activeCount(in: kind) <= Self.mostToList {
                    repaired[kind] = try compareListed(kind)
                } else {
                    large.append(kind)
                }
            } catch  where error.code == .changedWhileReading {
                // Others change the ruleset all the time. What is read by key doesn't mind; the rest is tried again.
                let isReadable = kind.check != nil && !kind.flags.contains(.interval)
                if isReadable { large.append(kind) } else { enforcer.isSuspect = true }
            }
        }
        let damaged = repaired.filter { $0.value > 0 }.sorted { $0.key.rawValue < $1.key.rawValue }
        if !damaged.isEmpty {
            let sets = damaged.map { "\($0.key.name) (\($0.value))" }.joined(separator: ", ")
            tellRepaired("sets had been changed by somebody else, and are right again: \(sets)")
        }
        try compareLarge(large)
        try compareFeeds()
    }

    /// The sets that hold no bans. Whatever else is there goes.
    private func compareFixed(_ kind: SetKind, _ wanted: [Element]) throws(NftablesError) -> Int {
        let found = Swift.Set(
            try enforcer.list(kind).map { Element($0.key, isIntervalEnd: $0.isIntervalEnd) })
        let difference = found.symmetricDifference(wanted)
        guard !difference.isEmpty else { return 0 }
        try enforcer.rewrite([kind: wanted])
        return difference.count
    }

    private func compareListed(_ kind: SetKind) throws(NftablesError) -> Int {
        let listed = try enforcer.list(kind)
        let found = Dictionary(listed.map { ($0.key, $0) }) { a, _ in a }
        var damage = Damage()
        for key in book.keys(in: kind) { compare(key, found[key.elementKey], &damage) }
        var adopted: [BanRecord] = []
        for element in listed {
            guard let key = BanKey(element.key, in: kind), book[key] == nil, hasTime(element) else {
                continue
            }
            if let record = takeIn(element, as: key) { adopted.append(record) }
        }
        tell(adopted.map { BanChange(kind: .banned, record: $0) })
        try putRight(damage, kind)
        return damage.count
    }

    /// Compares one ban with the element that was found for it.
    private func compare(_ key: BanKey, _ element: Element?, _ damage: inout Damage) {
        guard let record = book[key], !waiting.contains(key) else { return }
        let left = record.deadline.map { $0 - clock.monotonic() }
        if let left, left < Audit.tolerance { return }
        guard let element else { return damage.absent.append(key) }
        if !Self.isSame(left, element) { damage.wrong.append(key) }
    }

    func putRight(_ damage: Damage, _ kind: SetKind) throws(NftablesError) {
        var changes = Enforcer.Changes()
        func elements(_ keys: [BanKey]) -> [Element] { keys.compactMap { book[$0].flatMap(element) } }
        if !damage.absent.isEmpty { changes.added[kind] = elements(damage.absent) }
        if !damage.wrong.isEmpty { changes.replaced[kind] = elements(damage.wrong) }
        do {
            try enforcer.apply(changes)
        } catch  where error.code == .setFull {
            letWait(damage.absent)
        }
    }

    /// In milliseconds; nil: for good.
    static func left(_ element: Element) -> Int64? {
        guard let timeout = element.timeout, timeout != .zero else { return nil }
        return Milliseconds(element.expiration ?? timeout).rawValue
    }

    /// Whether an element ends when it should. Of many that came at once the last came to the kernel later than was thought
    /// when their timeouts were written, and end as much later: that does no harm.
    ///
    /// - Parameter left: how long it should still last, in milliseconds; nil: for good.
    static func isSame(_ left: Int64?, _ element: Element) -> Bool {
        guard let left, let found = Self.left(element), let timeout = element.timeout else {
            return left == Self.left(element)
        }
        let late = max(Audit.tolerance, Milliseconds(timeout).rawValue / 100)
        return (left - Audit.tolerance...left + late).contains(found)
    }

    static func isSame(_ a: Int64?, _ b: Int64?) -> Bool {
        guard let a, let b else { return a == b }
        return abs(a - b) <= Audit.tolerance
    }

    func hasTime(_ element: Element) -> Bool {
        Self.left(element).map { $0 > Audit.tolerance } ?? true
    }

    /// Takes what somebody has put in by hand into the book, while there is room.
    func takeIn(_ element: Element, as key: BanKey) -> BanRecord? {
        guard book.activeCount(in: key.set) < key.set.capacity(configuration.capacity) ?? 0 else {
            return nil
        }
        return adopt(element, as: key)
    }

    // MARK: Blocks

    private func compareBlocks(_ kind: SetKind) throws(NftablesError) -> Int {
        let listed = try enforcer.list(kind)
        let found = IntervalReading(listed).ranges.filter { hasTime($0.element) }
        let wanted = (covers[kind]?.segments ?? []).filter { segment in
            segment.deadline.map { $0 - clock.monotonic() > Audit.tolerance } ?? true
        }
        let lacking = wanted.filter { segment in
            let left = segment.deadline.map { $0 - clock.monotonic() }
            return !found.contains {
                $0.first == segment.first && $0.last == segment.last
                    && Self.isSame(Self.left($0.element), left)
            }
        }
        let added = found.filter { range in
            !wanted.contains { $0.first <= range.last && range.first <= $0.last }
        }
        guard !lacking.isEmpty || found.count != wanted.count else { return 0 }
        let adopted = added.flatMap { range in
            IPNetwork.blocks(from: range.first, through: range.last).compactMap {
                takeIn(range.element, as: BanKey(network: $0))
            }
        }
        tell(adopted.map { BanChange(kind: .banned, record: $0) })
        recover(covers: [kind])
        let counters = Dictionary(
            listed.filter { !$0.isIntervalEnd }.map { ($0.key, $0.counter) }
        ) { a, _ in a }
        let elements = intervalElements(covers[kind]?.segments ?? []).map {
            $0.counting(from: counters[$0.key] ?? nil)
        }
        try enforcer.rewrite([kind: elements])
        return lacking.isEmpty ? found.count - wanted.count - added.count : lacking.count
    }

    // MARK: Large sets

    /// Reads the beginning of large sets now, which shows whether they were emptied, and the rest by and by.
    private func compareLarge(_ kinds: [SetKind]) throws(NftablesError) {
        guard !kinds.isEmpty else { return }
        var isDamaged = false
        for kind in kinds {
            let damaged = try compareSlice(of: kind, from: 0).damaged
            audit.repaired += damaged
            isDamaged = isDamaged || damaged > 0
        }
        if audit.isRunning, !isDamaged {
            audit.isDueAgain = true
        } else {
            beginReading(kinds, now: isDamaged)
        }
    }

    private func beginReading(_ kinds: [SetKind], now: Bool) {
        audit.stop()
        audit.kinds = kinds[...]
        audit.position = 0
        let rest = now ? 0 : max(0, audit.restsUntil - clock.monotonic())
        audit.began = clock.monotonic() + rest
        scheduleSlice(in: .milliseconds(rest))
    }

    private func scheduleSlice(in delay: TimeAmount) {
        audit.next = eventLoop.scheduleTask(in: delay) { [weak self] in
            self?.assumeIsolated { $0.readSlice() }
        }
    }

    private func readSlice() {
        guard let kind = audit.kinds.first, missing == nil, enforcer.mode != .released else { return }
        do {
            let (damaged, next) = try compareSlice(of: kind, from: audit.position)
            audit.repaired += damaged
            audit.position = next ?? 0
            if next == nil { audit.kinds.removeFirst() }
            if audit.isRunning {
                scheduleSlice(in: damaged > 0 ? .zero : Audit.pause)
            } else {
                endReading()
            }
        } catch {
            logger.error("\(error)")
            audit.stop()
            enforcer.isSuspect = true
        }
    }

    private func endReading() {
        let now = clock.monotonic()
        if audit.repaired == 0 {
            audit.restsUntil = now + 10 * (now - audit.began)
        } else {
            tellRepaired(
                "large sets had been changed by somebody else, and are right again: \(audit.repaired) elements"
            )
        }
        audit.repaired = 0
        // Whoever changes something else each moment has it looked at once in a rest.
        if audit.isDueAgain { enforcer.isSuspect = true }
        audit.stop()
    }

    private func compareSlice(
        of kind: SetKind, from position: Int
    ) throws(NftablesError) -> (damaged: Int, next: Int?) {
        let (ends, next) = book.ends(in: kind, from: position, limit: Audit.slice)
        let keys = ends.map(\.key)
        var damage = try compare(keys.prefix(Audit.probe), kind)
        if damage.absent.count * 2 > Audit.probe {
            do {
                try enforcer.fill(
                    kind, with: keys.filter { !waiting.contains($0) }.compactMap { book[$0].flatMap(element) }
                )
            } catch  where error.code == .setFull {
                letWait(keys)
            }
            return (keys.count, next)
        }
        let rest = try compare(keys.dropFirst(Audit.probe), kind)
        damage.absent += rest.absent
        damage.wrong += rest.wrong
        try putRight(damage, kind)
        return (damage.count, next)
    }

    private func compare(_ keys: ArraySlice<BanKey>, _ kind: SetKind) throws(NftablesError) -> Damage {
        let found = Dictionary(
            try enforcer.read(keys.map(\.elementKey), of: kind).map { ($0.key, $0) }
        ) { a, _ in a }
        var damage = Damage()
        for key in keys { compare(key, found[key.elementKey], &damage) }
        return damage
    }
}
