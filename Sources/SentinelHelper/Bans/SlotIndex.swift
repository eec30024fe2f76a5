// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Finds by a key the slot that holds it, in four bytes an entry: the keys stay where they are, in the slots.
///
/// Open addressing with linear probing, at most two thirds full. A dictionary would hold each key a second time,
/// which for a million bans is 50 MB. The bits of an entry that its slot leaves over are some of the key's hash: so
/// looking for a key seldom means to look at another's slot, which lies anywhere in memory.
struct SlotIndex<Key: Hashable> {
    private static var empty: UInt32 { .max }
    private var table: [UInt32] = Array(repeating: .max, count: 16)
    private(set) var count = 0

    /// The slot of a key.
    func slot(of key: Key, in keyOf: (UInt32) -> Key) -> UInt32? {
        guard count > 0 else { return nil }
        let hash = key.hashValue
        let tag = tag(hash)
        var position = hash & mask
        while table[position] != Self.empty {
            let entry = table[position]
            if entry & ~slotMask == tag, keyOf(entry & slotMask) == key { return entry & slotMask }
            position = next(position)
        }
        return nil
    }

    /// Makes place for so many entries at once, while there are none.
    mutating func reserve(_ entries: Int) {
        guard count == 0 else { return }
        var size = table.count
        while entries * 3 > size * 2 { size *= 2 }
        table = Array(repeating: Self.empty, count: size)
    }

    /// Enters a slot whose key isn't in yet.
    mutating func insert(_ slot: UInt32, key: Key, keyOf: (UInt32) -> Key) {
        // An entry that isn't empty holds less than the last slot that its bits could name.
        while (count + 1) * 3 > table.count * 2 || Int(slot) >= mask { grow(keyOf) }
        place(slot, key)
        count += 1
    }

    /// Takes a key out; nothing happens where it isn't in.
    mutating func remove(_ key: Key, keyOf: (UInt32) -> Key) {
        let tag = tag(key.hashValue)
        var hole = start(key)
        while table[hole] != Self.empty,
            table[hole] & ~slotMask != tag || keyOf(table[hole] & slotMask) != key
        {
            hole = next(hole)
        }
        guard table[hole] != Self.empty else { return }
        count -= 1
        // Those behind the hole that would no longer be found across it move up into it.
        var position = next(hole)
        while table[position] != Self.empty {
            let home = start(keyOf(table[position] & slotMask))
            let stays = hole < position ? hole < home && home <= position : hole < home || home <= position
            if !stays {
                table[hole] = table[position]
                hole = position
            }
            position = next(position)
        }
        table[hole] = Self.empty
    }

    private var mask: Int { table.count - 1 }
    /// Slots are numbered from 0 without gaps, so there are fewer than the table has places.
    private var slotMask: UInt32 { UInt32(truncatingIfNeeded: mask) }

    private func start(_ key: Key) -> Int { key.hashValue & mask }

    /// The bits of a hash that an entry holds, other than those that say where it is.
    private func tag(_ hash: Int) -> UInt32 { UInt32(truncatingIfNeeded: hash >> 32) & ~slotMask }

    private func next(_ position: Int) -> Int { (position + 1) & mask }

    private mutating func place(_ slot: UInt32, _ key: Key) {
        let hash = key.hashValue
        var position = hash & mask
        while table[position] != Self.empty { position = next(position) }
        table[position] = slot | tag(hash)
    }

    private mutating func grow(_ keyOf: (UInt32) -> Key) {
        let (old, oldMask) = (table, slotMask)
        table = Array(repeating: Self.empty, count: old.count * 2)
        for entry in old where entry != Self.empty { place(entry & oldMask, keyOf(entry & oldMask)) }
    }
}
