// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet

/// One address or block a line, as FireHOL's netsets, Spamhaus' DROP and countless others have it.
///
/// What follows `#`, `;` or `//` is a comment. A range, `203.0.113.0-203.0.113.9`, is taken as its blocks. Blocks that
/// overlap or lie next to each other become one, and addresses within a block are part of it. Addresses stay
/// addresses where they are neighbours: a block is refused in both directions, an address at accept only.
public enum PlainList: BanListFormat {
    public static func read(_ text: Span<UInt8>, now: ListTime) throws(BanListError) -> BanListReading {
        read(text, now: now, widest4: 0, widest6: 0)
    }

    /// - Parameters:
    ///   - widest4: blocks of IPv4 addresses that are wider are refused, as a prefix length.
    ///   - widest6: the same for IPv6.
    package static func read(
        _ text: Span<UInt8>, now: ListTime, widest4: Int, widest6: Int
    ) -> BanListReading {
        var reading = BanListReading()
        var found = Aggregation()
        text.forEachLine { number, range in
            guard !range.isEmpty else { return }
            let entry = text.trimmed(range.lowerBound..<commentStart(text, range))
            guard !entry.isEmpty else {
                reading.comments += 1
                return
            }
            let blocks: [IPNetwork]
            switch AddressText.read(text, entry) {
            // Most lines of most lists, so without a list of one.
            case .network(let network) where network.isSingleAddress: return found.add(network, line: number)
            case .network(let network): blocks = [network]
            case .range(let first, let last): blocks = IPNetwork.blocks(from: first, through: last)
            case .problem(let problem, let remedy):
                return reading.refuse(.init(problem, line: number, item: text.string(entry), remedy: remedy))
            }
            func widest(_ block: IPNetwork) -> Int { block.family == .ipv4 ? widest4 : widest6 }
            if let wide = blocks.first(where: { $0.prefixLength < widest($0) }) {
                return reading.refuse(
                    .init(
                        "a block wider than /\(widest(wide))", line: number, item: text.string(entry),
                        remedy: "write the blocks that are meant"))
            }
            for block in blocks { found.add(block, line: number) }
        }
        found.finish(into: &reading, now: now)
        reading.isDistinct = true
        return reading
    }

    /// Where a line's comment begins; its end where there is none.
    static func commentStart(_ text: Span<UInt8>, _ range: Range<Int>) -> Int {
        var index = range.lowerBound
        while index < range.upperBound {
            switch text[index] {
            case UInt8(ascii: "#"), UInt8(ascii: ";"): return index
            case UInt8(ascii: "/")
            where index + 1 < range.upperBound && text[index + 1] == UInt8(ascii: "/"):
                return index
            default: index += 1
            }
        }
        return index
    }

    public static func write(_ entries: [BanEntry], now: ListTime) -> BanListWriting {
        var writing = BanListWriting()
        for entry in entries {
            guard entry.subject.network != nil else {
                writing.omit(.bans, "bans of endpoints")
                continue
            }
            writing.omitParts(of: entry, except: [])
            writing.append("\(entry.subject)\n")
            writing.count += 1
        }
        return writing
    }
}

/// Addresses and blocks of a list, without those that others hold.
struct Aggregation {
    private struct Found<Number: FixedWidthInteger & UnsignedInteger & Sendable> {
        var first: Number
        var last: Number
        var line: Int32
    }

    // Of their own for each family and kind: a list of a million addresses is eight bytes and a line for each.
    private var addresses4: [Found<UInt32>] = []
    private var blocks4: [Found<UInt32>] = []
    private var addresses6: [Found<UInt128>] = []
    private var blocks6: [Found<UInt128>] = []

    mutating func add(_ network: IPNetwork, line: Int) {
        let line = Int32(clamping: line)
        switch (BanEntry.Subject(network).network ?? network, network.isSingleAddress) {
        case (let network, let isSingle):
            switch (network.first, network.last) {
            case (.v4(let first), .v4(let last)):
                let found = Found(first: first.bits, last: last.bits, line: line)
                if isSingle { addresses4.append(found) } else { blocks4.append(found) }
            case (.v6(let first), .v6(let last)):
                let found = Found(first: first.number, last: last.number, line: line)
                if isSingle { addresses6.append(found) } else { blocks6.append(found) }
            default: break
            }
        }
    }

    /// Hands over what there is, in the order of addresses.
    consuming func finish(into reading: inout BanListReading, now: ListTime) {
        reading.reserve(addresses4.count + blocks4.count + addresses6.count + blocks6.count)
        Self.finish(addresses4, blocks4, into: &reading, now) { .v4(IPv4Address(bits: $0)) }
        Self.finish(addresses6, blocks6, into: &reading, now) { .v6(IPv6Address(number: $0)) }
    }

    private static func finish<Number>(
        _ addresses: [Found<Number>], _ blocks: [Found<Number>], into reading: inout BanListReading,
        _ now: ListTime, _ address: (Number) -> IPAddress
    ) {
        let cover = merged(blocks)
        var networks = 0
        for range in cover {
            for network in IPNetwork.blocks(from: address(range.first), through: address(range.last)) {
                reading.take(BanEntry(.init(network)), line: Int(range.line), now: now)
                networks += 1
            }
        }
        reading.merged += max(0, blocks.count - networks)
        var next = 0
        var before: Number?
        for found in sorted(addresses) {
            while next < cover.count, cover[next].last < found.first { next += 1 }
            let isWithin = next < cover.count && cover[next].first <= found.first
            guard before != found.first, !isWithin else {
                reading.merged += 1
                continue
            }
            before = found.first
            reading.take(BanEntry(.address(address(found.first))), line: Int(found.line), now: now)
        }
    }

    /// Ranges that neither overlap nor touch, in order.
    private static func merged<Number>(_ blocks: [Found<Number>]) -> [Found<Number>] {
        var cover: [Found<Number>] = []
        for block in sorted(blocks) {
            if let last = cover.last, last.last == .max || block.first <= last.last + 1 {
                cover[cover.count - 1].last = max(last.last, block.last)
            } else {
                cover.append(block)
            }
        }
        return cover
    }

    /// In order; most lists already are.
    private static func sorted<Number>(_ found: [Found<Number>]) -> [Found<Number>] {
        for index in found.indices.dropFirst() where found[index].first < found[index - 1].first {
            return found.sorted { $0.first != $1.first ? $0.first < $1.first : $0.line < $1.line }
        }
        return found
    }
}

extension IPv6Address {
    /// The address as a number.
    fileprivate var number: UInt128 { UInt128(high) << 64 | UInt128(low) }

    fileprivate init(number: UInt128) {
        self.init(high: UInt64(truncatingIfNeeded: number >> 64), low: UInt64(truncatingIfNeeded: number))
    }
}
