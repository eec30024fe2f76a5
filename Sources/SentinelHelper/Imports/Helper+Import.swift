// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CLinux
internal import Inet
internal import Ledger
internal import Logging
internal import Nftables
internal import SentinelConfiguration
internal import SentinelProtocol
internal import Varlink

extension Helper {
    /// Takes a part of a list; with the last one all of it is banned, in one transaction of the kernel's and one of the
    /// ledger's. What a connection has named goes with it.
    func importBans(_ call: VarlinkCall) throws(VarlinkFailure) {
        try access.require(.operate, call.peer)
        let parameters = try call.parameters(of: HelperInterface.importBans)
        let connection = call.connectionID
        try checkSize(of: parameters.parts)
        if imports[connection] == nil {
            imports[connection] = StagedImport()
            call.whenDisconnected(on: self) { helper in helper.imports[connection] = nil }
        }
        var refused: [ImportRefusal] = []
        for part in parameters.parts { refused += imports[connection]?.add(part) ?? [] }
        guard parameters.last else { return call.reply(HelperInterface.Import.Reply(refused: refused)) }
        var staged = imports.updateValue(StagedImport(), forKey: connection) ?? StagedImport()
        staged.order()
        let (malformed, count) = (refused, staged.entries.count)
        let caller = access.caller(call.peer)
        let imported = try carryOut(staged, for: caller)
        whenDurable(patiently: true) { helper, isDurable in
            let refusals = malformed + imported.refused
            let result = ImportResult(
                bans: count - imported.refused.count, pending: imported.pending,
                durable: isDurable, unlisted: max(0, refusals.count - Self.mostRefusals))
            helper.logger.notice(
                "imported by an operator", metadata: ["bans": "\(result.bans)", "caller": "\(caller)"])
            call.reply(
                HelperInterface.Import.Reply(
                    refused: Array(refusals.prefix(Self.mostRefusals)), result: result))
        }
    }

    /// No call keeps the loop for long, and nobody fills the memory.
    private func checkSize(of parts: [ImportPart]) throws(VarlinkFailure) {
        let new = parts.reduce(0) { $0 + StagedImport.count($1) }
        guard new <= Self.mostSubjects else {
            throw VarlinkFailure(
                "parts",
                "there are \(new) subjects; name at most \(Self.mostSubjects) in a call, and go on with the next"
            )
        }
        let staged = imports.values.reduce(0) { $0 + $1.named }
        guard staged + new <= book.capacity else {
            throw VarlinkFailure(
                "parts",
                "\(staged + new) subjects wait to be banned, and there may be \(book.capacity) bans in all; import less "
                    + "at once, or raise [capacity]")
        }
    }

    /// In one call.
    private static var mostSubjects: Int { 20_000 }
    /// In an import whose memory is worth being given back.
    private static var manySubjects: Int { 50_000 }
    /// In one reply.
    private static var mostRefusals: Int { 20_000 }

    // MARK: Carrying out

    /// Bans what was staged.
    ///
    /// The ledger writes while the kernel is asked, and commits when that has agreed. Nothing else happens here meanwhile,
    /// so what the book says then is what it said when all was planned.
    ///
    /// - Throws: where nothing of it is banned.
    private func carryOut(
        _ staged: StagedImport, for caller: String
    ) throws(VarlinkFailure) -> AdmittedImport {
        manager.announceWork(on: staged.entries.count)
        endDueBans()
        refreshGuards(.operators)
        guard enforcer.mode != .released else {
            throw VarlinkFailure(
                HelperInterface.Released(message: RefusalError.released.refusal.message))
        }
        updateExempt()
        var admitted = admit(staged, for: caller)
        number(&admitted)
        let decision = Decision()
        let isWritten = keeping.ledger != nil
        let new = admitted.newBans(besides: book)
        let evicted = evict(admitted.plan)
        // What only takes time is done beside the kernel: on the ledger's thread behind the rows, for the kernel has a
        // processor to itself then where there are two.
        let filled = MadeOnce<BanBook> { [book, imported = admitted.imported] in
            imported.entered(into: book)
        }
        if isWritten {
            write(admitted, evicted, new) {
                _ = filled.value
                return decision.value
            }
        }
        do {
            try enforce(&admitted, isMarked: isWritten)
        } catch {
            decision.make(false)
            for change in evicted { _ = book.enter(change.record) }
            logger.error("nothing of an import is banned: \(error)")
            throw VarlinkFailure(kernel: error)
        }
        decision.make(true)
        book = admitted.isRepaired ? admitted.imported.entered(into: book) : filled.value
        enter(admitted, evicted, new)
        return admitted
    }

