// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet

/// Which prefix lengths are in use in the neighbourhood of an IPv4 address: among those that share its first 16
/// bits.
struct PrefixLengths4: Sendable {
    /// A set of prefix lengths, 0 to 31: a block of a single address is kept elsewhere.
    struct Mask: Sendable, BitwiseCopyable {
        fileprivate var bits: UInt32 = 0

        @inline(__always)
        mutating func popLongest() -> Int? {
            guard bits != 0 else { return nil }
            let length = 31 - bits.leadingZeroBitCount
            bits &= ~(1 &<< UInt32(truncatingIfNeeded: length))
            return length
        }
    }

    private static var neighbourhoodLength: Int { 16 }

    /// Lengths of less than a neighbourhood's: they count everywhere.
    private var everywhere = Mask()
    /// The others, by the neighbourhood's number. Empty until there is one.
    private var neighbourhoods: [Mask] = []

    mutating func insert(_ first: IPv4Address, _ prefixLength: Int) {
        let bit = 1 &<< UInt32(prefixLength)
        guard prefixLength >= Self.neighbourhoodLength else {
            everywhere.bits |= bit
            return
        }
        if neighbourhoods.isEmpty {
            neighbourhoods = Array(repeating: Mask(), count: 1 << Self.neighbourhoodLength)
        }
        neighbourhoods[Int(first.bits >> 16)].bits |= bit
    }

    /// Every length that a block around the address can have.
    @inline(__always)
    func candidates(_ address: IPv4Address) -> Mask {
        guard !neighbourhoods.isEmpty else { return everywhere }
        return Mask(bits: everywhere.bits | neighbourhoods[Int(address.bits >> 16)].bits)
    }
}

/// Which prefix lengths are in use in the neighbourhood of an IPv6 address: among those that share its first 32
/// bits, and a few others that have the same hash.
struct PrefixLengths6: Sendable {
    /// A set of prefix lengths, 0 to 127: a block of a single address is kept elsewhere.
    struct Mask: Sendable, BitwiseCopyable {
        fileprivate var short: UInt64 = 0
        fileprivate var long: UInt64 = 0

        fileprivate mutating func insert(_ length: Int) {
            if length < 64 {
                short |= 1 &<< UInt64(length)
            } else {
                long |= 1 &<< UInt64(length - 64)
            }
        }

        @inline(__always)
        mutating func popLongest() -> Int? {
            if long != 0 {
                let bit = 63 - long.leadingZeroBitCount
                long &= ~(1 &<< UInt64(truncatingIfNeeded: bit))
                return 64 + bit
            }
            guard short != 0 else { return nil }
            let bit = 63 - short.leadingZeroBitCount
            short &= ~(1 &<< UInt64(truncatingIfNeeded: bit))
            return bit
        }
    }

    private static var neighbourhoodLength: Int { 32 }
    private static var neighbourhoodCount: Int { 1 << 14 }

    private let seed: HashSeed
    /// Lengths of less than a neighbourhood's: they count everywhere.
    private var everywhere = Mask()
    /// The others, by the neighbourhood's hash. Empty until there is one.
    private var neighbourhoods: [Mask] = []

    init(seed: HashSeed) {
        self.seed = seed
    }

    mutating func insert(_ first: IPv6Address, _ prefixLength: Int) {
        guard prefixLength >= Self.neighbourhoodLength else {
            everywhere.insert(prefixLength)
            return
        }
        if neighbourhoods.isEmpty {
            neighbourhoods = Array(repeating: Mask(), count: Self.neighbourhoodCount)
        }
        neighbourhoods[place(first)].insert(prefixLength)
    }

    /// Every length that a block around the address can have.
    @inline(__always)
    func candidates(_ address: IPv6Address) -> Mask {
        guard !neighbourhoods.isEmpty else { return everywhere }
        let near = neighbourhoods[place(address)]
        return Mask(short: everywhere.short | near.short, long: everywhere.long | near.long)
    }

    @inline(__always)
    private func place(_ address: IPv6Address) -> Int {
        var state = SipHash(seed)
        let hash = state.finish(tail: address.high >> 32, tailCount: 4)
        return Int(truncatingIfNeeded: hash & UInt64(Self.neighbourhoodCount - 1))
    }
}
