// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Precedence

/// Which schedule holds for a ban: by its check, by its reason, by both, or for all others; of several, the most
/// specific one.
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
        Precedence.first(
            check: check, reason: reason, both: byCheckAndReason, byReason: byReason, byCheck: byCheck,
            otherwise: fallback)
    }
}
