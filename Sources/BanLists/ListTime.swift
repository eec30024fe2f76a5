// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A point in time as lists of bans need it: whole milliseconds since 1970-01-01T00:00Z.
public struct ListTime: Hashable, Sendable, Comparable {
    public var milliseconds: Int64

    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// A number of seconds since 1970-01-01T00:00Z; the first or the last moment there is where that lies beyond it.
    public init(seconds: Int64) {
        let (product, overflows) = seconds.multipliedReportingOverflow(by: 1000)
        milliseconds = overflows ? (seconds < 0 ? .min : .max) : product
    }

    /// Whole seconds, cut off: what began then has begun.
    var secondsBefore: Int64 { milliseconds / 1000 - (milliseconds % 1000 < 0 ? 1 : 0) }

    /// Whole seconds, rounded up: what ends then has ended.
    var secondsAfter: Int64 { secondsBefore + (milliseconds % 1000 == 0 ? 0 : 1) }

    /// So many milliseconds later; the last moment there is where that lies beyond it.
    public func advanced(by length: Int64) -> ListTime {
        let (sum, overflows) = milliseconds.addingReportingOverflow(length)
        return ListTime(milliseconds: overflows ? (length < 0 ? .min : .max) : sum)
    }

    /// How many milliseconds it is until another; less than none where that has been.
    public func distance(to other: ListTime) -> Int64 {
        let (difference, overflows) = other.milliseconds.subtractingReportingOverflow(milliseconds)
        return overflows ? (other > self ? .max : .min) : difference
    }

    public static func < (a: Self, b: Self) -> Bool { a.milliseconds < b.milliseconds }

    /// Formats that know no ban for good hold one for this long instead: a hundred years, in milliseconds.
    static let lengthForGood: Int64 = 36_525 * 86_400_000

    /// What lasts as long as this, ninety years, was meant for good, in milliseconds.
    static let leastForGood: Int64 = 90 * 36_525 * 864_000
}
