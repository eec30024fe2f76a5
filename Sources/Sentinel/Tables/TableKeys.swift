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

    static var vacant: NetworkKey6 { NetworkKey6(IPv6Address(high: 0, low: 0), prefixLength: 0) }

    @inline(__always)
    func hash(_ seed: HashSeed) -> UInt64 {
        var state = SipHash(seed)
        state.absorb(first.high)
        state.absorb(first.low)
        return state.finish(tail: UInt64(prefixLength), tailCount: 1)
    }
}

/// An address as a table's key, of either family: IPv4 in the place that RFC 4291 maps it to, which no canonical
/// IPv6 address takes.
struct AddressKey: TableKey {
    private let key: Key6

    init(_ address: IPv4Address) {
        key = Key6(IPv6Address(high: 0, low: 0xFFFF << 32 | UInt64(address.bits)))
    }

    init(_ address: IPv6Address) {
        key = Key6(address)
    }

    static var vacant: AddressKey { AddressKey(IPv4Address(bits: 0)) }

    @inline(__always)
    func hash(_ seed: HashSeed) -> UInt64 { key.hash(seed) }
}
