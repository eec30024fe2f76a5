// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Dispatch
internal import Ledger
internal import SentinelProtocol
internal import Synchronization

/// An import as the ledger gets it: what the book takes of it by the ordinary way, then the new bans some thousand at a
/// time, then that there was an import.
struct ImportRows: Sendable {
    let imported: ImportedBans
    let timeline: Timeline
    let ipv6Prefix: Int
    /// What the wall clock shows when the monotonic clock shows nothing.
    let wallOffset: Int64
    let other: LedgerBatch

    private static var size: Int { 4096 }

    /// nil: there are no more.
    func part(_ number: Int) -> LedgerBatch? {
        if number == 0 { return other }
        let start = (number - 1) * Self.size
        guard start < imported.bans.count else { return nil }
        var batch = LedgerBatch()
        batch.bans = imported.bans[start..<min(start + Self.size, imported.bans.count)].map { ban in
            LedgerBan(
                imported.record(ban), timeline, ipv6Prefix: imported.ipv6Prefix,
                until: ban.deadline == .max ? nil : ban.deadline.addingSaturating(wallOffset))
        }
        return batch
    }
}

/// What one thread decides and another waits for.
final class Decision: Sendable {
    private let made = Mutex<Bool?>(nil)
    private let isMade = DispatchSemaphore(value: 0)

    func make(_ decision: Bool) {
        made.withLock { $0 = decision }
        isMade.signal()
    }

    /// Waits for it.
    var value: Bool {
        while true {
            if let value = made.withLock({ $0 }) { return value }
            isMade.wait()
        }
    }
}
