// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Ledger
internal import Logging
internal import NIOCore
internal import Nftables
internal import SentinelConfiguration
internal import SentinelProtocol

extension Helper {
    /// Brings an answer of the ledger's thread here.
    func here<Answer: Sendable>(
        _ body: @escaping @Sendable (isolated Helper, Answer) -> Void
    ) -> @Sendable (Answer) -> Void {
        { [weak self] answer in
            guard let self else { return }
            eventLoop.execute { self.assumeIsolated { body($0, answer) } }
        }
    }

    // MARK: Writing

    /// What became of a ban.
    struct BanChange {
        var kind: EventKind
        var record: BanRecord
        /// Who did it, where that isn't who asked for the ban.
        var actor: String?
    }

    /// Has the ledger and those who watch know what became of bans, in that order.
    func tell(_ changes: [BanChange]) {
        guard !changes.isEmpty else { return }
        count(changes)
        if let timeline = keeping.ledger?.timeline { write(batch(changes, timeline)) }
        publish(changes.map(event))
    }

    func count(_ changes: [BanChange]) {
        for change in changes {
            tally.count(change.kind, change.record.key.check, reason: change.record.reason)
        }
    }

    func batch(_ changes: [BanChange], _ timeline: Timeline) -> LedgerBatch {
        let (now, prefix) = (clock.monotonic(), enforcer.layout.ipv6Prefix)
        var batch = LedgerBatch()
        for change in changes {
            let ban = ledgerBan(change.record, timeline)
            batch.events.append(
                LedgerEvent(time: clock.wall(), kind: change.kind.rawValue, ban: ban, actor: change.actor))
            if change.kind == .banned || change.kind == .renewed {
                batch.bans.append(ban)
                continue
            }
            batch.ended.append(ban.id)
            let strikes = BanBook.Strikes(
                key: change.record.key, id: change.record.id, count: change.record.strikes,
                last: change.record.renewed, forgotten: change.record.forgotten(by: schedules, from: now))
            batch.offences.append(LedgerOffence(strikes, timeline, ipv6Prefix: prefix))
        }
        return batch
    }

    func ledgerBan(_ record: BanRecord, _ timeline: Timeline) -> LedgerBan {
        LedgerBan(
            record, timeline, ipv6Prefix: enforcer.layout.ipv6Prefix,
            until: record.deadline.map { timestamp($0).rawValue })
    }

    func write(_ batch: LedgerBatch) {
        guard let ledger = keeping.ledger else { return }
        noteAsked()
        ledger.write(batch, then: here { $0.writeAnswered($1) })
    }

    /// The same for what comes in parts. Nothing is written before it is decided that it is wanted.
    ///
    /// - Parameter body: called back with whether it is on the disk, however long that takes.
    func write(_ bulk: LedgerBulk, then body: @escaping @Sendable (isolated Helper, Bool) -> Void) {
        guard let ledger = keeping.ledger else { return body(self, false) }
        noteAsked()
        ledger.write(
            bulk,
            then: here { helper, isDurable in
                helper.writeAnswered(isDurable)
                body(helper, isDurable)
            })
    }

    private func noteAsked() {
        let now = clock.monotonic()
        keeping.asked += 1
        keeping.pending.append(now)
        keeping.lastWrite = now
    }

    private func writeAnswered(_ isDurable: Bool) {
        keeping.answered += 1
        if !keeping.pending.isEmpty { keeping.pending.removeFirst() }
        let answered = keeping.answered
        answerWaiting(isDurable) { $0.write <= answered }
    }

    private func answerWaiting(_ isDurable: Bool, where isDue: (LedgerKeeping.Waiting) -> Bool) {
        let due = keeping.waiting.filter(isDue)
        guard !due.isEmpty else { return }
        keeping.waiting.removeAll(where: isDue)
        for waiting in due { waiting.body(self, isDurable) }
    }

    /// Calls back when what was told so far is on the disk, or can't be brought there: with whether it is.
    ///
    /// - Parameter patiently: however long the disk takes.
    func whenDurable(
        patiently: Bool = false, _ body: @escaping @Sendable (isolated Helper, Bool) -> Void
    ) {
        guard keeping.ledger != nil, keeping.failure == nil else { return body(self, false) }
        guard keeping.answered < keeping.asked else { return body(self, true) }
        keeping.waiting.append(
            .init(write: keeping.asked, since: patiently ? .max : clock.monotonic(), body: body))
    }

    // MARK: What happens by itself

    /// Who waits for a disk that doesn't answer is told that nothing is known; a failed ledger is tried again; and the
    /// ledger's time is written down now and then, for a reboot in which the clock is wrong.
    func lookAfterLedger() {
        let now = clock.monotonic()
        answerWaiting(false) { now - $0.since >= Self.patience }
        guard keeping.ledger != nil else { return makeLedger() }
        if let failure = keeping.failure {
            if !failure.isRestoring, now >= failure.retry { restoreLedger() }
            return
        }
        if now.subtractingSaturating(keeping.lastWrite) >= Self.markInterval, book.activeCount > 0 {
            write(LedgerBatch())
        }
        if now.subtractingSaturating(keeping.lastSweep) >= Self.sweepInterval { sweepLedger() }
    }

