// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Logging
internal import Nftables
internal import Sentinel
internal import SentinelConfiguration
internal import SentinelProtocol

extension Helper {
    /// Carries requests out: all that can be in one transaction, then the book, the ledger, the events.
    ///
    /// - Returns: a receipt for each, in their order. None is durable yet; see ``whenDurable(_:)``.
    func block(_ requests: [BlockRequest], for caller: String) -> [Receipt] {
        endDueBans()
        refreshGuards(requests.contains { $0.isOperators } ? .operators : .batch)
        var plan = Plan()
        var outcomes: [Result<BanKey, RefusalError>] = []
        for request in requests { outcomes.append(admit(request, for: caller, in: &plan)) }
        updateExempt(before: plan.order)
        enforce(&plan, outcomes: &outcomes)
        let (entered, changes) = enter(plan)
        tell(changes)
        return zip(requests, outcomes).map { request, outcome in
            switch outcome {
            case .success(let key):
                guard let record = entered[key] else {
                    return receipt(refused: RefusalError.bookFull, request)
                }
                let isShadowed = enforcer.layout.shadows(key.set)
                return Receipt(
                    id: Int64(record.id), subject: request.subject,
                    enforced: plan.pending[key] == nil && !isShadowed, durable: false,
                    expires: record.deadline.map(timestamp), strikes: record.strikes,
                    refusal: plan.pending[key]?.refusal, shadowed: isShadowed ? true : nil)
            case .failure(let error): return receipt(refused: error, request)
            }
        }
    }

    private func receipt(refused error: RefusalError, _ request: BlockRequest) -> Receipt {
        Receipt(subject: request.subject, enforced: false, durable: false, strikes: 0, refusal: error.refusal)
    }

    // MARK: Planning

    private func admit(
        _ request: BlockRequest, for caller: String, in plan: inout Plan
    ) -> Result<BanKey, RefusalError> {
        do throws(RefusalError) {
            guard enforcer.mode != .released else { throw RefusalError.released }
            let (target, reason) = try request.validated(within: configuration.node)
            let key = try unguardedKey(of: target)
            try addBan(request, key: key, reason: reason, caller: caller, to: &plan)
            return .success(key)
        } catch {
            return .failure(error)
        }
    }

    /// The key of a target that no guard protects.
    func unguardedKey(of target: Target) throws(RefusalError) -> BanKey {
        try guards.check(target)
        let prefix = enforcer.layout.ipv6Prefix
        let key = target.key(ipv6Prefix: prefix)
        try protected.check(target, matching: key.matched(ipv6Prefix: prefix))
        return key
    }

    /// Plans a ban that has been checked.
    func addBan(
        _ request: BlockRequest, key: BanKey, reason: Reason, caller: String, to plan: inout Plan
    ) throws(RefusalError) {
        let present = plan.records[key] ?? plan.present(key, in: book)
        let record = grant(request, key: key, reason: reason, caller: caller, present: present)
        if present == nil { try reserve(in: key.set, of: &plan, for: record) }
        if plan.records.updateValue(record, forKey: key) == nil { plan.order.append(key) }
    }

    /// The ban that a request brings about: of a present one and the new the later end holds, unless an operator
    /// says otherwise. Only a ban after the last one has ended is a further strike.
    private func grant(
        _ request: BlockRequest, key: BanKey, reason: Reason, caller: String, present: BanRecord?
    ) -> BanRecord {
        let now = clock.monotonic()
        let schedule = schedules.schedule(check: key.check, reason: reason)
        let strikes = present?.strikes ?? strikes(of: key, remembered: schedule, at: now) + 1
        let length = length(request, schedule, strikes: strikes)
        let deadline = length.map { now.addingSaturating($0) }
        let keyText = key.text(ipv6Prefix: enforcer.layout.ipv6Prefix)
        var record = BanRecord(
            key: key, id: present?.id ?? 0, deadline: deadline, renewed: now,
            created: present?.created ?? clock.wall(), strikes: strikes, reason: request.reason,
            caller: caller,
            isOperators: request.isOperators, peer: request.peer ?? present?.peer, detail: request.detail,
            subject: request.subject == keyText ? nil : request.subject)
        guard let present, !request.isExact else { return record }
        if !NetworkCover<BanKey>.endsLater(record.deadline, present.deadline) {
            guard record.isOperators, !present.isOperators else { return present }
            // The later end stays, but what an operator has asked for is no node's to lift.
            record.deadline = present.deadline
            record.renewed = present.renewed
            return record
        }
        // A node may make an operator's ban longer, but it stays the operator's.
        if present.isOperators, !record.isOperators {
            record.isOperators = true
            record.caller = present.caller
            record.reason = present.reason
        }
        return record
    }

