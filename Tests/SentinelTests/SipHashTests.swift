// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Testing

@testable import Sentinel

@Suite struct SipHashTests {
    /// The values are CPython's, whose bytes hash is SipHash-1-3 with a seed of zeros where PYTHONHASHSEED is 0.
    @Test(
        arguments: [
            ([1], 0, 0, 0x1e9f_7341_61d6_2dd9),
            ([0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210], 0, 0, 0x26a9_fe81_d3b4_6069),
            ([0, 0, 0, 0, 0, 0], 0, 0, 0x52e5_cedc_00a0_49e0), ([], 0xC000_0201, 4, 0x23ac_cc70_541e_2a28),
            ([1, 2], 0x30, 1, 0xb0ee_59b9_636e_7710),
        ] as [([UInt64], UInt64, UInt64, UInt64)])
    func `It is SipHash-1-3`(words: [UInt64], tail: UInt64, tailCount: UInt64, hash: UInt64) {
        var state = SipHash(HashSeed(0, 0))
        for word in words { state.absorb(word) }
        #expect(state.finish(tail: tail, tailCount: tailCount) == hash)
    }

    @Test func `Another seed gives another hash`() {
        var one = SipHash(HashSeed(1, 0))
        var other = SipHash(HashSeed(0, 1))
        #expect(one.finish() != other.finish())
        #expect(HashSeed.random() != HashSeed.random())
    }
}
