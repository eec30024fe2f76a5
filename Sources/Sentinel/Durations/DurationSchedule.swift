// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// How long a ban lasts: longer with every strike, up to a maximum.
///
/// The nth strike's ban lasts `first × factor^(n−1)`, at most `maximum`, less a random share of up to `jitter`
/// of it, so that peers that were banned together don't come back together. Jitter only ever shortens: the
/// maximum holds. Nothing overflows, however many strikes there are.
public struct DurationSchedule: Hashable, Sendable {
    /// What a schedule is made of. Nothing here is forever unless ``permanentAfter`` says so.
    public struct Terms: Hashable, Sendable {
        /// How long the first ban lasts.
        public var first: Duration
        /// How many times longer each further ban is: 1, or at least 1.01.
        public var factor: Double
        /// How long a ban lasts at most.
        public var maximum: Duration
        /// The share of a ban that chance may take off: 0 to 1, less than 1.
        public var jitter: Double
        /// How long a strike is remembered.
        public var forgetAfter: Duration
        /// The strike from which on a ban is for good; nil where no ban is.
        public var permanentAfter: Int?

        public init(
            first: Duration, factor: Double, maximum: Duration, jitter: Double, forgetAfter: Duration,
            permanentAfter: Int? = nil
        ) {
            self.first = first
            self.factor = factor
            self.maximum = maximum
            self.jitter = jitter
            self.forgetAfter = forgetAfter
            self.permanentAfter = permanentAfter
        }
    }

    public let terms: Terms
    private let first: Int64
    private let maximum: Int64

    /// - Throws: `outOfRange` naming the term at fault.
    public init(_ terms: Terms) throws(SentinelError) {
        func require(_ isValid: Bool, _ element: String, _ remedy: String) throws(SentinelError) {
            guard isValid else { throw SentinelError(.outOfRange, in: element, remedy: remedy) }
        }
        let longest = Duration.nanoseconds(Int64.max)
        try require(
            terms.first >= .nanoseconds(1) && terms.first <= longest, "first",
            "a ban lasts a nanosecond at least and 292 years at most")
        try require(
            terms.maximum >= terms.first && terms.maximum <= longest, "maximum",
            "it is at least the first ban's duration and 292 years at most")
        try require(
            terms.factor == 1 || (terms.factor >= 1.01 && terms.factor.isFinite), "factor",
            "it is 1 for bans of the same length, or 1.01 and more for growing ones")
        try require((0..<1).contains(terms.jitter), "jitter", "it is a share, from 0 to below 1")
        try require(terms.forgetAfter > .zero, "forget_after", "a strike is remembered for some time")
        try require((terms.permanentAfter ?? 1) >= 1, "permanent_after", "strikes count from 1")
        self.terms = terms
        first = terms.first.saturatingNanoseconds
        maximum = terms.maximum.saturatingNanoseconds
    }

    /// How long the ban for this strike lasts at most, before jitter; nil for good.
    ///
    /// - Parameter strikes: how many strikes are remembered, this one among them; less than 1 counts as 1.
    public func longest(strikes: Int) -> Duration? {
        nanoseconds(strikes: strikes).map { .nanoseconds($0) }
    }

    /// How long the ban for this strike lasts; nil for good.
    ///
    /// - Parameters:
    ///   - strikes: as in ``longest(strikes:)``.
    ///   - generator: where the jitter comes from.
    public func duration(strikes: Int, using generator: inout some RandomNumberGenerator) -> Duration? {
        guard let longest = nanoseconds(strikes: strikes) else { return nil }
        // The share as a fraction of 2^64, so that the product is exact: a longer ban stays the longer one for
        // the same chance.
        let share = UInt64(terms.jitter * 0x1p64)
        let chance = generator.next().multipliedFullWidth(by: share).high
        let less = UInt64(longest).multipliedFullWidth(by: chance).high
        return .nanoseconds(longest - Int64(less))
    }

    /// Whether a strike that was so long ago still counts.
    public func remembers(strikeAged age: Duration) -> Bool {
        age < terms.forgetAfter
    }

    private func nanoseconds(strikes: Int) -> Int64? {
        if let permanentAfter = terms.permanentAfter, strikes >= permanentAfter { return nil }
        guard strikes > 1, terms.factor > 1 else { return first }
        // Step by step rather than by a power, whose rounding could let a later ban be shorter. A factor of 1.01
        // reaches any maximum in less than 4400 steps.
        var length = Double(first)
        for _ in 1..<strikes {
            length *= terms.factor
            guard length < Double(maximum) else { return maximum }
        }
        return Int64(length)
    }
}
