// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A point of a clock that never goes back, in nanoseconds since a start that the clock chooses.
///
/// Everything here that depends on time is given its instant. Compare only instants of the same clock.
public struct MonotonicInstant: InstantProtocol, Hashable, Sendable, BitwiseCopyable {
    /// Nanoseconds since the clock's start. The range is 292 years either way.
    public var nanoseconds: Int64

    @inlinable
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// Later than every other instant: what never comes.
    @inlinable
    public static var distantFuture: MonotonicInstant { MonotonicInstant(nanoseconds: .max) }

    @inlinable
    public static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }

    /// The instant that lies `duration` later. Stops at the ends of the range instead of overflowing.
    public func advanced(by duration: Duration) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: nanoseconds.addingSaturating(duration.saturatingNanoseconds))
    }

    /// How long it is from here until `other`; negative where `other` is earlier.
    public func duration(to other: MonotonicInstant) -> Duration {
        .nanoseconds(other.nanoseconds.subtractingSaturating(nanoseconds))
    }
}

/// Tells the time to what keeps state between calls. It must never go back, and be safe to call from any
/// thread.
public typealias MonotonicClock = @Sendable () -> MonotonicInstant

extension Duration {
    /// The whole nanoseconds, rounded towards zero, stopped at the ends of `Int64` instead of overflowing.
    var saturatingNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds > 0 ? .max : .min }
        return whole.addingSaturating(attoseconds / 1_000_000_000)
    }
}

extension Int64 {
    /// The sum, stopped at the ends of the type.
    @inlinable
    func addingSaturating(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other > 0 ? .max : .min) : sum
    }

    /// The difference, stopped at the ends of the type.
    @inlinable
    func subtractingSaturating(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other < 0 ? .max : .min) : difference
    }
}
