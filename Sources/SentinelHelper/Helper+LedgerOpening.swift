// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Ledger
internal import Logging
internal import SentinelConfiguration
internal import SentinelProtocol

extension Helper {
    // MARK: Opening

    /// Opens the ledger and fills the book from it. Without one, as where its disk can't be read, enforcing goes on.
    ///
    /// - Returns: whether the ledger is known to have all bans that there were.
    func openLedger() -> Bool {
        guard let directory = configuration.ledger.directory else { return false }
        var reader = BookReader(capacity: book.capacity, ipv6Prefix: enforcer.layout.ipv6Prefix) {
            [manager] in
            manager.announceWork(on: $0)
        }
        do {
            let (ledger, opening) = try Ledger.open(
                directory: directory,
                clock: .init(boot: clock.boot, monotonic: clock.monotonic, wall: clock.wall), reader: &reader,
                whenChanged: here { $0.ledgerChanged($1) })
            book = reader.book
            keeping.ledger = ledger
            recover(covers: covers.keys)
            tell(opening, directory)
            if !reader.left.isEmpty { drop(reader.left) }
            sweepLedger()
            return opening == .whole
        } catch {
            noteUnopened(error, directory)
            return false
        }
    }

    private func tell(_ opening: LedgerOpening, _ directory: String) {
        switch opening {
        case .created: logger.notice("a new ledger", metadata: ["directory": "\(directory)"])
        case .whole: logger.info("the ledger is whole", metadata: ["bans": "\(book.activeCount)"])
        case .salvaged(let damage):
            let expected = damage.expectedBans.map { " of \($0)" } ?? ""
            let problem =
                "the ledger was damaged (\(damage.fault)): \(damage.bans)\(expected) bans, \(damage.offences) offences "
                + "and \(damage.events) events could be kept; it is now \(damage.file), which can be removed"
            keeping.openingProblem = problem
            logger.error("\(problem)")
        }
    }

    /// Bans that the ledger has and the book has no place for.
    private func drop(_ ids: [Int64]) {
        logger.warning(
            "the ledger had bans for which there is no room any more; raise [capacity]",
            metadata: ["bans": "\(ids.count)"])
        var batch = LedgerBatch()
        batch.ended = ids
        write(batch)
    }

    private func noteUnopened(_ error: LedgerError, _ directory: String) {
        keeping.retry = clock.monotonic() + Self.retryInterval
        let problem =
            "the ledger in \(directory) can't be opened, so bans are lost when the host restarts: \(error); put that "
            + "right. Where there is none yet it is tried again each few seconds, else restart sentineld"
        guard problem != keeping.openingProblem else { return }
        keeping.openingProblem = problem
        logger.critical("\(problem)")
    }

    // MARK: Making one later

    /// Where no ledger could be made at the start, as in a directory that wasn't there or a file system that was full, it
    /// is made as soon as that goes, and everything is written into it. One that was there and couldn't be read isn't
    /// looked at again: what it has, and what was lifted meanwhile, would have to be told apart.
    func makeLedger() {
        guard let directory = configuration.ledger.directory, clock.monotonic() >= keeping.retry,
            !Ledger.exists(in: directory)
        else { return }
        var reader = BookReader(capacity: 0, ipv6Prefix: enforcer.layout.ipv6Prefix)
        do {
            let (ledger, _) = try Ledger.open(
                directory: directory,
                clock: .init(boot: clock.boot, monotonic: clock.monotonic, wall: clock.wall), reader: &reader,
                whenChanged: here { $0.ledgerChanged($1) })
            keeping.ledger = ledger
            keeping.isFilling = true
            fillLedger(from: 0)
        } catch {
            noteUnopened(error, directory)
        }
    }

    private func fillLedger(from start: Int) {
        guard let ledger = keeping.ledger else { return }
        let page = book.page(from: start, limit: Self.restoringPageSize) { _ in true }
        var batch = LedgerBatch()
        batch.bans = page.bans.map { ledgerBan($0, ledger.timeline) }
        ledger.write(
            batch,
            then: here { helper, isWritten in
                guard isWritten else { return helper.keeping.isFilling = false }
                if let next = page.next { helper.fillLedger(from: next) } else { helper.endFilling() }
            })
    }

    private func endFilling() {
        keeping.isFilling = false
        keeping.openingProblem = nil
        ledgerChanged(.healthy)
    }
}
