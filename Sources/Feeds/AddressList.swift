// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Inet

/// What a list of addresses comes to: for each family single addresses and blocks, in order, each once.
///
/// Four bytes an IPv4 address, sixteen an IPv6 address: a list of millions is read, compared and kept as it is.
public struct AddressList: Hashable, Sendable {
    public internal(set) var ipv4 = NumberList<UInt32>()
    public internal(set) var ipv6 = NumberList<UInt128>()

    /// None.
    public init() {}

    public var isEmpty: Bool { ipv4.isEmpty && ipv6.isEmpty }
    /// How many single addresses there are.
    public var addressCount: Int { ipv4.addresses.count + ipv6.addresses.count }
    /// How many blocks there are: neighbouring ones are one.
    public var blockCount: Int { ipv4.blocks.count + ipv6.blocks.count }
    public var count: Int { addressCount + blockCount }

    /// What is in any of these lists.
    public static func union(_ lists: [AddressList]) -> AddressList {
        var result = AddressList()
        for list in lists {
            result.ipv4 = result.ipv4.union(list.ipv4)
            result.ipv6 = result.ipv6.union(list.ipv6)
        }
        return result
    }

    /// What goes and what comes where another list takes this one's place.
    public struct Difference: Hashable, Sendable {
        public internal(set) var removed = AddressList()
        public internal(set) var added = AddressList()

        /// Nothing.
        public init() {}

        public var isEmpty: Bool { removed.isEmpty && added.isEmpty }
    }

    public func difference(to other: AddressList) -> Difference {
        var difference = Difference()
        (difference.removed.ipv4, difference.added.ipv4) = ipv4.difference(to: other.ipv4)
        (difference.removed.ipv6, difference.added.ipv6) = ipv6.difference(to: other.ipv6)
        return difference
    }

    /// Those single addresses of it that are in another's blocks.
    public func addresses(in other: AddressList) -> AddressList {
        var result = AddressList()
        result.ipv4 = ipv4.addresses(in: other.ipv4)
        result.ipv6 = ipv6.addresses(in: other.ipv6)
        return result
    }

    /// Takes out single addresses, all of which it has.
    public mutating func remove(addressesOf other: AddressList) {
        ipv4.remove(addressesOf: other.ipv4)
        ipv6.remove(addressesOf: other.ipv6)
    }

    /// As what it has something.
    public enum Place: Hashable, Sendable {
        /// As a single address.
        case address
        /// In a block.
        case block
    }

    /// Where it has all addresses of a block; nil where it hasn't.
    public func place(of network: IPNetwork) -> Place? {
        switch (network.first, network.last) {
        case (.v4(let first), .v4(let last)): ipv4.place(of: first.bits, through: last.bits)
        case (.v6(let first), .v6(let last)): ipv6.place(of: first.number, through: last.number)
        default: nil
        }
    }

    /// Whether all addresses of a block are in it.
    public func contains(_ network: IPNetwork) -> Bool { place(of: network) != nil }

    /// How many of its addresses and blocks have a part in these neighbouring addresses.
    public func count(from first: IPAddress, through last: IPAddress) -> Int {
        switch (first, last) {
        case (.v4(let first), .v4(let last)): ipv4.count(from: first.bits, through: last.bits)
        case (.v6(let first), .v6(let last)): ipv6.count(from: first.number, through: last.number)
        default: 0
        }
    }
}

extension AddressList {
    /// Collects what a list holds, in any order.
    public struct Builder {
        private var addresses4: [UInt32] = []
        private var addresses6: [UInt128] = []
        private var blocks4: [NumberList<UInt32>.Block] = []
        private var blocks6: [NumberList<UInt128>.Block] = []

        public init() {}

        public mutating func add(_ network: IPNetwork) { add(from: network.first, through: network.last) }

        /// Adds neighbouring addresses; none where the last is of another family, or comes before the first.
        public mutating func add(from first: IPAddress, through last: IPAddress) {
            guard first <= last else { return }
            switch (first, last) {
            case (.v4(let first), .v4(let last)):
                if first == last {
                    addresses4.append(first.bits)
                } else {
                    blocks4.append(.init(first.bits, last.bits))
                }
            case (.v6(let first), .v6(let last)):
                if first == last {
                    addresses6.append(first.number)
                } else {
                    blocks6.append(.init(first.number, last.number))
                }
            default: break
            }
        }

        public consuming func finish() -> AddressList {
            var list = AddressList()
            list.ipv4 = NumberList(addresses4, blocks4)
            list.ipv6 = NumberList(addresses6, blocks6)
            return list
        }
    }
}

extension IPv6Address {
    /// The address as a number.
    public var number: UInt128 { UInt128(high) << 64 | UInt128(low) }

    public init(number: UInt128) {
        self.init(high: UInt64(truncatingIfNeeded: number >> 64), low: UInt64(truncatingIfNeeded: number))
    }
}
