// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// What a flat table is searched by.
protocol TableKey: Equatable, Sendable, BitwiseCopyable {
    /// What an empty slot holds; any value will do.
    static var vacant: Self { get }

    /// A hash that nobody can steer who doesn't know the seed.
    func hash(_ seed: HashSeed) -> UInt64
}

/// What a flat table holds for each key.
protocol TableValue: Sendable, BitwiseCopyable {
    /// What an empty slot holds.
    static var vacant: Self { get }

    /// Whether this is what an empty slot holds. No key has such a value.
    var isVacant: Bool { get }
}

/// A hash table in one flat array, so that a search mostly reads one cache line, whether it finds or not.
///
/// Linear probing at up to three quarters full; a removal moves what follows back, so that nothing but keys and
/// free slots is ever in the way of a search.
struct FlatTable<Key: TableKey, Value: TableValue>: Sendable {
    private struct Slot: Sendable, BitwiseCopyable {
        var key: Key
        var value: Value

        static var vacant: Slot { Slot(key: .vacant, value: .vacant) }
    }

    private var slots: [Slot] = []
    /// For each slot seven bits of its key's hash and a one, or zero where the slot is free. The first
    /// ``window`` of them are repeated behind the last, so that a window never has to wrap around.
    private var marks: [UInt8] = []
    private let seed: HashSeed

    /// How many keys there are.
    private(set) var count = 0

    init(seed: HashSeed) {
        self.seed = seed
    }

    /// How many slots there are.
    var capacity: Int { slots.count }

    /// Whether one more key needs more room.
    private var isFull: Bool { (count + 1) * 4 > capacity * 3 }

    private var grownCapacity: Int { max(16, capacity + capacity / 2) }

    /// Makes room for so many keys besides those that there are.
    mutating func reserveCapacity(adding more: Int) {
        let all = count + more
        let needed = all + all / 3 + 1
        if needed > capacity { rebuild(capacity: needed) }
    }

    subscript(key: Key) -> Value? {
        guard let index = find(key) else { return nil }
        return slots[index].value
    }

    /// Sets the key's value; gives the one it had.
    @discardableResult
    mutating func update(_ key: Key, to value: Value) -> Value? {
        if let index = find(key) {
            let old = slots[index].value
            slots[index].value = value
            return old
        }
        if isFull { rebuild(capacity: grownCapacity) }
        insert(Slot(key: key, value: value))
        return nil
    }

    /// Removes the key; gives the value it had.
    @discardableResult
    mutating func remove(_ key: Key) -> Value? {
        guard let index = find(key) else { return nil }
        let old = slots[index].value
        close(index)
        return old
    }

    /// Removes every key that `isUnwanted` holds for. The table keeps its size.
    mutating func removeAll(where isUnwanted: (Key, Value) -> Bool) {
        rebuild(capacity: capacity) { !isUnwanted($0, $1) }
    }

    /// Where one more key needs more room, removes what `isUnwanted` holds for, and grows unless at least half
    /// of the room is free then. So each look at all keys is paid for by as many insertions.
    mutating func makeRoom(dropping isUnwanted: (Key, Value) -> Bool) {
        guard isFull else { return }
        var wanted = 0
        visit { key, value in
            if !isUnwanted(key, value) { wanted += 1 }
        }
        let isRoomy = capacity > 0 && wanted * 8 <= capacity * 3
        rebuild(capacity: isRoomy ? capacity : grownCapacity) { !isUnwanted($0, $1) }
    }

    /// Adds what another table holds and this one doesn't.
    ///
    /// - Parameter transform: makes its values this table's; what it gives nil for is left out.
    mutating func merge(_ other: FlatTable, _ transform: (Value) -> Value?) {
        other.visit { key, value in
            if self[key] == nil, let value = transform(value) { update(key, to: value) }
        }
    }

    /// Calls `body` with every key and its value, in no order.
    func visit(_ body: (Key, Value) -> Void) {
        for slot in slots where !slot.value.isVacant {
            body(slot.key, slot.value)
        }
    }

    // MARK: - Places

    private static var window: Int { 8 }
    private static var highBits: UInt64 { 0x8080_8080_8080_8080 }
    private static var lowBits: UInt64 { 0x0101_0101_0101_0101 }

    /// The slot where a search for this hash begins: the hash's high bits, scaled to the number of slots.
    @inline(__always)
    private func home(_ hash: UInt64) -> Int {
        Int(truncatingIfNeeded: hash.multipliedFullWidth(by: UInt64(truncatingIfNeeded: capacity)).high)
    }

    @inline(__always)
    private func next(_ index: Int, by step: Int = 1) -> Int {
        let next = index + step
        return next < capacity ? next : next - capacity
    }

    @inline(__always)
    private static func mark(_ hash: UInt64) -> UInt8 {
        UInt8(truncatingIfNeeded: hash) | 0x80
    }

    /// The slot that holds the key.
    @inline(__always)
    private func find(_ key: Key) -> Int? {
        guard count > 0 else { return nil }
        let hash = key.hash(seed)
        let pattern = UInt64(Self.mark(hash)) &* Self.lowBits
        var index = home(hash)
        while true {
            // Eight marks at once, the first in the lowest bits.
            let word = UInt64(
                littleEndian: marks.span.bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self))
            let difference = word ^ pattern
            // A one for each mark that is equal, and for some that aren't: their keys tell.
            var matches = (difference &- Self.lowBits) & ~difference & Self.highBits
            while matches != 0 {
                let slot = next(index, by: matches.trailingZeroBitCount >> 3)
                if slots[slot].key == key { return slot }
                matches &= matches &- 1
            }
            if ~word & Self.highBits != 0 { return nil }
            index = next(index, by: Self.window)
        }
    }

    /// Puts a key that isn't there into the first free slot from its home on.
    private mutating func insert(_ slot: Slot) {
        let hash = slot.key.hash(seed)
        var index = home(hash)
        while marks[index] != 0 { index = next(index) }
        setMark(Self.mark(hash), at: index)
        slots[index] = slot
        count += 1
    }

    private mutating func setMark(_ mark: UInt8, at index: Int) {
        marks[index] = mark
        if index < Self.window { marks[capacity + index] = mark }
    }

    /// Frees a slot, and moves back into it what would no longer be found behind a free one.
    private mutating func close(_ index: Int) {
        var hole = index
        var candidate = next(hole)
        while marks[candidate] != 0 {
            let home = home(slots[candidate].key.hash(seed))
            // Whether the hole lies on the candidate's way from its home, the ends of the array joined.
            let mayMove =
                hole <= candidate ? home <= hole || home > candidate : home <= hole && home > candidate
            if mayMove {
                setMark(marks[candidate], at: hole)
                slots[hole] = slots[candidate]
                hole = candidate
            }
            candidate = next(candidate)
        }
        setMark(0, at: hole)
        slots[hole] = .vacant
        count -= 1
    }

    /// Makes new arrays, and moves over the keys that `isWanted` holds for.
    private mutating func rebuild(capacity: Int, keeping isWanted: (Key, Value) -> Bool = { _, _ in true }) {
        let old = slots
        slots = Array(repeating: .vacant, count: capacity)
        marks = Array(repeating: 0, count: capacity + Self.window)
        count = 0
        for slot in old where !slot.value.isVacant && isWanted(slot.key, slot.value) {
            insert(slot)
        }
    }
}
