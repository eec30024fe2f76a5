// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A stream's number within its connection. The dialing side opens odd ones, the accepting side even ones,
/// each in rising order.
public struct StreamID: Hashable, Sendable {
    public let number: UInt32

    init(_ number: UInt32) {
        self.number = number
    }
}

extension StreamID: Comparable {
    public static func < (a: Self, b: Self) -> Bool { a.number < b.number }
}
