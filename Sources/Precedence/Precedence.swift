// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Which of several values holds that are for a check, for a reason, for both, or for all bans.
///
/// The most specific one wins: check and reason, then reason, then check, then the one for all. A reason says more
/// about a peer than the moment at which it was refused, hence that order.
public enum Precedence {
    /// The value that holds for a ban; nil where there is none.
    ///
    /// - Parameter value: the value for a check, a reason, both, or neither.
    public static func first<Check, Reason, Value>(
        check: Check, reason: Reason, _ value: (Check?, Reason?) -> Value?
    ) -> Value? {
        value(check, reason) ?? value(nil, reason) ?? value(check, nil) ?? value(nil, nil)
    }

    /// The value that holds for a ban, where each kind of value has a place of its own.
    public static func first<Check: Hashable, Reason: Hashable, Value>(
        check: Check, reason: Reason, both: [Check: [Reason: Value]], byReason: [Reason: Value],
        byCheck: [Check: Value], otherwise fallback: Value
    ) -> Value {
        first(check: check, reason: reason) { check, reason in
            switch (check, reason) {
            case (let check?, let reason?): both[check]?[reason]
            case (nil, let reason?): byReason[reason]
            case (let check?, nil): byCheck[check]
            case (nil, nil): fallback
            }
        } ?? fallback
    }
}
