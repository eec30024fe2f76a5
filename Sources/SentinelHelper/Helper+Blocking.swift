// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Logging
internal import Nftables
internal import Sentinel
internal import SentinelConfiguration
internal import SentinelProtocol

extension Helper {
    /// Carries requests out: all that can be in one transaction, then the book, then the events.
    ///
    /// - Returns: a receipt for each, in their order.
    func block(_ requests: [BlockRequest], for caller: String) -> [Receipt] {
        endDueBans()
        refreshGuards(requests.contains { $0.isOperators } ? .operators : .batch)
        var plan = Plan()
        var outcomes: [Result<BanKey, RefusalError>] = []
        for request in requests { outcomes.append(admit(request, for: caller, in: &plan)) }
        updateExempt(before: plan.order)
        enforce(&plan, outcomes: &outcomes)
        let entered = enter(plan)
        return zip(requests, outcomes).map { request, outcome in
            switch outcome {
            case .success(let key):
                guard let record = entered[key] else {
                    return receipt(refused: RefusalError.bookFull, request)
                }
                return Receipt(
                    id: Int64(record.id), subject: request.subject, enforced: true, durable: false,
                    expires: record.deadline.map(timestamp), strikes: record.strikes)
            case .failure(let error): return receipt(refused: error, request)
            }
        }
    }

    private func receipt(refused error: RefusalError, _ request: BlockRequest) -> Receipt {
        Receipt(subject: request.subject, enforced: false, durable: false, strikes: 0, refusal: error.refusal)
    }

    // MARK: Planning

    /// The bans that one transaction brings about, by key: requests for the same key are merged.
    struct Plan {
        var records: [BanKey: BanRecord] = [:]
        /// In the order they were asked for.
        var order: [BanKey] = []
        /// How many new keys are planned for a set.
        var added: [SetKind: Int] = [:]
    }

    private func admit(
        _ request: BlockRequest, for caller: String, in plan: inout Plan
    ) -> Result<BanKey, RefusalError> {
        do throws(RefusalError) {
            guard enforcer.mode != .released else { throw RefusalError.released }
            let (target, reason) = try request.validated(within: configuration.node)
            try guards.check(target)
            let key = target.key(ipv6Prefix: enforcer.layout.ipv6Prefix)
            try protected.check(target, matching: key.matched(ipv6Prefix: enforcer.layout.ipv6Prefix))
            let present = plan.records[key] ?? book[key]
            if present == nil { try reserve(key.set, in: &plan) }
            let record = grant(
                request, key: key, reason: reason, target: target, caller: caller, present: present)
            if plan.records.updateValue(record, forKey: key) == nil { plan.order.append(key) }
            return .success(key)
        } catch {
            return .failure(error)
        }
    }

    /// Makes sure that the set has room for one more.
    private func reserve(_ set: SetKind, in plan: inout Plan) throws(RefusalError) {
        let capacity = set.capacity(configuration.capacity) ?? 0
        let planned = plan.added[set, default: 0]
        guard book.activeCount(in: set) + planned < capacity else {
            throw RefusalError(
                .full,
                "\(set.name) holds \(capacity) bans, as many as it may; raise [capacity] or shorten [durations]"
            )
        }
        plan.added[set] = planned + 1
    }

    /// The ban that a request brings about: of a present one and the new the later end holds, unless an operator
    /// says otherwise. Only a ban after the last one has ended is a further strike.
    private func grant(
        _ request: BlockRequest, key: BanKey, reason: Reason, target: Target, caller: String,
        present: BanRecord?
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
        let (count, last) = book.strikes(of: key)
        guard count > 0, schedule.remembers(strikeAged: .milliseconds(now - last)) else { return 0 }
        return count
    }

