// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Feeds
internal import Inet
internal import Nftables

/// The elements that a list has in one of the kernel's sets, each made when it is asked for: millions of them take no
/// memory beside the list's own. A block takes two, or one where it holds the family's last address.
struct FeedElements: Sequence {
    private let list: AddressList
    private let kind: SetKind
    private let range: Range<Int>

    init(_ list: AddressList, _ kind: SetKind) {
        self.list = list
        self.kind = kind
        range = 0..<Self.count(list, kind)
    }

    private init(_ list: AddressList, _ kind: SetKind, _ range: Range<Int>) {
        self.list = list
        self.kind = kind
        self.range = range
    }

    private static func count(_ list: AddressList, _ kind: SetKind) -> Int {
        switch kind {
        case .feed4: list.ipv4.addresses.count
        case .feed6: list.ipv6.addresses.count
        case .feednet4: list.ipv4.blocks.count
        case .feednet6: list.ipv6.blocks.count
        default: 0
        }
    }

    /// How many addresses or blocks there are.
    var count: Int { range.count }

    var underestimatedCount: Int { count }

    /// Some of them, by their places.
    subscript(_ range: Range<Int>) -> FeedElements { FeedElements(list, kind, range) }

    /// The address at a place, or the first and the last of the block.
    private func addresses(at place: Int) -> (first: IPAddress, last: IPAddress) {
        func ipv4(_ number: UInt32) -> IPAddress { .v4(IPv4Address(bits: number)) }
        func ipv6(_ number: UInt128) -> IPAddress { .v6(IPv6Address(number: number)) }
        switch kind {
        case .feed4:
            let address = ipv4(list.ipv4.addresses[place])
            return (address, address)
        case .feednet4:
            let block = list.ipv4.blocks[place]
            return (ipv4(block.first), ipv4(block.last))
        case .feednet6:
            let block = list.ipv6.blocks[place]
            return (ipv6(block.first), ipv6(block.last))
        default:
            let address = ipv6(list.ipv6.addresses[place])
            return (address, address)
        }
    }

    /// The ranges, in the order of addresses.
    var ranges: [(first: IPAddress, last: IPAddress)] { range.map { addresses(at: $0) } }

    /// The keys of the elements, of blocks those of their beginnings.
    var keys: [ElementKey] { range.map { ElementKey(addresses(at: $0).first) } }

    struct Iterator: IteratorProtocol {
        fileprivate let elements: FeedElements
        fileprivate var place: Int
        /// Where the block ends whose beginning was given last.
        fileprivate var end: IPAddress?

        mutating func next() -> Element? {
            if let end {
                self.end = nil
                return Element(ElementKey(end), isIntervalEnd: true)
            }
            guard place < elements.range.upperBound else { return nil }
            let (first, last) = elements.addresses(at: place)
            place += 1
            if elements.kind.flags.contains(.interval) { end = last.successor }
            return Element(ElementKey(first))
        }
    }

    func makeIterator() -> Iterator { Iterator(elements: self, place: range.lowerBound) }
}