    /// How long a caller waits for the disk, in milliseconds.
    private static var patience: Int64 { 5000 }
    private static var markInterval: Int64 { 60_000 }
    private static var sweepInterval: Int64 { 3_600_000 }
    static var retryInterval: Int64 { 5000 }

    func sweepLedger() {
        keeping.lastSweep = clock.monotonic()
        let history = configuration.ledger.history
        keeping.ledger?.sweep(
            oldest: clock.wall().subtractingSaturating(Milliseconds(history).rawValue),
            most: Int64(configuration.ledger.events))
    }

    // MARK: Failing and restoring

    func ledgerChanged(_ condition: Ledger.Condition) {
        switch condition {
        case .failed(let error):
            guard keeping.failure == nil else { return }
            let now = clock.monotonic()
            keeping.failure = .init(
                error: error, since: keeping.pending.first ?? now, retry: now + Self.retryInterval)
            let message = ledgerProblem(error)
            logger.critical("\(message)")
            noteUnsaved()
            publish([Event(kind: .alarm, time: Timestamp(rawValue: clock.wall()), message: message)])
        case .healthy:
            keeping.failure = nil
            noteUnsaved()
            let message = "the ledger is whole again"
            logger.notice("\(message)")
            publish([Event(kind: .recovered, time: Timestamp(rawValue: clock.wall()), message: message)])
        }
    }

    /// Has the kernel's table say whether there are bans in it that the ledger lacks.
    func markUnsaved() throws(NftablesError) {
        try enforcer.mark(isUnsaved: ledgerState == .failed)
        try enforcer.mark(isImporting: keeping.imports > 0)
    }

    func noteUnsaved() {
        do {
            try markUnsaved()
        } catch {
            logger.error("the next start can't be told what the ledger lacks: \(error)")
        }
    }

    private func ledgerProblem(_ error: LedgerError) -> String {
        let remedy =
            error.code == .full
            ? "free space there" : "see to the disk"
        return
            "the ledger in \(configuration.ledger.directory ?? "") can't be written: \(error). Bans are enforced, but "
            + "those from now on are lost if the host restarts. It is tried again each few seconds; \(remedy)"
    }

    /// Nothing is written from here on; what was asked for is, first.
    func closeLedger() {
        keeping.ledger?.close()
        keeping.ledger = nil
    }

    /// What the operator should know of the ledger.
    var ledgerProblems: [String] {
        [keeping.openingProblem, keeping.failure.map { ledgerProblem($0.error) }].compactMap { $0 }
    }

    var ledgerState: LedgerState {
        guard keeping.ledger != nil else { return configuration.ledger.directory == nil ? .off : .failed }
        return keeping.failure == nil && !keeping.isFilling ? .healthy : .failed
    }

    /// Whether a ban is on the disk.
    func isDurable(_ record: BanRecord) -> Bool { record.renewed < keeping.durableBefore }

    /// Writes the ledger anew from memory, page by page, so that nobody waits for it.
    private func restoreLedger() {
        keeping.failure?.isRestoring = true
        keeping.ledger?.beginRestoring(
            then: here { helper, hasBegun in
                if hasBegun { helper.restorePage(.bans(0)) } else { helper.restoringFailed() }
            })
    }

    /// Where restoring has come to.
    enum RestoringPlace: Sendable {
        case bans(Int)
        case strikes(Int)
    }

    private func restorePage(_ place: RestoringPlace) {
        guard let ledger = keeping.ledger else { return }
        var batch = LedgerBatch()
        let next: RestoringPlace?
        switch place {
        case .bans(let start):
            let page = book.page(from: start, limit: Self.restoringPageSize) { _ in true }
            batch.bans = page.bans.map { ledgerBan($0, ledger.timeline) }
            next = page.next.map { .bans($0) } ?? .strikes(0)
        case .strikes(let start):
            let page = book.strikesPage(from: start, limit: Self.restoringPageSize)
            let prefix = enforcer.layout.ipv6Prefix
            batch.offences = page.strikes.map { LedgerOffence($0, ledger.timeline, ipv6Prefix: prefix) }
            next = page.next.map { .strikes($0) }
        }
        ledger.restore(
            batch,
            then: here { helper, isWritten in
                guard isWritten else { return helper.restoringFailed() }
                if let next { helper.restorePage(next) } else { helper.finishRestoring() }
            })
    }

    static var restoringPageSize: Int { 1000 }

    private func finishRestoring() {
        keeping.ledger?.finishRestoring(
            next: Int64(clamping: book.nextID),
            then: here { helper, isWhole in
                if !isWhole { helper.restoringFailed() }
            })
    }

    private func restoringFailed() {
        keeping.failure?.isRestoring = false
        keeping.failure?.retry = clock.monotonic() + Self.retryInterval
    }
}

extension Int64 {
    /// The difference, or the largest number where it would be larger.
    func subtractingSaturating(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other < 0 ? .max : .min) : difference
    }
}
