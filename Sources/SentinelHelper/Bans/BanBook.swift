// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import HeapModule

/// All bans in force, and the strikes of those that have ended and aren't forgotten.
///
/// In memory, and made for a million: 64 bytes a ban, 4 more to find it and 16 to end it in time. Texts that few
/// bans have lie beside. Ended bans are kept for their strikes, oldest out first, only while there is room.
struct BanBook {
    /// How many entries there may be, bans and remembered strikes together. Bans come first.
    var capacity: Int
    /// How many bans are in force.
    private(set) var activeCount = 0
    private var activeCounts = Array(repeating: 0, count: SetKind.allCases.count)
    private var slots = Slots()
    private var free: [UInt32] = []
    private var index = SlotIndex<BanKey>()
    private var texts: [UInt32: Texts] = [:]
    private var ends = Heap<End>()
    private var oblivions = Heap<End>()
    private var reasons = Names()
    private var callers = Names()
    private var nextID: UInt64 = 1

    init(capacity: Int) { self.capacity = capacity }

    // MARK: Storage

    /// Slots in chunks that never move: growing costs one chunk, not all of them over again.
    private struct Slots {
        private static var chunkSize: Int { 4096 }
        private var chunks: [ContiguousArray<Slot>] = []
        private(set) var count: UInt32 = 0

        subscript(_ slot: UInt32) -> Slot {
            get { chunks[Int(slot) / Self.chunkSize][Int(slot) % Self.chunkSize] }
            set { chunks[Int(slot) / Self.chunkSize][Int(slot) % Self.chunkSize] = newValue }
        }

        mutating func append(_ slot: Slot) {
            if Int(count).isMultiple(of: Self.chunkSize) {
                var chunk = ContiguousArray<Slot>()
                chunk.reserveCapacity(Self.chunkSize)
                chunks.append(chunk)
            }
            chunks[chunks.count - 1].append(slot)
            count += 1
        }
    }

    private struct Slot {
        var key: BanKey
        var id: UInt64
        var deadline: MonotonicMilliseconds
        var renewed: MonotonicMilliseconds
        /// Seconds since 1970.
        var created: UInt32
        var strikes: UInt16
        var reason: UInt16
        var caller: UInt16
        var state: State
        var isOperators: Bool
    }

    private enum State: UInt8 { case unused, active, remembered }

    private struct Texts {
        var peer: String?
        var detail: String?
        var subject: String?
    }

    /// A point at which a slot may change its state. Stale where the slot's own times say otherwise by then.
    private struct End: Comparable {
        var at: MonotonicMilliseconds
        var slot: UInt32

        static func < (a: Self, b: Self) -> Bool { a.at < b.at }
    }

    private subscript(_ slot: UInt32) -> Slot {
        get { slots[slot] }
        set { slots[slot] = newValue }
    }

    private var used: UInt32 { slots.count }

    // The slots are lent to the index by a copy that lives no longer than these, so that nothing is copied.

    private mutating func enterIndex(_ slot: UInt32) {
        let slots = slots
        index.insert(slot, key: slots[slot].key) { slots[$0].key }
    }

    private mutating func leaveIndex(_ slot: UInt32) {
        let slots = slots
        index.remove(slots[slot].key) { slots[$0].key }
    }

    private func slot(_ key: BanKey) -> UInt32? { index.slot(of: key) { self[$0].key } }

    private func record(_ slot: UInt32) -> BanRecord {
        let stored = self[slot]
        let texts = texts[slot]
        return BanRecord(
            key: stored.key, id: stored.id, deadline: stored.deadline == .max ? nil : stored.deadline,
            renewed: stored.renewed, created: Int64(stored.created) * 1000, strikes: Int(stored.strikes),
            reason: reasons[stored.reason], caller: callers[stored.caller], isOperators: stored.isOperators,
            peer: texts?.peer, detail: texts?.detail, subject: texts?.subject)
    }

