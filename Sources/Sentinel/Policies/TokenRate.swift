// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// How often something may happen: so many times a second in the long run, and a burst at once.
///
/// In any span of time it may happen at most span × rate + burst times.
public struct TokenRate: Hashable, Sendable {
    /// What one token costs: the time in which it comes back.
    public let interval: Duration
    /// How many tokens there are at most.
    public let burst: Int

    /// The interval in nanoseconds, and the time in which an empty bucket fills; neither overflows.
    let nanosecondsPerToken: Int64
    let nanosecondsPerBurst: Int64

    /// `count` times in `period` in the long run, `burst` at once.
    ///
    /// A token comes back in a whole number of nanoseconds, rounded up.
    ///
    /// - Throws: `outOfRange` unless count and burst are at least 1 and the whole burst comes back within a
    ///   hundred years.
    public init(_ count: Int, per period: Duration, burst: Int) throws(SentinelError) {
        guard count >= 1, burst >= 1, period > .zero else {
            throw SentinelError(
                .outOfRange, in: "rate", remedy: "the count, the period and the burst must be at least 1")
        }
        // Rounded up: a rate is never exceeded.
        let (quotient, remainder) = period.saturatingNanoseconds.quotientAndRemainder(
            dividingBy: Int64(count))
        let nanoseconds = quotient + (remainder > 0 ? 1 : 0)
        let (full, overflow) = nanoseconds.multipliedReportingOverflow(by: Int64(burst))
        guard !overflow, full <= Self.longestFill else {
            throw SentinelError(
                .outOfRange, in: "rate", remedy: "the burst must come back within a hundred years")
        }
        nanosecondsPerToken = nanoseconds
        nanosecondsPerBurst = full
        interval = .nanoseconds(nanoseconds)
        self.burst = burst
    }

    /// Takes a token, where there is one, of a bucket that is kept as the moment at which it is full again.
    ///
    /// Source: the generic cell rate algorithm, ITU-T I.371: a token less is a full bucket one interval later.
    @inline(__always)
    func take(from fullAt: inout Int64, now: MonotonicInstant) -> Bool {
        let next = max(fullAt, now.nanoseconds).addingSaturating(nanosecondsPerToken)
        guard next.subtractingSaturating(now.nanoseconds) <= nanosecondsPerBurst else { return false }
        fullAt = next
        return true
    }

    /// When a bucket that another rate has filled until now is full at this one: tokens that are used stay used.
    ///
    /// - Parameter moment: when it would have been full.
    func fullAt(_ moment: Int64, insteadOf other: TokenRate, now: MonotonicInstant) -> Int64 {
        let missing = moment.subtractingSaturating(now.nanoseconds)
        guard self != other, missing > 0 else { return moment }
        let used = Double(missing) / Double(other.nanosecondsPerToken)
        let needed = min(used, Double(burst)) * Double(nanosecondsPerToken)
        return now.nanoseconds.addingSaturating(min(Int64(needed.rounded(.up)), nanosecondsPerBurst))
    }

    /// A hundred years in nanoseconds: twice that still fits beside any clock's reading.
    private static var longestFill: Int64 { 100 * 365 * 86_400 * 1_000_000_000 }
}

extension TokenRate: CustomStringConvertible {
    /// `one in 0.2 seconds, 10 at once`.
    public var description: String { "one in \(interval), \(burst) at once" }
}
