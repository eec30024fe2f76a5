// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// One rule by which a node decides, with what it remembers.
///
/// A policy is a value: it is kept and called under the lock of whoever composes it, see ``PolicySentinel``, has
/// no clock, and does nothing but compute. It allows without allocating. Policies stand in a chain: each is
/// asked in turn until one gives an answer, and each is told what the answer was.
///
/// What a policy remembers it remembers by address, or block of addresses, or by peer: by ``Question/source`` and
/// ``Question/peer``, ``Event/source`` and ``Event/peer``, which are nil where another instance of the policy keeps
/// account of them. What it remembers is bounded, whatever comes.
public protocol Policy: Sendable {
    /// What configurations, denials and logs call it. Unique within a chain.
    var name: String { get }

    /// Whether questions and events never change it. All instances then are the same, and one of them is asked.
    var isFixed: Bool { get }

    /// The checks at which it is asked.
    var checks: CheckSet { get }

    /// Whether it wants to be told of what is allowed as well, and not of denials and events only. What is allowed is
    /// most of what there is.
    var observesAllowed: Bool { get }

    /// Whether what it says is counted only, and let pass.
    var isShadow: Bool { get }

    /// The policy as one of `count` instances, with as much less room. Where all of them have to count together,
    /// they share what counts.
    func instance(of count: Int) -> Self

    /// The policy's answer to a question, or none.
    ///
    /// - Parameter now: where threads meet, it may lie a little before the one that was given last.
    mutating func decide(_ question: borrowing Question, now: MonotonicInstant) -> Verdict

    /// What the policy makes of a denial that the chain has come to. Called for every policy, in the chain's order,
    /// each with what the one before has made of it.
    mutating func review(
        _ denial: borrowing Denial, of question: borrowing Question, now: MonotonicInstant
    ) -> Review

    /// What was answered in the end, by whichever policy; the chain's later policies were not asked. Told at all
    /// checks.
    ///
    /// - Parameter denial: nil where it was allowed.
    mutating func observe(_ question: borrowing Question, denial: Denial?, now: MonotonicInstant)

    /// Something has happened.
    mutating func observe(_ event: borrowing Event, now: MonotonicInstant)

    /// Takes over what a policy of the same name has remembered, which this one stands in for from now on.
    ///
    /// - Parameter predecessor: an instance with the same share of addresses and peers; of any type.
    mutating func adopt(_ predecessor: any Policy, now: MonotonicInstant)
}

extension Policy {
    /// It keeps account of something.
    public var isFixed: Bool { false }
    /// It is asked at all checks.
    public var checks: CheckSet { .all }
    /// It is told of everything.
    public var observesAllowed: Bool { true }
    /// What it says holds.
    public var isShadow: Bool { false }
    /// The same as it is.
    public func instance(of count: Int) -> Self { self }
    /// Lets every denial stand.
    public mutating func review(
        _ denial: borrowing Denial, of question: borrowing Question, now: MonotonicInstant
    ) -> Review { .uphold }
    /// Takes no notice.
    public mutating func observe(_ question: borrowing Question, denial: Denial?, now: MonotonicInstant) {}
    /// Takes no notice.
    public mutating func observe(_ event: borrowing Event, now: MonotonicInstant) {}
    /// Begins with nothing.
    public mutating func adopt(_ predecessor: any Policy, now: MonotonicInstant) {}
}