    // MARK: Reading

    /// The ban in force with this key.
    subscript(_ key: BanKey) -> BanRecord? {
        slot(key).flatMap { self[$0].state == .active ? record($0) : nil }
    }

    /// How many strikes the key has that still count, and when the last was.
    func strikes(of key: BanKey) -> (count: Int, last: MonotonicMilliseconds) {
        slot(key).map { (Int(self[$0].strikes), self[$0].renewed) } ?? (0, .min)
    }

    /// How many bans are in force in a set.
    func activeCount(in set: SetKind) -> Int { activeCounts[Int(set.rawValue)] }

    /// The bans in force, from a position on, and where to go on; nil at the end.
    func page(from start: Int, limit: Int, where matches: (BanRecord) -> Bool) -> (
        bans: [BanRecord], next: Int?
    ) {
        var bans: [BanRecord] = []
        var position = start
        while position < Int(used), bans.count < limit, position - start < Self.pageScan {
            if self[UInt32(position)].state == .active {
                let record = record(UInt32(position))
                if matches(record) { bans.append(record) }
            }
            position += 1
        }
        return (bans, position < Int(used) ? position : nil)
    }

    /// How many entries one page looks at, at most: so that no page takes long, however little it finds.
    private static var pageScan: Int { 50_000 }

    /// All bans in force that match.
    func all(where matches: (BanRecord) -> Bool) -> [BanRecord] {
        (0..<used).compactMap { slot in
            guard self[slot].state == .active else { return nil }
            let record = record(slot)
            return matches(record) ? record : nil
        }
    }

    /// The keys of the bans in force in a set, in no order.
    func keys(in set: SetKind) -> [BanKey] {
        (0..<used).compactMap { self[$0].state == .active && self[$0].key.set == set ? self[$0].key : nil }
    }

    // MARK: Changing

    /// Enters a ban, or puts it in the place of the one with the same key, whose id and beginning it keeps.
    ///
    /// - Returns: the ban as it is entered; nil where the book is full of bans in force.
    mutating func enter(_ record: BanRecord) -> BanRecord? {
        var record = record
        let place: UInt32
        if let slot = slot(record.key) {
            place = slot
            if self[slot].state == .active {
                record.id = self[slot].id
                record.created = Int64(self[slot].created) * 1000
            }
        } else {
            guard let slot = allocate() else { return nil }
            place = slot
        }
        if record.id == 0 {
            record.id = nextID
            nextID += 1
        } else {
            nextID = max(nextID, record.id + 1)
        }
        store(record, in: place)
        return record
    }

    private mutating func store(_ record: BanRecord, in place: UInt32) {
        let before = self[place]
        self[place] = Slot(
            key: record.key, id: record.id, deadline: record.deadline ?? .max, renewed: record.renewed,
            created: UInt32(clamping: record.created / 1000), strikes: UInt16(clamping: record.strikes),
            reason: reasons.number(record.reason), caller: callers.number(record.caller), state: .active,
            isOperators: record.isOperators)
        if before.state == .unused { enterIndex(place) }
        if before.state != .active { count(record.key.set, by: 1) }
        let hasTexts = record.peer != nil || record.detail != nil || record.subject != nil
        texts[place] =
            hasTexts ? Texts(peer: record.peer, detail: record.detail, subject: record.subject) : nil
        guard let deadline = record.deadline else { return }
        if before.state != .active || before.deadline != deadline {
            ends.insert(End(at: deadline, slot: place))
        }
        if ends.count > 2 * Int(used) + 1024 { dropStaleEnds() }
    }

    /// Renewals leave stale entries behind. As many of them as there are slots, and they are thrown out.
    private mutating func dropStaleEnds() {
        ends = Heap(
            (0..<used).compactMap { slot in
                self[slot].state == .active && self[slot].deadline != .max
                    ? End(at: self[slot].deadline, slot: slot) : nil
            })
    }

