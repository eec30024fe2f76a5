// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import ArgumentParser
internal import SentinelProtocol
internal import Varlink

struct HistoryVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show what has happened to bans, the latest first.",
        discussion: """
            Of several options, all must hold. The ledger keeps the past as long as [ledger] history in the \
            configuration says. Where somebody else lifted a ban than had asked for it, the line names who did. A \
            list that was imported is an event for each reason, and belongs to no ban; its bans have their own when they end. With \
            --json, a line for each event.

            A moment is a length of time, 2h for two hours ago, or a time of day, a date or both by the clock here: \
            14:30, 2026-11-28, "2026-11-28 14:30"; with a Z behind it, in UTC.

            EXAMPLES:
              sentinelctl history 203.0.113.7
              sentinelctl history --since 2h --kind lifted --kind evicted
              sentinelctl history --reason rate-limit --since 2026-11-28 --limit 0
              sentinelctl history --limit 0 --json | jq -r .ban.subject | sort | uniq -c
            """)

    @Argument(help: ArgumentHelp("Bans of this address, block, endpoint or multiaddr.", valueName: "subject"))
    var subject: String?

    @OptionGroup var filters: FilterOptions

    @Option(help: ArgumentHelp("The ban of this number.", valueName: "number"))
    var id: Int64?

    @Option(help: "What happened; may be given several times.")
    var kind: [HistoryKind] = []

    @Option(
        help: ArgumentHelp("From this moment on.", valueName: "moment"), transform: Moment.init(argument:))
    var since: Moment?

    @Option(help: ArgumentHelp("Before this moment.", valueName: "moment"), transform: Moment.init(argument:))
    var until: Moment?

    @Option(
        name: .shortAndLong, help: ArgumentHelp("So many at most; 0: all there are.", valueName: "number"))
    var limit = 100

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard limit >= 0 else {
            throw ValidationError("--limit \(limit) is less than none; write 0 for all there are")
        }
    }

    func perform(_ console: Console, _ helper: HelperAddress) async throws -> ExitStatus {
        let now = console.now()
        let filter = filters.filter(subject: subject, id: id)
        // One more than is shown tells whether there are more.
        let parameters = HelperInterface.History.Parameters(
            filter: filter == Filter() ? nil : filter, kinds: kind.isEmpty ? nil : kind.map(\.kind),
            since: since?.timestamp(console.localTime, now: now),
            until: until?.timestamp(console.localTime, now: now),
            limit: limit == 0 || limit == .max ? nil : limit + 1)
        let client = try await helper.connect()
        var table = EventTable(console)
        var left = limit == 0 ? Int.max : limit
        var (isEmpty, hasMore) = (true, false)
        for try await page in client.stream(HelperInterface.history, parameters) where !page.events.isEmpty {
            isEmpty = false
            let events = Array(page.events.prefix(left))
            hasMore = hasMore || events.count < page.events.count
            left -= events.count
            if common.json {
                try console.write(events.map { try JSONText.line($0) }.joined())
            } else {
                try console.print(table.lines(events))
            }
        }
        if isEmpty {
            console.remark("Nothing has happened, as far as the ledger remembers.")
        } else if hasMore, !common.json {
            console.remark("The latest \(limit); --limit 0 shows all.")
        }
        return .done
    }
}

/// What may have happened to a ban, as an option's value.
enum HistoryKind: String, ExpressibleByArgument, CaseIterable {
    case banned, renewed, lifted, expired, evicted, imported

    var kind: EventKind { EventKind(rawValue: rawValue) }
}
