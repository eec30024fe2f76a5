// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// When something is asked for again: each interval, but for no more than a tenth of the time where answers take long.
struct Pacing: Hashable, Sendable {
    private let interval: Duration
    private var due = Duration.zero
    private var begun: Duration?
    /// How long the last answers took.
    private var took: [Duration] = []
    private let remembered: Int

    /// The share of the time that may be spent on answers: one part of so many.
    private static var parts: Int { 10 }

    /// - Parameter remembered: of so many answers, the one that came soonest tells how much work they are: others may have
    ///   waited behind somebody else's.
    init(interval: Duration, remembering remembered: Int = 1) {
        self.interval = interval
        self.remembered = remembered
    }

    /// Whether it is to be asked for now. If so, it counts as asked for.
    mutating func begin(at moment: Duration) -> Bool {
        guard begun == nil, moment >= due else { return false }
        begun = moment
        return true
    }

    /// The answer has come, or won't.
    mutating func end(at moment: Duration) {
        guard let begun else { return }
        took = took.suffix(remembered - 1) + [moment - begun]
        due = begun + max(interval, (took.min() ?? .zero) * Self.parts)
        self.begun = nil
    }

    /// It is to be asked for at once, as something has been changed, if that isn't too much.
    mutating func hurry(at moment: Duration, lastTook: Duration) {
        if lastTook * Self.parts <= interval { due = min(due, moment) }
    }
}
