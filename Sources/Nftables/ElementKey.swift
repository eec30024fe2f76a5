// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Inet

/// The key of a set's element, as the kernel matches it: bytes, each field of several padded to 4 bytes.
///
/// Held in place, without an allocation: a million of them are one block of memory.
public struct ElementKey: Hashable, Sendable {
    /// The longest key, in bytes: two IPv6 addresses, a protocol and a port.
    public static let maximumLength = 40

    private var words: (UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0)
    private var length: UInt8 = 0

    private init() {}

    /// Makes a key of its bytes; nil where there are none or more than ``maximumLength``.
    public init?(bytes: some Collection<UInt8>) {
        guard !bytes.isEmpty, bytes.count <= Self.maximumLength else { return nil }
        append(bytes)
    }

    /// `ipv4_addr` or `ipv6_addr`
    public init(_ address: IPAddress) {
        append(address)
    }

    /// `ipv4_addr . inet_proto . inet_service` or the same with `ipv6_addr`
    public init(_ endpoint: Endpoint) {
        append(endpoint.address)
        append(word: UInt32(endpoint.transport.rawValue) << 24)
        append(word: UInt32(endpoint.port) << 16)
    }

    /// `inet_proto . inet_service`
    public init(_ transport: TransportProtocol, port: UInt16) {
        append(word: UInt32(transport.rawValue) << 24)
        append(word: UInt32(port) << 16)
    }

    /// `uid`
    public init(uid: UInt32) {
        append(word: uid.bigEndian)
    }

    /// How many bytes it has.
    public var count: Int { Int(length) }

    /// Calls `body` with the key's bytes.
    public func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        Swift.withUnsafeBytes(of: words) { body(UnsafeRawBufferPointer(rebasing: $0[..<Int(length)])) }
    }

    public var bytes: [UInt8] { withUnsafeBytes(Array.init) }

    public static func == (a: Self, b: Self) -> Bool { a.length == b.length && a.words == b.words }

    public func hash(into hasher: inout Hasher) {
        withUnsafeBytes { hasher.combine(bytes: $0) }
    }

    // MARK: Building

    private mutating func append(_ bytes: some Collection<UInt8>) {
        Swift.withUnsafeMutableBytes(of: &words) { target in
            for byte in bytes {
                target[Int(length)] = byte
                length += 1
            }
        }
    }

    private mutating func append(_ address: IPAddress) {
        switch address {
        case .v4(let address): append(word: address.bits)
        case .v6(let address):
            append(word: UInt32(truncatingIfNeeded: address.high >> 32))
            append(word: UInt32(truncatingIfNeeded: address.high))
            append(word: UInt32(truncatingIfNeeded: address.low >> 32))
            append(word: UInt32(truncatingIfNeeded: address.low))
        }
    }

    /// Appends four bytes in network byte order.
    private mutating func append(word: UInt32) {
        Swift.withUnsafeMutableBytes(of: &words) { target in
            target.storeBytes(of: word.bigEndian, toByteOffset: Int(length), as: UInt32.self)
        }
        length += 4
    }
}

// MARK: - Reading back

extension ElementKey {
    /// The address, where the key has the 4 or 16 bytes of one.
    public var address: IPAddress? { withUnsafeBytes { IPAddress(bytes: $0) } }

    /// The endpoint, where the key is an address, a protocol and a port.
    public var endpoint: Endpoint? {
        withUnsafeBytes { bytes in
            guard bytes.count == 12 || bytes.count == 24,
                let address = IPAddress(bytes: bytes[..<(bytes.count - 8)]),
                let transport = TransportProtocol(rawValue: bytes[bytes.count - 8])
            else { return nil }
            let port = UInt16(bytes[bytes.count - 4]) << 8 | UInt16(bytes[bytes.count - 3])
            return Endpoint(address: address, transport: transport, port: port)
        }
    }

    /// The key that comes after this one in byte order; nil after the last. The end of an interval is given to
    /// the kernel as the first key behind it.
    public var successor: ElementKey? {
        var bytes = bytes
        for index in bytes.indices.reversed() {
            bytes[index] &+= 1
            if bytes[index] != 0 { return ElementKey(bytes: bytes) }
        }
        return nil
    }
}

extension ElementKey: CustomStringConvertible {
    /// An address or an endpoint where it is one, else the bytes in hexadecimal.
    public var description: String {
        if let address { return address.description }
        if let endpoint { return endpoint.description }
        let digits = Array("0123456789abcdef")
        return "0x" + String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
