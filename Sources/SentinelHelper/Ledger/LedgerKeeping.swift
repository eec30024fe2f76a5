// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Ledger

/// The ledger, and what the helper knows of how it fares.
struct LedgerKeeping {
    /// nil where there is none, by configuration or because it couldn't be opened.
    var ledger: Ledger?
    /// Why it can't be written; nil where it can.
    var failure: Failure?
    /// What was found when it was opened, where that is no good news.
    var openingProblem: String?
    /// When it is tried again to make one that couldn't be opened at the start.
    var retry: MonotonicMilliseconds = .max
    /// Whether it was made a moment ago, and doesn't have everything yet.
    var isFilling = false
    /// How many writes were asked for, and how many are answered.
    var asked: UInt64 = 0
    var answered: UInt64 = 0
    var waiting: [Waiting] = []
    /// When each write that isn't answered was asked for, the oldest first.
    var pending: [MonotonicMilliseconds] = []
    /// How many imports are being written that the kernel has already.
    var imports = 0
    /// When something was written last.
    var lastWrite: MonotonicMilliseconds = .min
    var lastSweep: MonotonicMilliseconds = .min

    struct Failure {
        var error: LedgerError
        /// What came from here on isn't in it.
        var since: MonotonicMilliseconds
        /// When it is tried again.
        var retry: MonotonicMilliseconds
        var isRestoring = false
    }

    /// Somebody who wants to know whether what he asked for is on the disk.
    struct Waiting {
        var write: UInt64
        var since: MonotonicMilliseconds
        var body: @Sendable (isolated Helper, Bool) -> Void
    }

    /// Bans that were granted before this are on the disk.
    var durableBefore: MonotonicMilliseconds {
        if let failure { return failure.since }
        guard ledger != nil, !isFilling else { return .min }
        return pending.first ?? .max
    }
}
