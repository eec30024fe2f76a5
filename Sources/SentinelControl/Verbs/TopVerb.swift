// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import ArgumentParser
internal import SentinelConfiguration
internal import SentinelProtocol

struct TopVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Show live who is refused and how often, and act on it by single keys.",
        discussion: """
            A screen that is drawn anew each second. Above: how sentineld is, what has been refused in all and in each \
            second, how fast bans come by check, how full each set is. Below, a row for each ban: the packets that the \
            kernel has refused because of it, each an attempt; how many a second, and a graph of the last minute; how \
            often it was banned; what is left of it. Where there are more than 1,000 bans, those of each set that have \
            refused most.

            Keys: arrows or j and k select, Enter explains the selected row, b bans, l lifts, x exempts, / shows only \
            rows with a text in them, s sorts by another column, p holds still, ? shows all keys, q ends. A ban and an \
            exemption ask for what is to be banned or exempt, beginning with the selected row; a lift asks for a yes. They are \
            the verbs ban, lift and exempt add, and need the same rights.

            sentineld spends no more than a tenth of its time on this: where a million bans take it two seconds to read, \
            rows are read each twenty seconds, and the screen says how old they are. If sentineld goes away the screen stays, \
            says so, and goes on when it is back.

            It wants a terminal, of 80 columns and 24 rows or more. Without one, --once prints what it would show, \
            after two looks an interval apart, so that there are rates.

            EXAMPLES:
              sentinelctl top
              sentinelctl top --interval 5s --sort rate
              sentinelctl top --once
              sentinelctl top --once --json | jq -r '.rows[] | select(.packets_per_second > 100) | .key'
            """)

    @Option(
        help: ArgumentHelp("How long between two looks, 200ms or more.", valueName: "duration"),
        transform: duration)
    var interval = Milliseconds(rawValue: 1000)

    @Option(help: "What rows are sorted by at the beginning.")
    var sort = OffenderOrder.packets

    @Option(help: ArgumentHelp("So many rows of each set at most, 1 to 1000.", valueName: "number"))
    var limit = 200

    @Flag(help: "Print it once, as text or with --json, and end.")
    var once = false

    @Option(help: ArgumentHelp("The file that sentineld was started with, for x.", valueName: "path"))
    var config = ConfigurationFile.defaultPath

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (1...1000).contains(limit) else { throw ValidationError("--limit is 1 to 1000") }
        guard (200...3_600_000).contains(interval.rawValue) else {
            throw ValidationError("--interval is 200ms to 1h")
        }
        if common.json, !once {
            throw ValidationError("--json is for --once; write both, or watch --json for what happens")
        }
    }

    func perform(_ console: Console, _ helper: HelperAddress) async throws -> ExitStatus {
        guard !once else { return try await look(console, helper) }
        guard let terminal = console.terminal else {
            throw ControlError(
                .usage,
                "top wants a terminal that can move its cursor, on its input and its output; elsewhere write "
                    + "sentinelctl top --once, or --once --json for programs")
        }
        let program = ScreenProgram(
            console: console, helper: helper, terminal: terminal, interval: interval.duration, limit: limit,
            order: sort, configuration: config)
        return try await program.run()
    }

    /// Looks twice, and prints what has come of it.
    private func look(_ console: Console, _ helper: HelperAddress) async throws -> ExitStatus {
        let link = HelperLink(helper, limit: limit)
        let start = ContinuousClock.now
        func now() -> ScreenInstant {
            ScreenInstant(elapsed: start.duration(to: .now), time: console.now())
        }
        let view = ScreenView(glyphs: .fitting(console.environment), localTime: console.localTime)
        let size = TerminalSize(columns: console.width ?? 132, rows: .max)
        var state = ScreenState(size: size, now: now(), configuration: config, view: view)
        state.order = sort
        var glance = try await link.glance()
        for isLast in [false, true] {
            _ = state.take(.glance(glance), at: now())
            let reading = try await link.reading(glance)
            _ = state.take(.reading(reading, took: .zero), at: now())
            guard !isLast else { break }
            try await Task.sleep(for: interval.duration)
            glance = try await link.glance()
        }
        if common.json {
            try console.write(JSONText.document(TopReport(state, glance)))
        } else {
            try console.print(view.lines(state))
        }
        if let refusal = state.data.refusal { console.complain(refusal) }
        return .done
    }
}

extension OffenderOrder: ExpressibleByArgument {}