    private func admit(_ staged: StagedImport, for caller: String) -> AdmittedImport {
        // All of it counts from when the kernel has all of it.
        let began = clock.monotonic() + Int64(staged.entries.count) * ImportedElements.timeForEach / 1_000_000
        var admitted = AdmittedImport(
            imported: ImportedBans(
                staged: staged, caller: caller, ipv6Prefix: enforcer.layout.ipv6Prefix, granted: began,
                created: clock.wall()))
        // Not looked up a million times in what the helper has: nothing of it changes meanwhile.
        let book = book
        var terms = RecentTerms(staged, schedules)
        for (place, entry) in staged.entries.enumerated() {
            do throws(RefusalError) {
                try admit(entry, at: UInt32(place), terms[entry.part], book, to: &admitted)
            } catch {
                admitted.refused.append(staged.refusal(entry, error))
            }
        }
        admitted.refused.sort { $0.index < $1.index }
        admitted.kinds = Swift.Set(SetKind.ofBans.filter { !admitted.imported.places(in: $0).isEmpty })
        return admitted
    }

    private func admit(
        _ entry: StagedImport.Entry, at place: UInt32, _ terms: ImportTerms, _ book: BanBook,
        to admitted: inout AdmittedImport
    ) throws(RefusalError) {
        let target = Target(entry)
        let key = try unguardedKey(of: target)
        let standing = book.standing(of: key)
        let isInForce = standing.isInForce && !admitted.plan.evicted.contains(key)
        guard key.check != .network, !isInForce, admitted.plan.records[key] == nil else {
            var request = terms.part.request
            request.subject = target.description
            return try addBan(
                request, key: key, reason: terms.part.reason, caller: admitted.imported.caller,
                to: &admitted.plan)
        }
        let now = admitted.imported.granted
        let strikes = remembered(standing.strikes, terms.schedule, at: now) + 1
        let length = length(terms.part.request, terms.schedule, strikes: strikes)
        let deadline = length.map { now.addingSaturating($0) } ?? .max
        guard !admitted.extendLast(key, to: deadline) else { return }
        let ban = ImportedBan(entry: place, strikes: UInt16(clamping: strikes), deadline: deadline)
        try reserve(in: key.set, of: &admitted.plan, for: admitted.imported.record(ban))
        admitted.imported.bans.append(ban)
    }

    /// Gives all that is new the ids that the book will give them.
    private func number(_ admitted: inout AdmittedImport) {
        var next = book.nextID
        for place in admitted.imported.bans.indices {
            admitted.imported.bans[place].id = next
            next += 1
        }
        for key in admitted.plan.order where admitted.plan.records[key]?.id == 0 {
            admitted.plan.records[key]?.id = next
            next += 1
        }
        book.reserveIDs(below: next)
    }

    // MARK: The kernel

