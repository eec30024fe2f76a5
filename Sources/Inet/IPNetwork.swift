// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A block of addresses in CIDR notation (RFC 4632): an address and how many of its leading bits count.
/// The bits behind the prefix are always zero.
public struct IPNetwork: Hashable, Sendable {
    /// The first address of the block.
    public let first: IPAddress
    /// How many leading bits all addresses of the block share: 0 to 32 or 0 to 128.
    public let prefixLength: Int

    /// The block of `prefixLength` bits that `address` lies in; bits behind the prefix are cleared.
    ///
    /// - Precondition: `prefixLength` is within 0 to the family's bit width.
    public init(containing address: IPAddress, prefixLength: Int) {
        precondition(prefixLength >= 0 && prefixLength <= address.family.bitWidth)
        self.prefixLength = prefixLength
        switch address {
        case .v4(let address): first = .v4(address.masked(to: prefixLength))
        case .v6(let address): first = .v6(address.masked(to: prefixLength))
        }
    }

    /// The block that holds just `address`.
    public init(_ address: IPAddress) {
        self.init(containing: address, prefixLength: address.family.bitWidth)
    }

    public var family: IPAddress.Family { first.family }

    /// Whether the block holds one address only.
    public var isSingleAddress: Bool { prefixLength == family.bitWidth }

    /// The last address of the block.
    public var last: IPAddress {
        switch first {
        case .v4(let address):
            .v4(IPv4Address(bits: address.bits | ~IPv4Address.mask(prefixLength)))
        case .v6(let address):
            .v6(
                IPv6Address(
                    high: address.high | ~IPv6Address.mask(prefixLength).high,
                    low: address.low | ~IPv6Address.mask(prefixLength).low))
        }
    }

    /// Whether `address` lies in this block. Addresses of the other family never do.
    public func contains(_ address: IPAddress) -> Bool {
        address.family == family && address >= first && address <= last
    }

    /// Whether all of another block lies in this one.
    public func contains(_ other: IPNetwork) -> Bool { contains(other.first) && contains(other.last) }

    /// Whether the two blocks share an address. Of two CIDR blocks that do, one holds the other.
    public func overlaps(_ other: IPNetwork) -> Bool {
        contains(other.first) || other.contains(first)
    }
}

extension IPNetwork: LosslessStringConvertible {
    /// Reads `192.0.2.0/24`, `2001:db8::/32`, or a bare address for a block of one. Nil where the text is no
    /// block, and where it names bits behind the prefix: `192.0.2.1/24` is more often a slip than a wish.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(String(parts[0])) else { return nil }
        guard parts.count == 2 else {
            self.init(address)
            return
        }
        guard parts[1].utf8.count <= 3, parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let length = Int(parts[1]), length <= address.family.bitWidth
        else { return nil }
        self.init(containing: address, prefixLength: length)
        guard first == address else { return nil }
    }

    /// CIDR notation, always with the prefix length.
    public var description: String { "\(first)/\(prefixLength)" }
}

extension IPv4Address {
    /// A number whose first `length` bits are one.
    @inlinable
    public static func mask(_ length: Int) -> UInt32 {
        length == 0 ? 0 : ~0 << UInt32(32 - length)
    }

    /// The address with all but its first `length` bits cleared. `length` is 0 to 32.
    @inlinable
    public func masked(to length: Int) -> IPv4Address { IPv4Address(bits: bits & Self.mask(length)) }
}

extension IPv6Address {
    /// Two halves whose first `length` bits together are one.
    @inlinable
    public static func mask(_ length: Int) -> (high: UInt64, low: UInt64) {
        let high: UInt64 = length >= 64 ? ~0 : length == 0 ? 0 : ~0 << UInt64(64 - length)
        let low: UInt64 = length <= 64 ? 0 : ~0 << UInt64(128 - length)
        return (high, low)
    }

    /// The address with all but its first `length` bits cleared. `length` is 0 to 128.
    @inlinable
    public func masked(to length: Int) -> IPv6Address {
        let mask = Self.mask(length)
        return IPv6Address(high: high & mask.high, low: low & mask.low)
    }
}

extension IPNetwork {
    /// The fewest blocks that together hold just the addresses from one to another, in order.
    ///
    /// - Precondition: both are of one family, and the first isn't behind the last.
    public static func blocks(from first: IPAddress, through last: IPAddress) -> [IPNetwork] {
        precondition(first.family == last.family && first <= last)
        var blocks: [IPNetwork] = []
        var start = first
        while true {
            // The largest block that begins here and doesn't go beyond the end.
            var block = IPNetwork(start)
            while block.prefixLength > 0 {
                let wider = IPNetwork(containing: start, prefixLength: block.prefixLength - 1)
                guard wider.first == start, wider.last <= last else { break }
                block = wider
            }
            blocks.append(block)
            guard block.last < last, let next = block.last.successor else { return blocks }
            start = next
        }
    }
}