    /// Ends the ban with this key; its strikes are remembered.
    ///
    /// - Parameter forget: when the strikes are forgotten.
    /// - Returns: the ban as it was; nil where there is none.
    mutating func end(_ key: BanKey, forget: MonotonicMilliseconds) -> BanRecord? {
        guard let slot = slot(key), self[slot].state == .active else { return nil }
        let record = record(slot)
        remember(slot, until: forget)
        return record
    }

    /// Ends bans whose time is over, and forgets strikes that are old enough.
    ///
    /// - Parameters:
    ///   - forget: when the strikes of a ban are forgotten.
    ///   - limit: how many of each, at most.
    mutating func expire(
        at now: MonotonicMilliseconds, limit: Int, forget: (BanRecord) -> MonotonicMilliseconds
    ) -> [BanRecord] {
        var expired: [BanRecord] = []
        while expired.count < limit, let end = ends.min, end.at <= now {
            ends.removeMin()
            guard self[end.slot].state == .active, self[end.slot].deadline == end.at else { continue }
            let record = record(end.slot)
            expired.append(record)
            remember(end.slot, until: forget(record))
        }
        var forgotten = 0
        while forgotten < limit, let oblivion = oblivions.min, oblivion.at <= now {
            if forgetFirst() { forgotten += 1 }
        }
        return expired
    }

    /// How many ends are noted, stale ones among them.
    var pendingEnds: Int { ends.count }

    /// When the next ban ends.
    var nextEnd: MonotonicMilliseconds? { ends.min?.at }

    private mutating func remember(_ slot: UInt32, until forget: MonotonicMilliseconds) {
        count(self[slot].key.set, by: -1)
        self[slot].state = .remembered
        self[slot].deadline = forget
        texts[slot] = nil
        oblivions.insert(End(at: forget, slot: slot))
    }

    /// Takes the entry off that is forgotten first.
    ///
    /// - Returns: whether a slot became free; not so where the entry was stale, its slot banned again.
    private mutating func forgetFirst() -> Bool {
        guard let oblivion = oblivions.popMin(), self[oblivion.slot].state == .remembered,
            self[oblivion.slot].deadline == oblivion.at
        else { return false }
        release(oblivion.slot)
        return true
    }

    private mutating func release(_ slot: UInt32) {
        leaveIndex(slot)
        self[slot].state = .unused
        free.append(slot)
    }

    /// A slot that is free, or that only remembers strikes: the ones that would be forgotten first.
    private mutating func allocate() -> UInt32? {
        if let slot = free.popLast() { return slot }
        if Int(used) < capacity {
            let blank = Slot(
                key: BanKey.none, id: 0, deadline: 0, renewed: 0, created: 0, strikes: 0, reason: 0,
                caller: 0,
                state: .unused, isOperators: false)
            slots.append(blank)
            return used - 1
        }
        while !oblivions.isEmpty {
            if forgetFirst() { return free.popLast() }
        }
        return nil
    }

    private mutating func count(_ set: SetKind, by change: Int) {
        activeCount += change
        activeCounts[Int(set.rawValue)] += change
    }
}

/// Texts that many share, each held once and known by a number.
private struct Names {
    private var names: [String] = []
    private var numbers: [String: UInt16] = [:]

    subscript(_ number: UInt16) -> String { names[Int(number)] }

    mutating func number(_ name: String) -> UInt16 {
        if let number = numbers[name] { return number }
        guard names.count < Int(UInt16.max) else { return overflow() }
        names.append(name)
        numbers[name] = UInt16(names.count - 1)
        return UInt16(names.count - 1)
    }

    /// A caller that makes up tens of thousands of reasons has them told as one.
    private mutating func overflow() -> UInt16 {
        if let number = numbers["other"] { return number }
        names.append("other")
        numbers["other"] = UInt16(names.count - 1)
        return UInt16(names.count - 1)
    }
}
