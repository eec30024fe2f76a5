// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A table of at most so many entries, where a new one takes the place of the one that was used least recently.
/// Every operation takes the same time, however many entries there are.
struct RecencyTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Slot {
        var entry: (key: Key, value: Value)?
        /// The slot of the entry that was used next; the free slots are chained by it as well.
        var newer: Int
        var older: Int
    }

    let capacity: Int
    private var places: [Key: Int] = [:]
    private var slots: [Slot] = []
    private var newest = Self.none
    private var oldest = Self.none
    private var free = Self.none

    private static var none: Int { -1 }

    /// - Parameter capacity: less than one counts as one.
    init(capacity: Int) {
        self.capacity = max(1, capacity)
    }

    var count: Int { places.count }

    /// All values, in no order.
    var values: [Value] { slots.compactMap { $0.entry?.value } }

    /// The value, without counting as a use.
    subscript(_ key: Key) -> Value? {
        places[key].flatMap { slots[$0].entry?.value }
    }

    /// Changes a value that is there. It is the most recently used one then.
    ///
    /// - Returns: what `body` gives, nil where there is no value.
    mutating func update<Result>(_ key: Key, _ body: (inout Value) -> Result) -> Result? {
        guard let place = places[key], var entry = slots[place].entry else { return nil }
        // Taken out meanwhile, or changing an array in it would copy it.
        slots[place].entry = nil
        let result = body(&entry.value)
        slots[place].entry = entry
        unlink(place)
        linkAsNewest(place)
        return result
    }

    /// Adds an entry, or puts a value in place of the one that is there.
    ///
    /// - Returns: the entry that had to go for it.
    mutating func insert(_ key: Key, _ value: Value) -> (key: Key, value: Value)? {
        guard update(key, { $0 = value }) == nil else { return nil }
        let evicted = count == capacity ? removeOldest() : nil
        let place = takeFreeSlot()
        slots[place].entry = (key, value)
        places[key] = place
        linkAsNewest(place)
        return evicted
    }

    mutating func remove(_ key: Key) -> Value? {
        guard let place = places.removeValue(forKey: key) else { return nil }
        let value = slots[place].entry?.value
        unlink(place)
        slots[place] = Slot(entry: nil, newer: free, older: Self.none)
        free = place
        return value
    }

    private mutating func removeOldest() -> (key: Key, value: Value)? {
        guard oldest != Self.none, let key = slots[oldest].entry?.key, let value = remove(key) else {
            return nil
        }
        return (key, value)
    }

    private mutating func takeFreeSlot() -> Int {
        guard free != Self.none else {
            slots.append(Slot(entry: nil, newer: Self.none, older: Self.none))
            return slots.count - 1
        }
        defer { free = slots[free].newer }
        return free
    }

    private mutating func linkAsNewest(_ place: Int) {
        slots[place].older = newest
        slots[place].newer = Self.none
        if newest == Self.none { oldest = place } else { slots[newest].newer = place }
        newest = place
    }

    private mutating func unlink(_ place: Int) {
        let (newer, older) = (slots[place].newer, slots[place].older)
        if newer == Self.none { newest = older } else { slots[newer].older = older }
        if older == Self.none { oldest = newer } else { slots[older].newer = newer }
    }
}
