// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// One rule by which a node decides, with what it remembers.
///
/// A policy is a value: it is kept and called under the lock of whoever composes it, see ``PolicySentinel``, has
/// no clock, and does nothing but compute. It allows without allocating. Policies stand in a chain: each is
/// asked in turn until one gives an answer, and each is told what the answer was.
public protocol Policy: Sendable {
    /// What configurations, denials and logs call it. Unique within a chain.
    var name: String { get }

    /// The policy's answer to a question, or none.
    ///
    /// - Parameter now: not before any instant that this policy was given earlier.
    mutating func decide(_ question: borrowing Question, now: MonotonicInstant) -> Verdict

    /// What was answered in the end, by whichever policy; the chain's later policies were not asked.
    ///
    /// - Parameter denial: nil where it was allowed.
    mutating func observe(_ question: borrowing Question, denial: Denial?, now: MonotonicInstant)

    /// Something has happened.
    mutating func observe(_ event: borrowing Event, now: MonotonicInstant)
}

extension Policy {
    /// Takes no notice.
    public mutating func observe(_ question: borrowing Question, denial: Denial?, now: MonotonicInstant) {}
    /// Takes no notice.
    public mutating func observe(_ event: borrowing Event, now: MonotonicInstant) {}
}
