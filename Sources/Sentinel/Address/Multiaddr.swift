// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Inet

/// A self-describing network address: a chain of protocols with their values, `/ip4/203.0.113.7/tcp/8776`.
///
/// It is kept in its binary form, up to 28 bytes of it in the value itself, which is what a host, a port and a
/// transport need; making, copying and asking such an address allocates nothing. Two addresses are equal
/// where their binary forms are.
///
/// What is read is bounded: ``maximumTextLength``, ``maximumByteCount`` and ``maximumComponentCount``. The text
/// of every address that is accepted in binary can be read again.
///
/// Source: <https://github.com/multiformats/multiaddr>; where its words leave something open, what
/// go-multiaddr reads and writes.
public struct Multiaddr: Hashable, Sendable {
    /// The longest text that is read, in bytes of UTF-8.
    public static let maximumTextLength = 4096
    /// The longest binary form.
    public static let maximumByteCount = 1024
    /// The longest chain.
    public static let maximumComponentCount = 32

    private enum Storage: Hashable, Sendable {
        /// All that fits: an address is never stored both ways, or equality would fail.
        case inline(InlineBytes)
        case heap([UInt8])
    }

    private let storage: Storage

    /// Takes bytes that are known to be an address.
    init(valid bytes: UnsafeRawBufferPointer) {
        if bytes.count <= InlineBytes.capacity {
            var inline = InlineBytes()
            inline.append(contentsOf: bytes)
            storage = .inline(inline)
        } else {
            storage = .heap(Array(bytes))
        }
    }

    /// The address of a host, `/ip4/203.0.113.7`.
    public init(_ address: IPAddress) {
        storage = .inline(Self.inline(address))
    }

    /// The address of an endpoint, `/ip4/203.0.113.7/tcp/8776`.
    public init(_ endpoint: Endpoint) {
        var inline = Self.inline(endpoint.address)
        switch endpoint.transport {
        case .tcp: inline.append(UInt8(MultiaddrProtocol.tcp.rawValue))
        // The varint of 273.
        case .udp: inline.append(0x9102 as UInt16)
        }
        inline.append(endpoint.port)
        storage = .inline(inline)
    }

    private static func inline(_ address: IPAddress) -> InlineBytes {
        var inline = InlineBytes()
        switch address {
        case .v4(let address):
            inline.append(UInt8(MultiaddrProtocol.ip4.rawValue))
            inline.append(address.bits)
        case .v6(let address):
            inline.append(UInt8(MultiaddrProtocol.ip6.rawValue))
            inline.append(address.high)
            inline.append(address.low)
        }
        return inline
    }

    /// Calls `body` with the binary form, without copying it to the heap.
    func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        switch storage {
        case .inline(let inline):
            return try inline.withUnsafeBytes(body)
        case .heap(let bytes):
            // Array's own method can't pass a typed error on.
            let span = bytes.span
            return try span.withUnsafeBytes(body)
        }
    }
}
