// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// When something is asked for again: each interval, but for no more than a tenth of the time where answers take long.
struct Pacing: Hashable, Sendable {
    private let interval: Duration
    private var due = Duration.zero
    private var begun: Duration?

    /// The share of the time that may be spent on answers: one part of so many.
    private static var parts: Int { 10 }

    init(interval: Duration) {
        self.interval = interval
    }

    /// Since when an answer is awaited.
    var waitingSince: Duration? { begun }

    /// Whether it is to be asked for now. If so, it counts as asked for.
    mutating func begin(at moment: Duration) -> Bool {
        guard begun == nil, moment >= due else { return false }
        begun = moment
        return true
    }

    /// The answer has come, or won't.
    mutating func end(at moment: Duration) {
        guard let begun else { return }
        due = begun + max(interval, (moment - begun) * Self.parts)
        self.begun = nil
    }

    /// It is to be asked for at once, as something has been changed, if that isn't too much.
    mutating func hurry(at moment: Duration, lastTook: Duration) {
        if lastTook * Self.parts <= interval { due = min(due, moment) }
    }
}