    /// In milliseconds; nil: for good.
    private func length(_ request: BlockRequest, _ schedule: DurationSchedule, strikes: Int) -> Int64? {
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
        var mayRebuild = true
        for _ in 0..<Self.mostRefusals {
            do {
                try enforcer.apply(changes(plan))
                scheduleWakeup()
                return
            } catch {
                if mayRebuild, enforcer.mode == .watched, (try? enforcer.isDamaged()) ?? false,
                    (try? rebuild()) != nil
                {
                    mayRebuild = false
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

    /// After so many elements that the kernel refuses one by one, the rest of a batch isn't tried any more.
    private static var mostRefusals: Int { 16 }

    private func drop(
        _ keys: [BanKey], from plan: inout Plan, _ outcomes: inout [Result<BanKey, RefusalError>],
        because refusal: RefusalError
    ) {
        let dropped = Swift.Set(keys)
        plan.order.removeAll { dropped.contains($0) }
        for key in keys { plan.records[key] = nil }
        for index in outcomes.indices {
            if case .success(let key) = outcomes[index], dropped.contains(key) {
                outcomes[index] = .failure(refusal)
            }
        }
    }

    /// What the kernel has to change for the plan.
    private func changes(_ plan: Plan) -> Enforcer.Changes {
        var changes = Enforcer.Changes()
        var networks: [SetKind: [BanKey: BanRecord?]] = [:]
        for key in plan.order {
            guard let record = plan.records[key], let element = element(record) else { continue }
            if key.set.flags.contains(.interval) {
                networks[key.set, default: [:]][key] = .some(record)
            } else if let present = book[key] {
                if present != record { changes.replaced[key.set, default: []].append(element) }
            } else {
                changes.added[key.set, default: []].append(element)
            }
        }
        for (kind, changed) in networks {
            changes.intervals[kind] = intervalChange(kind, to: cover(kind, changed: changed), plan.records)
        }
        return changes
    }

    /// Writes the plan into the book and tells it.
    private func enter(_ plan: Plan) -> [BanKey: BanRecord] {
        var entered: [BanKey: BanRecord] = [:]
        var events: [Event] = []
        var fresh: [BanKey] = []
        for key in plan.order {
            guard let planned = plan.records[key] else { continue }
            let present = book[key]
            guard planned != present else {
                entered[key] = present
                continue
            }
            guard let record = book.enter(planned) else { continue }
            entered[key] = record
            if present == nil { fresh.append(key) }
            events.append(event(present == nil ? .banned : .renewed, record))
        }
        recover(covers: entered.keys.map(\.set))
        scheduleWakeup()
        cut(fresh)
        publish(events)
        return entered
    }

    // MARK: Elements

    /// The element of a ban that isn't a block's. nil where its time is over.
    func element(_ record: BanRecord) -> Element? {
        guard let timeout = timeout(record.deadline) else { return nil }
        return Element(record.key.elementKey, timeout: timeout, comment: BanComment(record).text)
    }

    /// How long the kernel has to keep an element; `.zero`: for good, nil: it is over.
    func timeout(_ deadline: MonotonicMilliseconds?) -> Duration? {
        guard let deadline else { return .zero }
        let left = deadline - clock.monotonic()
        return left > 0 ? .milliseconds(left) : nil
    }

    /// The cover of a set's bans, some of them changed (or, where nil, gone).
    func cover(_ kind: SetKind, changed: [BanKey: BanRecord?]) -> NetworkCover<BanKey> {
        var blocks: [NetworkCover<BanKey>.Block] = []
        func add(_ record: BanRecord) {
            guard let network = record.key.network else { return }
            blocks.append(.init(network: network, deadline: record.deadline, id: record.key))
        }
        for key in book.keys(in: kind) where changed[key] == nil {
            if let record = book[key] { add(record) }
        }
        for case let record? in changed.values { add(record) }
        return NetworkCover(blocks)
    }

    /// What an interval set has to change for its cover to become another. `planned` are bans that the book doesn't
    /// have yet.
    func intervalChange(
        _ kind: SetKind, to cover: NetworkCover<BanKey>, _ planned: [BanKey: BanRecord] = [:]
    ) -> Enforcer.IntervalChange {
        let before = covers[kind]?.segments ?? []
        let (old, new) = (Swift.Set(before), Swift.Set(cover.segments))
        return Enforcer.IntervalChange(
            removed: intervalElements(before.filter { !new.contains($0) }),
            added: intervalElements(cover.segments.filter { !old.contains($0) }, planned),
            whole: intervalElements(cover.segments, planned))
    }

    /// The elements of segments.
    func intervalElements(
        _ segments: [NetworkCover<BanKey>.Segment], _ planned: [BanKey: BanRecord] = [:]
    ) -> [Element] {
        segments.flatMap { segment -> [Element] in
            guard let timeout = timeout(segment.deadline) else { return [] }
            let comment = (planned[segment.id] ?? book[segment.id]).map { BanComment($0).text }
            return SentinelHelper.intervalElements(from: segment.first, through: segment.last) {
                Element($0, timeout: timeout, comment: comment)
            }
        }
    }
}

extension RefusalError {
    fileprivate static let released = RefusalError(
        .released, "the table has been released; restart sentineld to enforce again")
    fileprivate static let bookFull = RefusalError(
        .full, "there is no memory set aside for more bans; raise [capacity] or shorten [durations]")
    fileprivate static let tooManyRefusals = RefusalError(
        .kernel,
        "the kernel refused too many of this batch; see the log, and submit it again in smaller parts")

    /// What the kernel refused.
    fileprivate init(_ error: NftablesError) {
        self.init(error.code == .setFull ? .full : .kernel, "nftables: \(error)")
    }
}
