// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// An IPv4 address.
public struct IPv4Address: Hashable, Sendable {
    /// The address as a number in host byte order: 192.0.2.1 is `0xC000_0201`.
    public var bits: UInt32

    /// Makes the address whose number in host byte order is `bits`.
    @inlinable
    public init(bits: UInt32) {
        self.bits = bits
    }

    /// Makes an address of its four octets, the first written first.
    @inlinable
    public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) {
        bits = UInt32(a) << 24 | UInt32(b) << 16 | UInt32(c) << 8 | UInt32(d)
    }

    /// The number of bits in an IPv4 address.
    public static let bitWidth = 32
}

extension IPv4Address {
    /// Reads four decimal octets without leading zeros, as `inet_pton(3)` does; nil for anything else.
    public init?(utf8 text: Span<UInt8>) {
        guard 7...15 ~= text.count else { return nil }
        var (bits, octet): (UInt32, UInt32) = (0, 0)
        var (dots, digits) = (0, 0)
        for index in text.indices {
            let byte = text[index]
            if UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte {
                guard digits == 0 || octet > 0 else { return nil }
                octet = octet * 10 + UInt32(byte & 15)
                digits += 1
                guard octet <= 255 else { return nil }
            } else {
                guard byte == UInt8(ascii: "."), digits > 0, dots < 3 else { return nil }
                bits = bits << 8 | octet
                (octet, digits) = (0, 0)
                dots += 1
            }
        }
        guard dots == 3, digits > 0 else { return nil }
        self.init(bits: bits << 8 | octet)
    }
}

extension IPv4Address: LosslessStringConvertible {
    /// Reads four decimal octets without leading zeros (`inet_pton(3)`); nil for anything else.
    public init?(_ text: String) { self.init(utf8: text.utf8.span) }

    public var description: String {
        "\(bits >> 24).\(bits >> 16 & 255).\(bits >> 8 & 255).\(bits & 255)"
    }
}

extension IPv4Address: Comparable {
    @inlinable
    public static func < (a: Self, b: Self) -> Bool { a.bits < b.bits }
}

/// An IPv6 address without a zone. A zone is meaningful on one host only, so nothing that is shared,
/// stored or matched in the kernel carries one.
public struct IPv6Address: Hashable, Sendable {
    /// The first 64 bits in host byte order: the network and subnet.
    public var high: UInt64
    /// The last 64 bits in host byte order: the interface.
    public var low: UInt64

    /// Makes an address of its two halves in host byte order.
    @inlinable
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The number of bits in an IPv6 address.
    public static let bitWidth = 128

    /// The IPv4 address inside an IPv4-mapped one (`::ffff:192.0.2.1`, RFC 4291 section 2.5.5.2), else nil.
    @inlinable
    public var ipv4Mapped: IPv4Address? {
        high == 0 && low >> 32 == 0xFFFF ? IPv4Address(bits: UInt32(truncatingIfNeeded: low)) : nil
    }
}

extension IPv6Address: LosslessStringConvertible {
    /// Reads any RFC 4291 form without a zone (`inet_pton(3)`); nil for anything else.
    public init?(_ text: String) {
        var raw = in6_addr()
        guard text.utf8.count <= 45, !text.utf8.contains(0), inet_pton(AF_INET6, text, &raw) == 1
        else { return nil }
        self = withUnsafeBytes(of: &raw) { Self(bytes: $0) }
    }

    /// The canonical text (RFC 5952).
    public var description: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { text in
            var raw = (high.bigEndian, low.bigEndian)
            guard let start = text.baseAddress,
                inet_ntop(AF_INET6, &raw, start, socklen_t(text.count)) != nil
            else { return "" }
            return String(cString: start)
        }
    }
}

extension IPv6Address: Comparable {
    @inlinable
    public static func < (a: Self, b: Self) -> Bool {
        a.high != b.high ? a.high < b.high : a.low < b.low
    }
}

/// An IPv4 or IPv6 address.
public enum IPAddress: Hashable, Sendable {
    case v4(IPv4Address)
    case v6(IPv6Address)

