// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import ArgumentParser
internal import SentinelProtocol

struct ReportVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Draw what has happened: a page with plots, in one file.",
        discussion: """
            Bans over time by reason and what became of them, packets refused, how full the sets are, the blocks with \
            most bans and packets, how long bans last, strikes, and who cost most. The page is one file that loads \
            nothing and runs nothing, so it may be sent to somebody; below each plot are its figures. It says whom \
            you refuse and why, so a new file is for you alone to read; one that is there keeps its owner and mode, \
            and is replaced as a whole.

            The past is what the ledger keeps of it, as [ledger] history and events in the configuration say. The \
            right to operate is needed. With --json, the same figures.

            EXAMPLES:
              sentinelctl report --html report.html
              sentinelctl report --html week.html --since 7d
              sentinelctl report --html - --since 2026-11-28 | ssh other 'cat >report.html'
              sentinelctl report --json | jq '.history.bans[] | {name, total}'
            """)

    @Option(help: ArgumentHelp("Write the page to this file; - for the standard output.", valueName: "file"))
    var html: String?

    @Option(
        help: ArgumentHelp("Where the past begins that is shown (default: 24h).", valueName: "moment"),
        transform: Moment.init(argument:))
    var since: Moment?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (html == nil) == common.json else {
            throw ValidationError(
                html == nil
                    ? "nothing is asked for; name a file for the page with --html, or have the figures with --json"
                    : "--json and --html exclude each other; choose one")
        }
    }

    func perform(_ console: Console, _ helper: HelperAddress) async throws -> ExitStatus {
        let now = console.now()
        let since = (since ?? .ago(Milliseconds(.seconds(86_400)))).timestamp(console.localTime, now: now)
        guard since <= now else {
            throw ControlError(
                .usage, "--since \(console.localTime.text(since)) is yet to come; name a moment that is past")
        }
        let grid = TimeGrid(from: max(since, Timestamp(rawValue: 0)), through: now, console.localTime)
        defer { console.showProgress?("") }
        let reading = ReportReading(console: console, client: try await helper.connect(), grid: grid)
        let figures = try await reading.figures()
        console.showProgress?("")
        guard let html else {
            try console.write(JSONText.document(figures))
            return .done
        }
        let page = ReportPage(figures, console.localTime).html
        if html == "-" {
            try console.write(page)
        } else {
            try NamedFile(path: html).write(Array(page.utf8), mode: 0o600)
        }
        return .done
    }
}
