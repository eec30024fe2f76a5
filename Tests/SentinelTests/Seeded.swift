// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import TestRandom

extension Seeded {
    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }

    /// Whether something with this many chances in a hundred happens.
    mutating func chance(_ percent: UInt64) -> Bool {
        next() % 100 < percent
    }
}

/// Seeds to test with: the same ones each time, and a new one. The test's name shows each.
let seeds: [UInt64] = [1, 2, 3, .random(in: 4 ... .max)]
