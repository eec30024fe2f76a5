// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// What the book holds of a ban, or of the strikes of one that has ended: 64 bytes.
struct BanSlot {
    enum State: UInt8 { case unused, active, remembered }

    var key = BanKey.none
    var id: UInt64 = 0
    /// Of a ban its end, `.max` where it has none; of strikes when they are forgotten.
    var deadline: MonotonicMilliseconds = 0
    var renewed: MonotonicMilliseconds = 0
    /// Seconds since 1970.
    var created: UInt32 = 0
    /// Where the slot is in the heap that it is in; see ``EndHeap``.
    var place: UInt32 = 0
    var strikes: UInt16 = 0
    var reason: UInt16 = 0
    var caller: UInt16 = 0
    var state = State.unused
    var isOperators = false
}

/// Slots in chunks that never move: growing costs one chunk, not all of them over again.
struct BanSlots {
    private static var chunkSize: Int { 4096 }
    private var chunks: [ContiguousArray<BanSlot>] = []
    private(set) var count: UInt32 = 0

    subscript(_ slot: UInt32) -> BanSlot {
        get { chunks[Int(slot) / Self.chunkSize][Int(slot) % Self.chunkSize] }
        set { chunks[Int(slot) / Self.chunkSize][Int(slot) % Self.chunkSize] = newValue }
    }

    mutating func append() {
        if Int(count).isMultiple(of: Self.chunkSize) {
            var chunk = ContiguousArray<BanSlot>()
            chunk.reserveCapacity(Self.chunkSize)
            chunks.append(chunk)
        }
        chunks[chunks.count - 1].append(BanSlot())
        count += 1
    }

    fileprivate func deadline(_ slot: UInt32) -> MonotonicMilliseconds {
        chunks[Int(slot) / Self.chunkSize][Int(slot) % Self.chunkSize].deadline
    }

    fileprivate mutating func setPlace(_ place: Int, of slot: UInt32) {
        chunks[Int(slot) / Self.chunkSize][Int(slot) % Self.chunkSize].place = UInt32(place)
    }
}

/// Slots by their deadlines, the soonest first.
///
/// A binary heap of four bytes an entry: the deadlines are in the slots, and so are the places that the entries have
/// here. So one may leave from anywhere, and none is ever stale.
struct EndHeap {
    private(set) var members: [UInt32] = []

    var isEmpty: Bool { members.isEmpty }
    var count: Int { members.count }
    /// The slot whose deadline comes first.
    var first: UInt32? { members.first }

    mutating func insert(_ slot: UInt32, _ slots: inout BanSlots) {
        members.append(slot)
        rise(slot, from: members.count - 1, &slots)
    }

    /// Takes a slot out, before anything of it changes.
    mutating func remove(_ slot: UInt32, _ slots: inout BanSlots) {
        let place = Int(slots[slot].place)
        let last = members.removeLast()
        guard last != slot else { return }
        settle(last, at: place, &slots)
    }

    /// Puts a slot right whose deadline has changed.
    mutating func moved(_ slot: UInt32, _ slots: inout BanSlots) {
        settle(slot, at: Int(slots[slot].place), &slots)
    }

    private mutating func settle(_ slot: UInt32, at place: Int, _ slots: inout BanSlots) {
        if place > 0, slots.deadline(slot) < slots.deadline(members[(place - 1) / 2]) {
            rise(slot, from: place, &slots)
        } else {
            sink(slot, from: place, &slots)
        }
    }

    private mutating func rise(_ slot: UInt32, from start: Int, _ slots: inout BanSlots) {
        let deadline = slots.deadline(slot)
        var place = start
        while place > 0 {
            let above = members[(place - 1) / 2]
            guard deadline < slots.deadline(above) else { break }
            put(above, at: place, &slots)
            place = (place - 1) / 2
        }
        put(slot, at: place, &slots)
    }

    private mutating func sink(_ slot: UInt32, from start: Int, _ slots: inout BanSlots) {
        let deadline = slots.deadline(slot)
        var place = start
        while place * 2 + 1 < members.count {
            var below = place * 2 + 1
            if below + 1 < members.count,
                slots.deadline(members[below + 1]) < slots.deadline(members[below])
            {
                below += 1
            }
            guard slots.deadline(members[below]) < deadline else { break }
            put(members[below], at: place, &slots)
            place = below
        }
        put(slot, at: place, &slots)
    }

    private mutating func put(_ slot: UInt32, at place: Int, _ slots: inout BanSlots) {
        members[place] = slot
        slots.setPlace(place, of: slot)
    }
}
