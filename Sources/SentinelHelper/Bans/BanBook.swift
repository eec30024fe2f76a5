// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// All bans in force, and the strikes of those that have ended and aren't forgotten.
///
/// In memory, and made for a million: 64 bytes a ban, 4 more to find it and 4 to end it in time. Texts that few bans
/// have lie beside. Ended bans are kept for their strikes, only while there is room: those that would be forgotten first
/// are out first.
struct BanBook {
    /// How many entries there may be, bans and remembered strikes together. Bans come first.
    var capacity: Int
    /// How many bans are in force.
    private(set) var activeCount = 0
    private var activeCounts = SetCounts()
    private var slots = BanSlots()
    private var free: [UInt32] = []
    private var index = SlotIndex<BanKey>()
    private var texts: [UInt32: Texts] = [:]
    private var lots = BanLots()
    /// Remembered strikes, by when they are forgotten.
    private var oblivions = EndHeap()
    private var reasons = Names()
    private var callers = Names()
    /// The least id that no ban has had.
    private(set) var nextID: UInt64 = 1

    init(capacity: Int) { self.capacity = capacity }

    // MARK: Storage

    private struct Texts {
        var peer: String?
        var detail: String?
        var subject: String?
    }

    private subscript(_ slot: UInt32) -> BanSlot {
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

    /// Whether there is a ban in force with this key, and its strikes: what there are otherwise, as ``strikes(of:)``.
    func standing(of key: BanKey) -> (isInForce: Bool, strikes: (count: Int, last: MonotonicMilliseconds)) {
        guard let slot = slot(key) else { return (false, (0, .min)) }
        return (self[slot].state == .active, (Int(self[slot].strikes), self[slot].renewed))
    }

    /// How many strikes the key has that still count, and when the last was.
    func strikes(of key: BanKey) -> (count: Int, last: MonotonicMilliseconds) {
        slot(key).map { (Int(self[$0].strikes), self[$0].renewed) } ?? (0, .min)
    }

    /// How many bans are in force in a set.
    func activeCount(in set: SetKind) -> Int { activeCounts[set] }

    /// Who has bans in force in a set, and how many; operators' left out.
    func holders(in set: SetKind) -> [(caller: String, count: Int)] {
        lots.all.compactMap { lot in
            guard lot.set == set, let caller = lot.caller, !lot.heap.isEmpty else { return nil }
            return (callers[caller], lot.heap.count)
        }
    }

    /// A way through a caller's bans in a set, from the one that ends first on; nil where it has none.
    func walk(of caller: String, in set: SetKind) -> EndWalk? {
        callers.known(caller).flatMap { lots.lot(set, of: $0) }.map { EndWalk($0.heap.members, slots) }
    }

    /// The next ban on the way through a caller's bans in a set.
    func next(_ walk: inout EndWalk, of caller: String, in set: SetKind) -> BanRecord? {
        guard let lot = callers.known(caller).flatMap({ lots.lot(set, of: $0) }) else { return nil }
        return walk.next(lot.heap.members, slots).map { record($0) }
    }

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

    /// A ban in force that matches; nil where there is none.
    func first(where matches: (BanRecord) -> Bool) -> BanRecord? {
        for slot in 0..<used where self[slot].state == .active {
            let record = record(slot)
            if matches(record) { return record }
        }
        return nil
    }

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
        lots.all.filter { $0.set == set }.flatMap { lot in lot.heap.members.map { self[$0].key } }
    }

    /// The keys of some of the bans in force in a set and when they end, from a position on, and where to go on; nil at
    /// the end.
    ///
    /// - Parameter matches: which bans; nil: all.
    func ends(
        in set: SetKind, from start: Int, limit: Int, where matches: ((BanRecord) -> Bool)? = nil
    ) -> (ends: [(key: BanKey, deadline: MonotonicMilliseconds?)], next: Int?) {
        var ends: [(key: BanKey, deadline: MonotonicMilliseconds?)] = []
        var position = start
        while position < Int(used), ends.count < limit, position - start < Self.pageScan {
            let slot = self[UInt32(position)]
            if slot.state == .active, slot.key.set == set, matches?(record(UInt32(position))) ?? true {
                ends.append((slot.key, slot.deadline == .max ? nil : slot.deadline))
            }
            position += 1
        }
        return (ends, position < Int(used) ? position : nil)
    }

    /// What is remembered of a key whose ban has ended.
    struct Strikes: Hashable, Sendable {
        var key: BanKey
        /// That of the ban.
        var id: UInt64
        var count: Int
        /// When the last ban was granted or renewed.
        var last: MonotonicMilliseconds
        /// When they are forgotten.
        var forgotten: MonotonicMilliseconds
    }

    /// The strikes that are remembered of bans that have ended, from a position on, and where to go on; nil at the end.
    func strikesPage(from start: Int, limit: Int) -> (strikes: [Strikes], next: Int?) {
        var found: [Strikes] = []
        var position = start
        while position < Int(used), found.count < limit, position - start < Self.pageScan {
            let slot = self[UInt32(position)]
            if slot.state == .remembered {
                found.append(
                    Strikes(
                        key: slot.key, id: slot.id, count: Int(slot.strikes), last: slot.renewed,
                        forgotten: slot.deadline))
            }
            position += 1
        }
        return (found, position < Int(used) ? position : nil)
    }

