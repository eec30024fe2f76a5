// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet

/// An IPv4 address as a table's key.
struct Key4: TableKey {
    private let bits: UInt32

    init(_ address: IPv4Address) {
        bits = address.bits
    }

    static var vacant: Key4 { Key4(IPv4Address(bits: 0)) }

    @inline(__always)
    func hash(_ seed: HashSeed) -> UInt64 {
        var state = SipHash(seed)
        return state.finish(tail: UInt64(bits), tailCount: 4)
    }
}

/// A block of IPv4 addresses as a table's key.
struct NetworkKey4: TableKey {
    private let bits: UInt32
    private let prefixLength: UInt8

    /// The block of `prefixLength` bits that the address lies in.
    init(_ address: IPv4Address, prefixLength: Int) {
        bits = address.masked(to: prefixLength).bits
        self.prefixLength = UInt8(truncatingIfNeeded: prefixLength)
    }

    var first: IPv4Address { IPv4Address(bits: bits) }
    var length: Int { Int(prefixLength) }

    static var vacant: NetworkKey4 { NetworkKey4(IPv4Address(bits: 0), prefixLength: 0) }

    @inline(__always)
    func hash(_ seed: HashSeed) -> UInt64 {
        var state = SipHash(seed)
        return state.finish(tail: UInt64(prefixLength) << 32 | UInt64(bits), tailCount: 5)
    }
}

/// An IPv6 address as a table's key.
struct Key6: TableKey {
    fileprivate let high: UInt64
    fileprivate let low: UInt64

    init(_ address: IPv6Address) {
        high = address.high
        low = address.low
    }

    static var vacant: Key6 { Key6(IPv6Address(high: 0, low: 0)) }

    @inline(__always)
    func hash(_ seed: HashSeed) -> UInt64 {
        var state = SipHash(seed)
        state.absorb(high)
        state.absorb(low)
        return state.finish()
    }
}

/// A block of IPv6 addresses as a table's key.
struct NetworkKey6: TableKey {
    private let first: Key6
    private let prefixLength: UInt8

    /// The block of `prefixLength` bits that the address lies in.
    init(_ address: IPv6Address, prefixLength: Int) {
        first = Key6(address.masked(to: prefixLength))
        self.prefixLength = UInt8(truncatingIfNeeded: prefixLength)
    }

    var network: IPv6Address { IPv6Address(high: first.high, low: first.low) }
    var length: Int { Int(prefixLength) }

    static var vacant: NetworkKey6 { NetworkKey6(IPv6Address(high: 0, low: 0), prefixLength: 0) }

    @inline(__always)
    func hash(_ seed: HashSeed) -> UInt64 {
        var state = SipHash(seed)
        state.absorb(first.high)
        state.absorb(first.low)
        return state.finish(tail: UInt64(prefixLength), tailCount: 1)
    }
}

/// An endpoint as a table's key, its address in canonical form: IPv4 in the place that RFC 4291 maps it to, which no
/// canonical IPv6 address takes.
struct EndpointKey: TableKey {
    private let address: Key6
    private let transport: UInt8
    private let port: UInt16

    init(_ endpoint: Endpoint) {
        switch endpoint.address {
        case .v4(let four): address = Key6(IPv6Address(high: 0, low: 0xFFFF << 32 | UInt64(four.bits)))
        case .v6(let six): address = Key6(six)
        }
        transport = endpoint.transport.rawValue
        port = endpoint.port
    }

    /// No endpoint has port 0.
    static var vacant: EndpointKey {
        EndpointKey(Endpoint(address: .v4(IPv4Address(bits: 0)), transport: .tcp, port: 0))
    }

    @inline(__always)
    func hash(_ seed: HashSeed) -> UInt64 {
        var state = SipHash(seed)
        state.absorb(address.high)
        state.absorb(address.low)
        return state.finish(tail: UInt64(transport) << 16 | UInt64(port), tailCount: 3)
    }
}
