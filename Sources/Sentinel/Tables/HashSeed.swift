// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// The secret that decides where keys lie in a table. Whoever doesn't know it can't choose keys that all fall
/// into one place.
public struct HashSeed: Hashable, Sendable {
    let first: UInt64
    let second: UInt64

    /// A seed of one's own choice, for tests that repeat.
    public init(_ first: UInt64, _ second: UInt64) {
        self.first = first
        self.second = second
    }

    /// A seed from the system's random source.
    public static func random() -> HashSeed {
        var source = SystemRandomNumberGenerator()
        return HashSeed(source.next(), source.next())
    }
}

/// SipHash-1-3 over whole words: what Swift's own `Hasher` computes, but with a seed of one's own.
///
/// Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", <https://www.aumasson.jp/siphash/>.
struct SipHash {
    private var v0: UInt64
    private var v1: UInt64
    private var v2: UInt64
    private var v3: UInt64
    private var byteCount: UInt64 = 0

    @inline(__always)
    init(_ seed: HashSeed) {
        v0 = seed.first ^ 0x736f_6d65_7073_6575
        v1 = seed.second ^ 0x646f_7261_6e64_6f6d
        v2 = seed.first ^ 0x6c79_6765_6e65_7261
        v3 = seed.second ^ 0x7465_6462_7974_6573
    }

    @inline(__always)
    private mutating func round() {
        v0 &+= v1
        v1 = v1 << 13 | v1 >> 51
        v1 ^= v0
        v0 = v0 << 32 | v0 >> 32
        v2 &+= v3
        v3 = v3 << 16 | v3 >> 48
        v3 ^= v2
        v0 &+= v3
        v3 = v3 << 21 | v3 >> 43
        v3 ^= v0
        v2 &+= v1
        v1 = v1 << 17 | v1 >> 47
        v1 ^= v2
        v2 = v2 << 32 | v2 >> 32
    }

    /// Takes in eight bytes in little-endian order.
    @inline(__always)
    mutating func absorb(_ word: UInt64) {
        v3 ^= word
        round()
        v0 ^= word
        byteCount &+= 8
    }

    /// The hash of all words, and of up to seven bytes more.
    @inline(__always)
    mutating func finish(tail: UInt64 = 0, tailCount: UInt64 = 0) -> UInt64 {
        let last = (byteCount &+ tailCount) << 56 | tail
        v3 ^= last
        round()
        v0 ^= last
        v2 ^= 0xFF
        round()
        round()
        round()
        return v0 ^ v1 ^ v2 ^ v3
    }
}