    /// - Throws: why nothing of it is enforced. Otherwise all of it is, or waits for its place.
    private func enforce(_ admitted: inout AdmittedImport, isMarked: Bool) throws(NftablesError) {
        while true {
            holdBack(&admitted.plan)
            admitted.waiting.formUnion(missing == nil ? Swift.Set(waiting.keys.keys) : admitted.kinds)
            guard missing == nil else { return }
            let now = clock.monotonic()
            let elements = admitted.kinds.subtracting(admitted.waiting).map {
                ImportedElements(of: $0, in: admitted.imported, now: now)
            }
            do {
                return try enforcer.apply(
                    changes(admitted.plan),
                    importing: .init(elements: elements, isMarked: isMarked && enforcer.canBeMarked))
            } catch {
                if let kind = fullSet(error), admitted.waiting.insert(kind).inserted {
                    for key in admitted.plan.order where key.set == kind && book[key] == nil {
                        admitted.plan.pending[key] = .noPlace(kind)
                    }
                } else if !admitted.isRepaired, hasRepaired() {
                    admitted.isRepaired = true
                } else {
                    throw error
                }
            }
        }
    }

    // MARK: The book

    /// Notes what the kernel and the book have by now.
    private func enter(
        _ admitted: AdmittedImport, _ evicted: [BanChange],
        _ new: [(check: Check, reason: String, count: Int)]
    ) {
        let (_, changes) = enter(admitted.plan)
        count(evicted + changes.filter { $0.kind != .banned })
        for (check, reason, count) in new { tally.count(.banned, check, reason: reason, by: count) }
        publish(evicted.map(event))
        if missing == nil { for kind in admitted.waiting { letWait(admitted.keys(in: kind)) } }
        scheduleWakeup()
        let shadowed = admitted.kinds.filter { enforcer.layout.shadows($0) }
        for kind in shadowed { shadowing.count(kind, by: admitted.imported.places(in: kind).count) }
        var effective = admitted
        effective.kinds.subtract(shadowed)
        cut(effective)
        publish(
            new.map { check, reason, count in
                Self.imported(
                    count, check, reason: reason, by: admitted.imported.caller, at: clock.wall())
            })
    }

    /// That there are new bans of a list.
    static func imported(
        _ count: Int, _ check: Check, reason: String, by caller: String, at time: Int64
    ) -> Event {
        Event(
            kind: .imported, time: Timestamp(rawValue: time), actor: caller,
            message: "\(count == 1 ? "1 ban" : "\(count) bans") of a list at \(check.rawValue), \(reason)",
            check: check, reason: reason,
            count: count)
    }

    // MARK: The ledger

    /// Has the ledger write it, for the time being.
    ///
    /// - Parameter isWanted: whether it is to last, asked on the ledger's thread.
    private func write(
        _ admitted: AdmittedImport, _ evicted: [BanChange],
        _ new: [(check: Check, reason: String, count: Int)], isWanted: @escaping @Sendable () -> Bool
    ) {
        guard let timeline = keeping.ledger?.timeline else { return }
        let prefix = enforcer.layout.ipv6Prefix
        var other = batch(evicted, timeline)
        other.bans = admitted.plan.order.compactMap { admitted.plan.records[$0] }.map {
            ledgerBan($0, timeline)
        }
        other.events += new.map { check, reason, count in
            LedgerEvent(
                time: clock.wall(), kind: EventKind.imported.rawValue,
                ban: LedgerBan(
                    id: 0, check: check.rawValue, address: "", since: timeline.time(clock.monotonic()),
                    granted: nil, created: clock.wall(), strikes: Int64(count), reason: reason,
                    caller: admitted.imported.caller, isOperators: true))
        }
        let rows = ImportRows(
            imported: admitted.imported, timeline: timeline, ipv6Prefix: prefix,
            wallOffset: clock.wall() - clock.monotonic(), other: other)
        keeping.imports += 1
        let count = admitted.count
        write(LedgerBulk(part: { rows.part($0) }, isWanted: isWanted)) { helper, _ in
            helper.keeping.imports -= 1
            helper.noteUnsaved()
            // What several threads needed for a moment would stay with each of them.
            if count >= Self.manySubjects { _ = clinux_trim_heap() }
        }
    }
}