    /// So many ended bans' strikes are kept: while all entries together are three eighths of what there may be, and a
    /// sixteenth in any case. A flood of new addresses that is banned and evicted would fill all of it otherwise.
    private var mostRemembered: Int { max(capacity * 3 / 8 - activeCount, capacity / 16, 65_536) }

    // MARK: Changing

    /// Gives no ban an id below this from now on.
    mutating func reserveIDs(below id: UInt64) { nextID = max(nextID, id) }

    /// Remembers strikes of a ban that has ended before. Of a key that is known already the later ones count.
    mutating func remember(_ strikes: Strikes) {
        reserveIDs(below: strikes.id + 1)
        let place: UInt32
        if let slot = slot(strikes.key) {
            guard self[slot].state == .remembered, self[slot].renewed < strikes.last else { return }
            oblivions.remove(slot, &slots)
            place = slot
        } else {
            guard activeCount < capacity, oblivions.count < mostRemembered, let slot = allocate() else {
                return
            }
            place = slot
        }
        let isNew = self[place].state == .unused
        self[place] = BanSlot(
            key: strikes.key, id: strikes.id, deadline: strikes.forgotten, renewed: strikes.last,
            strikes: UInt16(clamping: strikes.count), reason: reasons.number(""), caller: callers.number(""),
            state: .remembered)
        if isNew { enterIndex(place) }
        oblivions.insert(place, &slots)
    }

    /// Makes place for so many bans and strikes at once, while there are none.
    mutating func reserve(_ entries: Int) { index.reserve(min(entries, capacity)) }

    /// Takes in a ban as it was before this run. Of two with the same key the one that ends later holds.
    ///
    /// - Returns: the id of the one that has no place; nil where none is left out.
    mutating func restore(_ record: BanRecord) -> UInt64? {
        reserveIDs(below: record.id + 1)
        guard let slot = slot(record.key) else {
            guard let place = allocate() else { return record.id }
            store(record, in: place)
            return nil
        }
        guard self[slot].state == .active else {
            store(record, in: slot)
            return nil
        }
        let present = self[slot]
        let end = present.deadline == .max ? nil : present.deadline
        guard NetworkCover<BanKey>.endsLater(record.deadline, end) else { return record.id }
        store(record, in: slot)
        return present.id
    }

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
        let new = BanSlot(
            key: record.key, id: record.id, deadline: record.deadline ?? .max, renewed: record.renewed,
            created: UInt32(clamping: record.created / 1000), strikes: UInt16(clamping: record.strikes),
            reason: reasons.number(record.reason), caller: callers.number(record.caller), state: .active,
            isOperators: record.isOperators)
        var hadTexts = false
        switch self[place].state {
        case .active:
            lots.replace(place, by: new, &slots)
            hadTexts = true
        case .remembered:
            oblivions.remove(place, &slots)
            activate(place, new)
        case .unused:
            activate(place, new)
            enterIndex(place)
        }
        let hasTexts = record.peer != nil || record.detail != nil || record.subject != nil
        guard hasTexts || hadTexts else { return }
        texts[place] =
            hasTexts ? Texts(peer: record.peer, detail: record.detail, subject: record.subject) : nil
    }

    private mutating func activate(_ place: UInt32, _ new: BanSlot) {
        self[place] = new
        lots.insert(place, &slots)
        count(new.key.set, by: 1)
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
        while expired.count < limit, let first = lots.first, first.end <= now {
            let record = record(first.slot)
            expired.append(record)
            remember(first.slot, until: forget(record))
        }
        var forgotten = 0
        while forgotten < limit, let slot = oblivions.first, self[slot].deadline <= now {
            release(slot)
            forgotten += 1
        }
        return expired
    }

    /// When the next ban ends.
    var nextEnd: MonotonicMilliseconds? { lots.first?.end }

    /// Puts the ends of all bans off: so much later the kernel has been given them.
    mutating func postpone(by delay: Int64) {
        for slot in 0..<used where self[slot].state == .active && self[slot].deadline != .max {
            self[slot].deadline = self[slot].deadline.addingSaturating(delay)
            self[slot].renewed = self[slot].renewed.addingSaturating(delay)
        }
        lots.notePostponed(slots)
    }

    private mutating func remember(_ slot: UInt32, until forget: MonotonicMilliseconds) {
        count(self[slot].key.set, by: -1)
        lots.remove(slot, &slots)
        self[slot].state = .remembered
        self[slot].deadline = forget
        texts[slot] = nil
        oblivions.insert(slot, &slots)
        while oblivions.count > mostRemembered, let first = oblivions.first { release(first) }
    }

    private mutating func release(_ slot: UInt32) {
        oblivions.remove(slot, &slots)
        leaveIndex(slot)
        self[slot].state = .unused
        free.append(slot)
    }

    /// A slot that is free, or that only remembers strikes: the ones that would be forgotten first.
    private mutating func allocate() -> UInt32? {
        if let slot = free.popLast() { return slot }
        if Int(used) < capacity, oblivions.count <= mostRemembered {
            slots.append()
            return used - 1
        }
        guard let slot = oblivions.first else { return nil }
        release(slot)
        return free.popLast()
    }

    private mutating func count(_ set: SetKind, by change: Int) {
        activeCount += change
        activeCounts[set] += change
    }
}
