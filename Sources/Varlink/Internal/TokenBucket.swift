// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import NIOCore

/// A rate with a reserve: tokens come at a steady rate, and what isn't used is saved up to a bound. More may be taken
/// than there are; then the next one has to wait until the debt is paid.
struct TokenBucket {
    /// How many tokens there are; below 0 is a debt.
    private var level: Double
    private var updated: NIODeadline

    /// A full bucket.
    init(_ rate: VarlinkService.Rate, now: NIODeadline) {
        level = Double(rate.saved)
        updated = now
    }

    /// Takes tokens, as many as are asked for. A debt is never higher than what can be saved: no caller is shut out
    /// for longer than that takes to come.
    mutating func take(_ count: Int, _ rate: VarlinkService.Rate, now: NIODeadline) {
        fill(rate, now: now)
        level = max(level - Double(count), -Double(rate.saved))
    }

    /// How long it is until there is a token; nil where there is one.
    mutating func delay(_ rate: VarlinkService.Rate, now: NIODeadline) -> TimeAmount? {
        fill(rate, now: now)
        guard level < 1 else { return nil }
        return .nanoseconds(Int64(((1 - level) / Double(rate.perSecond) * 1e9).rounded(.up)))
    }

    /// Whether nothing is lost by forgetting this bucket.
    mutating func isFull(_ rate: VarlinkService.Rate, now: NIODeadline) -> Bool {
        fill(rate, now: now)
        return level >= Double(rate.saved)
    }

    private mutating func fill(_ rate: VarlinkService.Rate, now: NIODeadline) {
        let passed = max(0, (now - updated).nanoseconds)
        level = min(level + Double(passed) / 1e9 * Double(rate.perSecond), Double(rate.saved))
        updated = now
    }
}
