// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A policy that is tried out: it remembers and answers as ever, but what it says is counted, and let pass: denials, who
/// it would have admitted, and what it would have made of others' denials.
///
/// It is in ``PolicySentinel/tallies``.
public struct Shadowed: Policy {
    /// What is tried out.
    public internal(set) var policy: any Policy

    public init(_ policy: any Policy) {
        self.policy = policy
    }

    public var name: String { policy.name }
    public var isFixed: Bool { policy.isFixed }
    public var checks: CheckSet { policy.checks }
    public var observesAllowed: Bool { policy.observesAllowed }
    public var isShadow: Bool { true }

    public func instance(of count: Int) -> Shadowed { Shadowed(policy.instance(of: count)) }

    public mutating func decide(_ question: borrowing Question, now: MonotonicInstant) -> Verdict {
        policy.decide(question, now: now)
    }

    public mutating func review(
        _ denial: borrowing Denial, of question: borrowing Question, now: MonotonicInstant
    ) -> Review {
        policy.review(denial, of: question, now: now)
    }

    public mutating func observe(_ question: borrowing Question, denial: Denial?, now: MonotonicInstant) {
        policy.observe(question, denial: denial, now: now)
    }

    public mutating func observe(_ event: borrowing Event, now: MonotonicInstant) {
        policy.observe(event, now: now)
    }

    /// Also what it remembered when it was no shadow.
    public mutating func adopt(_ predecessor: any Policy, now: MonotonicInstant) {
        policy.adopt((predecessor as? Shadowed)?.policy ?? predecessor, now: now)
    }
}
