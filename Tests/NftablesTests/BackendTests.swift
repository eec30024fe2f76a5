// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Testing

@testable import Nftables

/// What the kernel says of a set's backend: a symbol, or an address where it has none.
@Suite struct BackendTests {
    @Test(arguments: [
        ("nft_set_rhash_type", "rhash"), ("nft_set_rbtree_type", "rbtree"),
        ("nft_set_pipapo_avx2_type", "pipapo_avx2"), ("nft_set_hash_fast_type", "hash_fast"),
        ("0xffffffff82507f40", nil), ("", nil), ("nft_set__type", nil), ("nft_set_type", nil),
    ])
    func `A backend's name is read off its symbol`(symbol: String, expected: String?) {
        #expect(backendName(symbol: symbol) == expected)
    }
}
