// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A point in time as it is on the wire: milliseconds since 1970-01-01T00:00Z.
public struct Timestamp: RawRepresentable, Codable, Hashable, Sendable {
    public var rawValue: Int64

    public init(rawValue: Int64) {
        self.rawValue = rawValue
    }
}

extension Timestamp: Comparable {
    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// A length of time as it is on the wire: milliseconds.
public struct Milliseconds: RawRepresentable, Codable, Hashable, Sendable {
    public var rawValue: Int64

    public init(rawValue: Int64) {
        self.rawValue = rawValue
    }

    /// The same length of time; what is less than a millisecond is cut off.
    public init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        let (sum, excess) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        rawValue = overflow || excess ? (seconds < 0 ? .min : .max) : sum
    }

    /// The same length of time.
    public var duration: Duration { .milliseconds(rawValue) }
}

extension Milliseconds: Comparable {
    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}
