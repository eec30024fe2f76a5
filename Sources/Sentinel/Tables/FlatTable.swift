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

    /// Makes room for `count` keys in all.
    mutating func reserveCapacity(_ count: Int) {
        let needed = count + count / 3 + 1
        if needed > capacity { rebuild(capacity: needed) }
    }

    subscript(key: Key) -> Value? {
        guard count > 0 else { return nil }
        let value = slots[place(key)].value
        return value.isVacant ? nil : value
    }

    /// Sets the key's value; gives the one it had.
    @discardableResult
    mutating func update(_ key: Key, to value: Value) -> Value? {
        if let old = self[key] {
            slots[place(key)].value = value
            return old
        }
        if isFull { rebuild(capacity: max(16, capacity * 2)) }
        slots[place(key)] = Slot(key: key, value: value)
        count += 1
        return nil
    }

    /// Removes the key; gives the value it had.
    @discardableResult
    mutating func remove(_ key: Key) -> Value? {
        guard let old = self[key] else { return nil }
        close(place(key))
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
        forEach { key, value in
            if !isUnwanted(key, value) { wanted += 1 }
        }
        let isRoomy = wanted * 8 <= capacity * 3
        rebuild(capacity: max(16, isRoomy ? capacity : capacity * 2)) { !isUnwanted($0, $1) }
    }

    /// Calls `body` with every key and its value, in no order.
    func forEach(_ body: (Key, Value) -> Void) {
        for slot in slots where !slot.value.isVacant {
            body(slot.key, slot.value)
        }
    }

    // MARK: - Places

    /// The slot where a search for this key begins: the hash's high bits, scaled to the number of slots.
    @inline(__always)
    private func home(_ key: Key) -> Int {
        let slots = UInt64(truncatingIfNeeded: capacity)
        return Int(truncatingIfNeeded: key.hash(seed).multipliedFullWidth(by: slots).high)
    }

    @inline(__always)
    private func next(_ index: Int) -> Int {
        index + 1 == capacity ? 0 : index + 1
    }

    /// The slot that holds the key, or else the free one where it would be put. One is always free.
    @inline(__always)
    private func place(_ key: Key) -> Int {
        var index = home(key)
        while !slots[index].value.isVacant && slots[index].key != key {
            index = next(index)
        }
        return index
    }

    /// Frees a slot, and moves back into it what would no longer be found behind a free one.
    private mutating func close(_ index: Int) {
        var hole = index
        var candidate = next(hole)
        while !slots[candidate].value.isVacant {
            let home = home(slots[candidate].key)
            // Whether the hole lies on the candidate's way from its home, the ends of the array joined.
            let mayMove =
                hole <= candidate ? home <= hole || home > candidate : home <= hole && home > candidate
            if mayMove {
                slots[hole] = slots[candidate]
                hole = candidate
            }
            candidate = next(candidate)
        }
        slots[hole] = .vacant
        count -= 1
    }

    /// Makes a new array, and moves over the keys that `isWanted` holds for.
    private mutating func rebuild(capacity: Int, keeping isWanted: (Key, Value) -> Bool = { _, _ in true }) {
        let old = slots
        slots = Array(repeating: .vacant, count: capacity)
        count = 0
        for slot in old where !slot.value.isVacant && isWanted(slot.key, slot.value) {
            slots[place(slot.key)] = slot
            count += 1
        }
    }
}