    /// How many strikes the key has that a schedule still remembers.
    func strikes(of key: BanKey, remembered schedule: DurationSchedule, at now: MonotonicMilliseconds) -> Int
    {
        remembered(book.strikes(of: key), schedule, at: now)
    }

    /// How many of the strikes that the book has a schedule still remembers.
    func remembered(
        _ strikes: (count: Int, last: MonotonicMilliseconds), _ schedule: DurationSchedule,
        at now: MonotonicMilliseconds
    ) -> Int {
        let (count, last) = strikes
        guard count > 0, schedule.remembers(strikeAged: .milliseconds(now - last)) else { return 0 }
        return count
    }

    /// In milliseconds; nil: for good.
    func length(_ request: BlockRequest, _ schedule: DurationSchedule, strikes: Int) -> Int64? {
        switch request.wish {
        case .forGood: return nil
        case .milliseconds(let wished):
            let cap = Milliseconds(configuration.durations.nodeMaximum).rawValue
            return request.isOperators ? wished : min(wished, cap)
        case .configured:
            let length = schedule.duration(strikes: strikes, using: &generator)
            return length.map { max(1, Milliseconds($0).rawValue) }
        }
    }

    // MARK: Enforcing

    /// Brings the plan into the kernel. What the kernel refuses by name leaves the plan, and the rest is tried again.
    private func enforce(_ plan: inout Plan, outcomes: inout [Result<BanKey, RefusalError>]) {
        var mayRepair = true
        for _ in 0..<Self.mostRefusals {
            holdBack(&plan)
            plan.timed = clock.monotonic()
            do {
                if missing == nil { try enforcer.apply(changes(plan)) }
                scheduleWakeup()
                return
            } catch {
                if wait(error, &plan) { continue }
                if mayRepair, hasRepaired() {
                    mayRepair = false
                    continue
                }
                let refusal = RefusalError(error)
                let named = plan.order.filter { $0.elementKey == error.element }
                drop(named.isEmpty ? plan.order : named, from: &plan, &outcomes, because: refusal)
                logger.error("\(error)")
                if plan.order.isEmpty { return }
            }
        }
        drop(plan.order, from: &plan, &outcomes, because: RefusalError.tooManyRefusals)
    }

    /// Notes which bans can't be in the kernel yet: all of them where sets are missing, and those of a set where others
    /// wait for their place already.
    func holdBack(_ plan: inout Plan) {
        for key in plan.order where plan.pending[key] == nil {
            if let missing {
                plan.pending[key] = .missing(missing)
            } else if waiting.keys[key.set] != nil,
                waiting.contains(key) || plan.present(key, in: book) == nil
            {
                plan.pending[key] = .noPlace(key.set)
            }
        }
    }

    /// The set that the kernel says is full, where those that are new in it may wait.
    func fullSet(_ error: NftablesError) -> SetKind? {
        guard error.code == .setFull else { return nil }
        return SetKind.ofBans.first {
            enforcer.layout[$0].description == error.object && !$0.flags.contains(.interval)
        }
    }

    /// Has those wait that are new in a set that the kernel says is full.
    ///
    /// - Returns: whether there are any.
    private func wait(_ error: NftablesError, _ plan: inout Plan) -> Bool {
        guard let kind = fullSet(error) else { return false }
        let new = plan.order.filter {
            $0.set == kind && plan.pending[$0] == nil && plan.present($0, in: book) == nil
        }
        for key in new { plan.pending[key] = .noPlace(kind) }
        return !new.isEmpty
    }

    /// After so many elements that the kernel refuses one by one, the rest of a batch isn't tried any more.
    private static var mostRefusals: Int { 16 }

    private func drop(
        _ keys: [BanKey], from plan: inout Plan, _ outcomes: inout [Result<BanKey, RefusalError>],
        because refusal: RefusalError
    ) {
        let dropped = Swift.Set(keys)
        plan.order.removeAll { dropped.contains($0) }
        for key in keys { plan.remove(key) }
        for index in outcomes.indices {
            if case .success(let key) = outcomes[index], dropped.contains(key) {
                outcomes[index] = .failure(refusal)
            }
        }
    }

