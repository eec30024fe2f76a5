// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Which schedule holds for a ban: by its check, by its reason, by both, or for all others.
///
/// The most specific one wins: check and reason, then reason, then check, then the default. A reason says more
/// about a peer than the moment at which it was refused, hence that order.
public struct DurationSchedules<Check: Hashable & Sendable>: Hashable, Sendable {
    /// Holds where nothing else does.
    public var fallback: DurationSchedule
    public var byCheck: [Check: DurationSchedule]
    public var byReason: [Reason: DurationSchedule]
    public var byCheckAndReason: [Check: [Reason: DurationSchedule]]

    public init(
        fallback: DurationSchedule, byCheck: [Check: DurationSchedule] = [:],
        byReason: [Reason: DurationSchedule] = [:],
        byCheckAndReason: [Check: [Reason: DurationSchedule]] = [:]
    ) {
        self.fallback = fallback
        self.byCheck = byCheck
        self.byReason = byReason
        self.byCheckAndReason = byCheckAndReason
    }

    /// The schedule that holds.
    public func schedule(check: Check, reason: Reason) -> DurationSchedule {
        byCheckAndReason[check]?[reason] ?? byReason[reason] ?? byCheck[check] ?? fallback
    }
}
