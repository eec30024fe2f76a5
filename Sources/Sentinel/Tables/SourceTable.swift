// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// One number for each of many sources, in a table that never grows.
///
/// A source lies in one of eight places that its hash decides. Where all eight are taken by others, the one whose
/// number is lowest makes room. With numbers that rise with what a source has done, that is the source about
/// which there is the least to forget: to push out another's record, someone must do more harm under eight
/// names at least than that record holds, and since nobody knows the seed, under eight for each such group.
struct SourceTable: Sendable {
    private struct Slot: Sendable, BitwiseCopyable {
        var key: AddressKey
        var number: Int64
    }

    private static var groupSize: Int { 8 }
    /// The number of a place that nobody has taken.
    private static var vacant: Int64 { .min }

    private var slots: [Slot]
    private let groupCount: UInt64
    private let seed: HashSeed

    /// Makes a table for `capacity` sources, rounded up to a multiple of eight.
    init(capacity: Int, seed: HashSeed) {
        let groups = max(1, (capacity + Self.groupSize - 1) / Self.groupSize)
        groupCount = UInt64(groups)
        slots = Array(
            repeating: Slot(key: .vacant, number: Self.vacant), count: groups * Self.groupSize)
        self.seed = seed
    }

    /// How many sources there is room for.
    var capacity: Int { slots.count }

    /// The number of a source, nil where none is stored.
    subscript(key: AddressKey) -> Int64? {
        let group = group(key)
        for index in group where slots[index].key == key && slots[index].number != Self.vacant {
            return slots[index].number
        }
        return nil
    }

    /// Gives `body` a source's number, nil where none is stored, and stores what it makes of it.
    @inline(__always)
    mutating func update<Result>(_ key: AddressKey, _ body: (inout Int64?) -> Result) -> Result {
        var lowest = 0
        var lowestNumber = Int64.max
        var found: Int?
        for index in group(key) {
            let slot = slots[index]
            if slot.number != Self.vacant && slot.key == key {
                found = index
                break
            }
            if slot.number < lowestNumber || lowestNumber == .max {
                lowest = index
                lowestNumber = slot.number
            }
        }
        var number = found.map { slots[$0].number }
        let result = body(&number)
        if let number, number != Self.vacant {
            slots[found ?? lowest] = Slot(key: key, number: number)
        }
        return result
    }

    /// How many places hold a number greater than `threshold`.
    func count(above threshold: Int64) -> Int {
        slots.count { $0.number != Self.vacant && $0.number > threshold }
    }

    @inline(__always)
    private func group(_ key: AddressKey) -> Range<Int> {
        let group = key.hash(seed).multipliedFullWidth(by: groupCount).high
        let start = Int(truncatingIfNeeded: group) * Self.groupSize
        return start..<(start + Self.groupSize)
    }
}
