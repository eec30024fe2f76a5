// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet

/// Addresses of one family as numbers: single ones, and blocks of neighbours. All are in order, blocks neither overlap
/// nor touch, and no single address is in a block.
public struct NumberList<Number: FixedWidthInteger & UnsignedInteger & Sendable>: Hashable, Sendable {
    public private(set) var addresses: [Number] = []
    /// Of two addresses at least.
    public private(set) var blocks: [Block] = []

    /// Neighbouring addresses, the first and the last.
    public struct Block: Hashable, Sendable {
        public var first: Number
        public var last: Number

        public init(_ first: Number, _ last: Number) {
            self.first = first
            self.last = last
        }
    }

    public init() {}

    /// - Parameters:
    ///   - addresses: in any order, also such as are in blocks.
    ///   - blocks: in any order, also such as overlap. Those of one address are that address.
    init(_ addresses: [Number], _ blocks: [Block]) {
        let single = blocks.filter { $0.first == $0.last }.map(\.first)
        self.blocks = Self.merged(blocks.filter { $0.first < $0.last })
        self.addresses = without(Self.ordered(addresses + single))
    }

    /// What lies there in this very form; nil where it isn't in it.
    init?(checking addresses: [Number], _ blocks: [Block]) {
        for index in addresses.indices.dropFirst() where addresses[index - 1] >= addresses[index] {
            return nil
        }
        for (index, block) in blocks.enumerated() {
            guard block.first < block.last else { return nil }
            guard
                index == 0 || blocks[index - 1].last < block.first && block.first - blocks[index - 1].last > 1
            else { return nil }
        }
        self.addresses = addresses
        self.blocks = blocks
        guard without(addresses).count == addresses.count else { return nil }
    }

    public var isEmpty: Bool { addresses.isEmpty && blocks.isEmpty }

    /// In order and without repetitions. Most lists are so already.
    private static func ordered(_ numbers: [Number]) -> [Number] {
        var isOrdered = true
        for index in numbers.indices.dropFirst() where numbers[index - 1] >= numbers[index] {
            isOrdered = false
            break
        }
        guard !isOrdered else { return numbers }
        var result: [Number] = []
        result.reserveCapacity(numbers.count)
        for number in numbers.sorted() where number != result.last { result.append(number) }
        return result
    }

    /// Those addresses that are in none of the blocks.
    private func without(_ addresses: [Number]) -> [Number] {
        guard !blocks.isEmpty else { return addresses }
        var next = 0
        return addresses.filter { address in
            while next < blocks.count, blocks[next].last < address { next += 1 }
            return next == blocks.count || blocks[next].first > address
        }
    }

    private static func merged(_ blocks: [Block]) -> [Block] {
        var result: [Block] = []
        for block in blocks.sorted(by: { $0.first < $1.first }) {
            if let last = result.last, last.last == .max || block.first <= last.last + 1 {
                result[result.count - 1].last = max(last.last, block.last)
            } else {
                result.append(block)
            }
        }
        return result
    }

    // MARK: Together

    /// What is in one of them or in both.
    func union(_ other: NumberList) -> NumberList {
        if isEmpty { return other }
        if other.isEmpty { return self }
        var result = NumberList()
        result.blocks = Self.merged(blocks + other.blocks)
        result.addresses = result.without(Self.joined(addresses, other.addresses))
        return result
    }

    private static func joined(_ a: [Number], _ b: [Number]) -> [Number] {
        var result: [Number] = []
        result.reserveCapacity(a.count + b.count)
        var (i, j) = (0, 0)
        while i < a.count, j < b.count {
            if a[i] == b[j] {
                j += 1
            } else if b[j] < a[i] {
                result.append(b[j])
                j += 1
                continue
            }
            result.append(a[i])
            i += 1
        }
        result += a[i...]
        result += b[j...]
        return result
    }

    /// What another list has otherwise, each part by itself: an address that is in a block there has gone here.
    func difference(to other: NumberList) -> (removed: NumberList, added: NumberList) {
        var (removed, added) = (NumberList(), NumberList())
        Self.compare(addresses, other.addresses, { $0 < $1 }, &removed.addresses, &added.addresses)
        Self.compare(
            blocks, other.blocks, { ($0.first, $0.last) < ($1.first, $1.last) }, &removed.blocks,
            &added.blocks)
        return (removed, added)
    }

    /// Those of the single addresses that are in another's blocks.
    func addresses(in other: NumberList) -> NumberList {
        var result = NumberList()
        var next = 0
        result.addresses =
            other.blocks.isEmpty
            ? []
            : addresses.filter { address in
                while next < other.blocks.count, other.blocks[next].last < address { next += 1 }
                return next < other.blocks.count && other.blocks[next].first <= address
            }
        return result
    }

    /// Takes out single addresses.
    mutating func remove(addressesOf other: NumberList) {
        guard !other.addresses.isEmpty else { return }
        var next = 0
        addresses.removeAll { address in
            while next < other.addresses.count, other.addresses[next] < address { next += 1 }
            return next < other.addresses.count && other.addresses[next] == address
        }
    }

    private static func compare<Part: Equatable>(
        _ a: [Part], _ b: [Part], _ isBefore: (Part, Part) -> Bool, _ removed: inout [Part],
        _ added: inout [Part]
    ) {
        var (i, j) = (0, 0)
        while i < a.count || j < b.count {
            if i < a.count, j < b.count, a[i] == b[j] {
                i += 1
                j += 1
            } else if j == b.count || i < a.count && isBefore(a[i], b[j]) {
                removed.append(a[i])
                i += 1
            } else {
                added.append(b[j])
                j += 1
            }
        }
    }

    // MARK: What is in it

    /// Where it has all of these addresses; nil where it hasn't.
    func place(of first: Number, through last: Number) -> AddressList.Place? {
        if first == last {
            let place = addresses.firstPlace { $0 >= first }
            if place < addresses.count, addresses[place] == first { return .address }
        }
        let place = blocks.firstPlace { $0.last >= first }
        let isWithin = place < blocks.count && blocks[place].first <= first && blocks[place].last >= last
        return isWithin ? .block : nil
    }

    /// How many of its addresses and blocks have a part in these.
    func count(from first: Number, through last: Number) -> Int {
        let single = addresses.firstPlace { $0 > last } - addresses.firstPlace { $0 >= first }
        return single + blocks.firstPlace { $0.first > last } - blocks.firstPlace { $0.last >= first }
    }
}

extension NumberList.Block: BitwiseCopyable where Number: BitwiseCopyable {}