    /// What the kernel has to change for the plan.
    func changes(_ plan: Plan) -> Enforcer.Changes {
        var changes = Enforcer.Changes()
        var networks: [SetKind: [BanKey: BanRecord?]] = [:]
        for key in plan.evicted where !waiting.contains(key) {
            if key.set.flags.contains(.interval) {
                networks[key.set, default: [:]][key] = .some(nil)
            } else {
                changes.removed[key.set, default: []].append(Element(key.elementKey))
            }
        }
        for key in plan.order where plan.pending[key] == nil {
            guard let record = plan.records[key], let element = element(record) else { continue }
            if key.set.flags.contains(.interval) {
                networks[key.set, default: [:]][key] = .some(record)
            } else if let present = plan.present(key, in: book) {
                if present != record { changes.change(element, from: present, to: record, enforcer.features) }
            } else {
                changes.added[key.set, default: []].append(element)
            }
        }
        for (kind, changed) in networks {
            changes.intervals[kind] = intervalChange(kind, to: cover(kind, changed: changed), plan.records)
        }
        return changes
    }

    /// Writes the plan into the book.
    func enter(_ plan: Plan) -> (entered: [BanKey: BanRecord], changes: [BanChange]) {
        var entered: [BanKey: BanRecord] = [:]
        var changes = evict(plan)
        // What the kernel counts from is when it took the transaction.
        let delay = plan.timed.map { clock.monotonic() - $0 } ?? 0
        var fresh: [BanKey] = []
        for key in plan.order {
            guard var planned = plan.records[key] else { continue }
            let present = book[key]
            guard planned != present else {
                entered[key] = present
                continue
            }
            if planned.deadline != present?.deadline { planned.postpone(by: delay) }
            guard let record = book.enter(planned) else { continue }
            entered[key] = record
            if present == nil { fresh.append(key) }
            changes.append(BanChange(kind: present == nil ? .banned : .renewed, record: record))
        }
        if missing == nil { letWait(plan.pending.keys.filter { entered[$0] != nil }) }
        recover(covers: (entered.keys.map(\.set) + plan.evicted.map(\.set)))
        scheduleWakeup()
        cut(fresh.filter { !enforcer.layout.shadows($0.set) })
        for key in fresh { shadowing.count(key.set) }
        return (entered, changes)
    }

    /// Ends what has made room.
    func evict(_ plan: Plan) -> [BanChange] {
        let now = clock.monotonic()
        return plan.evicted.compactMap { key in
            waiting.remove(key)
            guard let record = book[key] else { return nil }
            _ = book.end(key, forget: record.forgotten(by: schedules, from: now))
            return BanChange(kind: .evicted, record: record)
        }
    }
}

extension BanRecord {
    /// Begins and ends it so much later.
    fileprivate mutating func postpone(by delay: Int64) {
        renewed += delay
        deadline = deadline?.addingSaturating(delay)
    }
}

extension Enforcer.Changes {
    /// Gives an element that is there another end or comment: where only the end differs and the kernel can do it,
    /// without taking it out.
    fileprivate mutating func change(
        _ element: Element, from present: BanRecord, to record: BanRecord, _ features: KernelFeatures
    ) {
        let hasEnds = present.deadline != nil && record.deadline != nil
        guard features.timeoutUpdate, hasEnds, BanComment(present) == BanComment(record) else {
            replaced[record.key.set, default: []].append(element)
            return
        }
        var element = element
        // The same timeout once more counts from now on only where this is said as well.
        element.expiration = element.timeout
        updated[record.key.set, default: []].append(element)
    }
}

extension RefusalError {
    static let released = RefusalError(
        .released, "the table has been released; restart sentineld to enforce again")
    fileprivate static let bookFull = RefusalError(
        .full, "there is no memory set aside for more bans; raise [capacity] or shorten [durations]")
    fileprivate static let tooManyRefusals = RefusalError(
        .kernel,
        "the kernel refused too many of this batch; see the log, and submit it again in smaller parts")

    /// The operator's table isn't what it has to be.
    fileprivate static func missing(_ what: String) -> RefusalError {
        RefusalError(.pending, "the ban is kept, and enforced once the sets are there: \(what)")
    }
    /// What has expired isn't cleared away yet.
    static func noPlace(_ set: SetKind) -> RefusalError {
        RefusalError(
            .pending,
            "the ban is kept, and tried again each second: \(set.name) is full of elements that have expired and that "
                + "the kernel hasn't cleared away yet")
    }

    /// What the kernel refused.
    fileprivate init(_ error: NftablesError) {
        self.init(error.code == .setFull ? .full : .kernel, "nftables: \(error)")
    }
}