    /// The address family.
    public enum Family: Hashable, Sendable, CaseIterable {
        case ipv4, ipv6

        /// How many bits an address of this family has: 32 or 128.
        @inlinable
        public var bitWidth: Int { self == .ipv4 ? IPv4Address.bitWidth : IPv6Address.bitWidth }
    }

    @inlinable
    public var family: Family {
        switch self {
        case .v4: .ipv4
        case .v6: .ipv6
        }
    }

    /// The same host's address as the kernel matches it: an IPv4-mapped IPv6 address becomes the IPv4
    /// address that is on the wire, everything else stays.
    @inlinable
    public var canonical: IPAddress {
        if case .v6(let address) = self, let mapped = address.ipv4Mapped { return .v4(mapped) }
        return self
    }
}

extension IPAddress: LosslessStringConvertible {
    public init?(_ text: String) {
        if let address = IPv4Address(text) {
            self = .v4(address)
        } else if let address = IPv6Address(text) {
            self = .v6(address)
        } else {
            return nil
        }
    }

    public var description: String {
        switch self {
        case .v4(let address): address.description
        case .v6(let address): address.description
        }
    }
}

extension IPAddress: Comparable {
    /// All of IPv4 comes before IPv6.
    @inlinable
    public static func < (a: Self, b: Self) -> Bool {
        switch (a, b) {
        case (.v4(let a), .v4(let b)): a < b
        case (.v6(let a), .v6(let b)): a < b
        case (.v4, .v6): true
        case (.v6, .v4): false
        }
    }
}

// MARK: - Network byte order

extension IPv4Address {
    /// Reads four bytes in network byte order.
    ///
    /// - Precondition: `bytes` holds exactly 4 bytes.
    @inlinable
    public init(bytes: some Collection<UInt8>) {
        precondition(bytes.count == 4)
        bits = bytes.reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// The address in network byte order, 4 bytes.
    public var bytes: [UInt8] { withUnsafeBytes(of: bits.bigEndian, Array.init) }
}

extension IPv6Address {
    /// Reads sixteen bytes in network byte order.
    ///
    /// - Precondition: `bytes` holds exactly 16 bytes.
    @inlinable
    public init(bytes: some Collection<UInt8>) {
        precondition(bytes.count == 16)
        high = bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The address in network byte order, 16 bytes.
    public var bytes: [UInt8] { withUnsafeBytes(of: (high.bigEndian, low.bigEndian), Array.init) }
}

extension IPAddress {
    /// Reads an address in network byte order: 4 bytes are IPv4, 16 are IPv6, nil for any other count.
    public init?(bytes: some Collection<UInt8>) {
        switch bytes.count {
        case 4: self = .v4(IPv4Address(bytes: bytes))
        case 16: self = .v6(IPv6Address(bytes: bytes))
        default: return nil
        }
    }

    /// The address in network byte order, 4 or 16 bytes.
    public var bytes: [UInt8] {
        switch self {
        case .v4(let address): address.bytes
        case .v6(let address): address.bytes
        }
    }
}

// MARK: - Neighbours

extension IPAddress {
    /// The next address; nil after the family's last.
    public var successor: IPAddress? {
        switch self {
        case .v4(let address):
            return address.bits == .max ? nil : .v4(IPv4Address(bits: address.bits + 1))
        case .v6(let address):
            let (low, carries) = address.low.addingReportingOverflow(1)
            guard !carries || address.high != .max else { return nil }
            return .v6(IPv6Address(high: address.high &+ (carries ? 1 : 0), low: low))
        }
    }

    /// The address before; nil before the family's first.
    public var predecessor: IPAddress? {
        switch self {
        case .v4(let address):
            return address.bits == 0 ? nil : .v4(IPv4Address(bits: address.bits - 1))
        case .v6(let address):
            let (low, borrows) = address.low.subtractingReportingOverflow(1)
            guard !borrows || address.high != 0 else { return nil }
            return .v6(IPv6Address(high: address.high &- (borrows ? 1 : 0), low: low))
        }
    }
}
