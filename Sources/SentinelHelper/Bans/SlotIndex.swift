// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Finds by a key the slot that holds it, in four bytes an entry: the keys stay where they are, in the slots.
///
/// Open addressing with linear probing, at most two thirds full. A dictionary would hold each key a second time,
/// which for a million bans is 50 MB.
struct SlotIndex<Key: Hashable> {
    private static var empty: UInt32 { .max }
    private var table: [UInt32] = Array(repeating: .max, count: 16)
    private(set) var count = 0

    /// The slot of a key.
    func slot(of key: Key, in keyOf: (UInt32) -> Key) -> UInt32? {
        var position = start(key)
        while table[position] != Self.empty {
            if keyOf(table[position]) == key { return table[position] }
            position = next(position)
        }
        return nil
    }

    /// Enters a slot whose key isn't in yet.
    mutating func insert(_ slot: UInt32, key: Key, keyOf: (UInt32) -> Key) {
        if (count + 1) * 3 > table.count * 2 { grow(keyOf) }
        place(slot, key)
        count += 1
    }

    /// Takes a key out; nothing happens where it isn't in.
    mutating func remove(_ key: Key, keyOf: (UInt32) -> Key) {
        var hole = start(key)
        while table[hole] != Self.empty, keyOf(table[hole]) != key { hole = next(hole) }
        guard table[hole] != Self.empty else { return }
        count -= 1
        // Those behind the hole that would no longer be found across it move up into it.
        var position = next(hole)
        while table[position] != Self.empty {
            let home = start(keyOf(table[position]))
            let stays = hole < position ? hole < home && home <= position : hole < home || home <= position
            if !stays {
                table[hole] = table[position]
                hole = position
            }
            position = next(position)
        }
        table[hole] = Self.empty
    }

    private func start(_ key: Key) -> Int { key.hashValue & (table.count - 1) }

    private func next(_ position: Int) -> Int { (position + 1) & (table.count - 1) }

    private mutating func place(_ slot: UInt32, _ key: Key) {
        var position = start(key)
        while table[position] != Self.empty { position = next(position) }
        table[position] = slot
    }

    private mutating func grow(_ keyOf: (UInt32) -> Key) {
        let old = table
        table = Array(repeating: Self.empty, count: old.count * 2)
        for slot in old where slot != Self.empty { place(slot, keyOf(slot)) }
    }
}
