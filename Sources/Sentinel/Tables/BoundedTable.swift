// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// What a bounded table holds of a source.
protocol RankedValue: TableValue {
    /// How much there is to remember. Where a source needs room, the one with the lowest rank gives way.
    var rank: Int64 { get }
}

/// Something for each of many sources, in a table that never grows.
///
/// A source lies in one of eight places that its fingerprint decides. Where all eight are taken by others, the one
/// whose rank is lowest makes room. With ranks that rise with what a source has done, that is the source about
/// which there is the least to forget: to push out another's record, someone must do more harm under eight names at
/// least than that record holds, and since nobody knows the seed, under eight for each such group.
struct BoundedTable<Value: RankedValue>: Sendable {
    private struct Slot: Sendable, BitwiseCopyable {
        var key: Fingerprint
        var value: Value
    }

    private static var groupSize: Int { 8 }

    private var slots: [Slot]
    private let groupCount: UInt64

    /// Makes a table for `capacity` sources, rounded up to a multiple of eight.
    init(capacity: Int) {
        let groups = max(1, (capacity + Self.groupSize - 1) / Self.groupSize)
        groupCount = UInt64(groups)
        slots = Array(repeating: Slot(key: .vacant, value: .vacant), count: groups * Self.groupSize)
    }

    /// How many sources there is room for.
    var capacity: Int { slots.count }

    /// What is stored of a source, nil where nothing is.
    @inline(__always)
    subscript(key: Fingerprint) -> Value? {
        place(of: key).map { slots[$0].value }
    }

    /// Gives `body` what is stored of a source, nil where nothing is, and stores what it makes of it; nil, or what is
    /// vacant, frees the place.
    @inline(__always)
    mutating func update<Result>(_ key: Fingerprint, _ body: (inout Value?) -> Result) -> Result {
        let found = place(of: key)
        var value = found.map { slots[$0].value }
        let result = body(&value)
        if let value, !value.isVacant {
            slots[found ?? lowest(in: group(key))] = Slot(key: key, value: value)
        } else if let found {
            slots[found] = Slot(key: .vacant, value: .vacant)
        }
        return result
    }

    /// Where something is stored of a source; until the next change of the table.
    @inline(__always)
    func place(of key: Fingerprint) -> Int? {
        for index in group(key) where slots[index].key == key && !slots[index].value.isVacant {
            return index
        }
        return nil
    }

    /// What is stored at a place where something is.
    @inline(__always)
    subscript(place place: Int) -> Value {
        get { slots[place].value }
        set { slots[place].value = newValue }
    }

    /// Stores something of a source of which nothing is stored.
    mutating func insert(_ key: Fingerprint, _ value: Value) {
        slots[lowest(in: group(key))] = Slot(key: key, value: value)
    }

    /// The place that nobody has taken, or else the one with the least to remember.
    private func lowest(in group: Range<Int>) -> Int {
        var lowest = group.lowerBound
        var lowestRank = Int64.max
        for index in group {
            let value = slots[index].value
            if value.isVacant { return index }
            if value.rank < lowestRank {
                lowest = index
                lowestRank = value.rank
            }
        }
        return lowest
    }

    /// Takes over what another table holds, as far as there is room.
    mutating func merge(_ other: BoundedTable) {
        merge(other) { ($0, $1) }
    }

    /// Takes over what `transform` makes of what another table holds, as far as there is room; nil is left out.
    mutating func merge(_ other: BoundedTable, _ transform: (Fingerprint, Value) -> (Fingerprint, Value)?) {
        for slot in other.slots where !slot.value.isVacant {
            guard let (key, value) = transform(slot.key, slot.value), !value.isVacant else { continue }
            update(key) { $0 = value }
        }
    }

    /// The same table with other values; nil frees a place.
    func mapValues(_ transform: (Value) -> Value?) -> BoundedTable {
        var table = self
        for index in table.slots.indices where !table.slots[index].value.isVacant {
            if let value = transform(table.slots[index].value) {
                table.slots[index].value = value
            } else {
                table.slots[index] = Slot(key: .vacant, value: .vacant)
            }
        }
        return table
    }

    /// How many sources there is something stored of that `isCounted` holds for.
    func count(where isCounted: (Value) -> Bool) -> Int {
        slots.count { !$0.value.isVacant && isCounted($0.value) }
    }

    @inline(__always)
    private func group(_ key: Fingerprint) -> Range<Int> {
        let group = key.bits.multipliedFullWidth(by: groupCount).high
        let start = Int(truncatingIfNeeded: group) * Self.groupSize
        return start..<(start + Self.groupSize)
    }
}

/// A moment of the clock, in nanoseconds: later is more to remember.
struct Moment: RankedValue {
    let nanoseconds: Int64

    static var vacant: Moment { Moment(nanoseconds: .min) }
    var isVacant: Bool { nanoseconds == .min }
    var rank: Int64 { nanoseconds }
}

/// How many of something there are in each direction: more is more to remember.
struct DirectedCount: RankedValue {
    var inbound: UInt32 = 0
    var outbound: UInt32 = 0

    static var vacant: DirectedCount { DirectedCount() }
    var isVacant: Bool { inbound == 0 && outbound == 0 }
    var rank: Int64 { Int64(inbound) + Int64(outbound) }

    subscript(direction: Direction) -> UInt32 {
        get { direction == .outbound ? outbound : inbound }
        set {
            if direction == .outbound { outbound = newValue } else { inbound = newValue }
        }
    }
}
