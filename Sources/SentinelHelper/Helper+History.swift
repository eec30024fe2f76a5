// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Ledger
internal import SentinelConfiguration
internal import SentinelProtocol
internal import Varlink

/// What somebody wants to know of the past, and what he has been told.
private struct HistoryQuestion {
    /// Whether nothing is asked of the bans.
    var isOfAll: Bool
    var matches: @Sendable (BanRecord) -> Bool
    var kinds: Swift.Set<EventKind>?
    var since: Int64
    var until: Int64
    /// How many more may be told.
    var left: Int
    /// What isn't sent yet, where one reply is to have all.
    var events: [Event] = []
}

extension Helper {
    /// What has happened to bans, latest first, in pages where the call asks for more. The ledger's thread reads a page
    /// at a time, so that what is to be written isn't held up.
    func history(_ call: VarlinkCall) throws(VarlinkFailure) {
        try access.require(.submit, call.peer)
        let parameters = try call.parameters(of: HelperInterface.history)
        let limit = parameters.limit ?? (call.wantsMore ? .max : Self.mostEvents)
        guard limit >= 1, call.wantsMore || limit <= Self.mostEvents else {
            throw VarlinkFailure(
                "limit",
                "\(limit) can't be a limit: it is at least 1, and at most \(Self.mostEvents) for one reply; ask for "
                    + "more replies")
        }
        if let kind = parameters.kinds?.first(where: { !EventKind.kept.contains($0) }) {
            throw VarlinkFailure(
                "kinds",
                "\(quoted(kind.rawValue)) isn't kept; choose of "
                    + EventKind.kept.map(\.rawValue).joined(separator: ", "))
        }
        guard keeping.ledger != nil else { throw VarlinkFailure(unavailable) }
        let question = HistoryQuestion(
            isOfAll: parameters.filter.map { $0 == Filter() } ?? true,
            matches: try matcher(parameters.filter ?? Filter()),
            kinds: parameters.kinds.map { Swift.Set($0) },
            since: parameters.since?.rawValue ?? .min, until: parameters.until?.rawValue ?? .max, left: limit)
        readHistory(before: .max, question, call)
    }

    private var unavailable: HelperInterface.HistoryUnavailable {
        guard let directory = configuration.ledger.directory else {
            return .init(
                message: "without a ledger no history is kept; set [ledger] directory, and restart sentineld")
        }
        return .init(message: "the ledger in \(directory) can't be read; see sentinelctl status")
    }

    private func readHistory(before number: Int64, _ question: HistoryQuestion, _ call: VarlinkCall) {
        guard call.isOpen else { return }
        guard let ledger = keeping.ledger else { return call.fail(VarlinkFailure(unavailable)) }
        call.charge(1 + Self.historyPage / Self.bansPerDenial)
        ledger.events(
            before: number, limit: Self.historyPage,
            then: here { helper, result in
                switch result {
                case .success(let page): helper.tell(page, of: question, ledger.timeline, call)
                case .failure: call.fail(VarlinkFailure(helper.unavailable))
                }
            })
    }

    private static var historyPage: Int { 500 }
    /// In one reply.
    private static var mostEvents: Int { 1000 }

    private func tell(
        _ page: [(number: Int64, event: LedgerEvent)], of question: HistoryQuestion, _ timeline: Timeline,
        _ call: VarlinkCall
    ) {
        var question = question
        for (_, event) in page where question.left > 0 {
            guard let told = told(event, question, timeline) else { continue }
            question.events.append(told)
            question.left -= 1
        }
        // The wall clock may have been set back now and then, but not from one end of a page to the other.
        let isOver = page.allSatisfy { $0.event.time < question.since }
        guard let last = page.last?.number, page.count == Self.historyPage, question.left > 0, !isOver else {
            return call.reply(HelperInterface.History.Reply(events: question.events))
        }
        if call.wantsMore, !question.events.isEmpty {
            call.replyContinuing(HelperInterface.History.Reply(events: question.events))
            question.events = []
        }
        guard call.isWritable else {
            let next = question
            call.whenWritable(on: self) { helper in helper.readHistory(before: last, next, call) }
            return
        }
        readHistory(before: last, question, call)
    }

    /// An event as it is told; nil where it isn't asked for.
    private func told(_ event: LedgerEvent, _ question: HistoryQuestion, _ timeline: Timeline) -> Event? {
        guard event.time >= question.since, event.time < question.until,
            question.kinds?.contains(EventKind(rawValue: event.kind)) ?? true
        else { return nil }
        if event.kind == EventKind.imported.rawValue { return told(import: event, question) }
        guard let record = BanRecord(event.ban, timeline, ipv6Prefix: enforcer.layout.ipv6Prefix),
            question.matches(record)
        else { return nil }
        var ban = ban(record)
        // As it was told then: the clocks may have gone otherwise since.
        ban.expires = event.ban.until.map { Timestamp(rawValue: $0) }
        ban.durable = true
        ban.shadowed = nil
        return Event(
            kind: EventKind(rawValue: event.kind), time: Timestamp(rawValue: event.time), ban: ban,
            actor: event.actor == record.caller ? nil : event.actor)
    }

    /// That a list was imported. It belongs to no ban, and is told who asks for none.
    private func told(import event: LedgerEvent, _ question: HistoryQuestion) -> Event? {
        guard let check = Check(rawValue: event.ban.check), question.isOfAll else { return nil }
        return Self.imported(
            Int(event.ban.strikes), check, reason: event.ban.reason, by: event.ban.caller, at: event.time)
    }
}
