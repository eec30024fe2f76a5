// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import HeapModule

/// The bans in force of one caller in one set, or of all operators there, in the order they end in.
struct BanLot {
    let set: SetKind
    /// The caller's number; nil: they are operators'.
    let caller: UInt16?
    var heap = EndHeap()
    /// When the first of them ends; `.max`: none of them does.
    var soonest = MonotonicMilliseconds.max
}

/// All lots. Callers are users of this host, so there are few, and looking through them all costs little.
struct BanLots {
    private(set) var all: [BanLot] = []
    private var numbers: [UInt32: Int] = [:]

    private static func code(_ set: SetKind, _ caller: UInt16?) -> UInt32 {
        UInt32(set.rawValue) << 17 | (caller.map { UInt32($0) << 1 } ?? 1)
    }

    /// The lot of a caller in a set; nil where it never had a ban there.
    func lot(_ set: SetKind, of caller: UInt16?) -> BanLot? {
        numbers[Self.code(set, caller)].map { all[$0] }
    }

    private mutating func number(for slot: BanSlot) -> Int {
        let caller = slot.isOperators ? nil : slot.caller
        let code = Self.code(slot.key.set, caller)
        if let number = numbers[code] { return number }
        all.append(BanLot(set: slot.key.set, caller: caller))
        numbers[code] = all.count - 1
        return all.count - 1
    }

    /// Takes a ban in.
    mutating func insert(_ slot: UInt32, _ slots: inout BanSlots) {
        let number = number(for: slots[slot])
        all[number].heap.insert(slot, &slots)
        note(number, slots)
    }

    /// Takes a ban out, before anything of its slot changes.
    mutating func remove(_ slot: UInt32, _ slots: inout BanSlots) {
        let number = number(for: slots[slot])
        all[number].heap.remove(slot, &slots)
        note(number, slots)
    }

    /// Puts another in the place of what a ban's slot holds; both are in force.
    mutating func replace(_ slot: UInt32, by new: BanSlot, _ slots: inout BanSlots) {
        let number = number(for: slots[slot])
        guard number == self.number(for: new) else {
            remove(slot, &slots)
            slots[slot] = new
            insert(slot, &slots)
            return
        }
        var new = new
        new.place = slots[slot].place
        slots[slot] = new
        all[number].heap.moved(slot, &slots)
        note(number, slots)
    }

    private mutating func note(_ number: Int, _ slots: BanSlots) {
        all[number].soonest = all[number].heap.first.map { slots[$0].deadline } ?? .max
    }

    /// The ban that ends first; nil where none ever does.
    var first: (slot: UInt32, end: MonotonicMilliseconds)? {
        guard let lot = all.min(by: { $0.soonest < $1.soonest }), lot.soonest < .max,
            let slot = lot.heap.first
        else { return nil }
        return (slot, lot.soonest)
    }

    /// Puts all ends off by the same time, which changes no order.
    mutating func notePostponed(_ slots: BanSlots) {
        for number in all.indices { note(number, slots) }
    }
}

/// A way through a lot from the ban that ends first to the one that ends last. As long as the book doesn't change.
struct EndWalk {
    private struct Stop: Comparable {
        var deadline: MonotonicMilliseconds
        var place: Int

        static func < (a: Self, b: Self) -> Bool { a.deadline < b.deadline }
    }

    private var ahead = Heap<Stop>()

    /// - Parameter members: a lot's, in the heap's order.
    init(_ members: [UInt32], _ slots: BanSlots) { see(0, members, slots) }

    private mutating func see(_ place: Int, _ members: [UInt32], _ slots: BanSlots) {
        guard place < members.count else { return }
        ahead.insert(Stop(deadline: slots[members[place]].deadline, place: place))
    }

    /// The slot of the next ban.
    mutating func next(_ members: [UInt32], _ slots: BanSlots) -> UInt32? {
        guard let stop = ahead.popMin() else { return nil }
        see(stop.place * 2 + 1, members, slots)
        see(stop.place * 2 + 2, members, slots)
        return members[stop.place]
    }
}
