// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import ArgumentParser
internal import SentinelProtocol
internal import Varlink

struct ShadowVerb: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shadow",
        abstract: "Show what bans would do that are only tried out.",
        discussion: """
            Checks that [shadow] checks in the configuration names have bans that refuse nobody: the kernel counts what they \
            match, and lets it pass.

            EXAMPLES:
              sentinelctl shadow report
              sentinelctl shadow report --check accept --top 5
            """,
        subcommands: [Report.self], defaultSubcommand: Report.self)

    struct Report: Verb {
        static let configuration = CommandConfiguration(
            commandName: "report",
            abstract:
                "Tell what would have been refused, of whom, and who had working connections meanwhile.",
            discussion: """
                What would have been refused is what the kernel has counted: of a set since it is in shadow, by reason and \
                by ban of those in force, also before the shadow where they are older than it. Of a working connection it counts every packet; refused, the first few would have \
                been all there is.

                Whoever is banned and has working connections may be honest. sentineld looks at the node's sockets every \
                few seconds: a TCP connection counts once both sides have sent something and something has gone through \
                under the ban. Not seen are connections that are shorter, UDP but for connected sockets (of which it isn't \
                known what passes), and those of a node in another network namespace. It is remembered until sentineld is \
                restarted, a thousand bans at most.

                The options select bans; of several, all must hold.

                EXAMPLES:
                  sentinelctl shadow report
                  sentinelctl shadow report --reason rate-limit --since 2h
                  sentinelctl shadow report --json | jq -r '.contacts[] | select(.connections > 0) | .ban.peer'
                """)

        @Option(
            help: ArgumentHelp(
                "So many of those that would have been refused most, and of those that had connections (default: 20).",
                valueName: "number"))
        var top: Int?

        @OptionGroup var filters: FilterOptions

        @Option(
            help: ArgumentHelp("Bans that began at this moment or later.", valueName: "moment"),
            transform: Moment.init(argument:))
        var since: Moment?

        @OptionGroup var common: CommonOptions

        func perform(_ console: Console, _ helper: HelperAddress) async throws -> ExitStatus {
            let filter = filters.filter(since: since?.timestamp(console.localTime, now: console.now()))
            let isFiltered = filter != Filter()
            let report = try await helper.call(
                HelperInterface.shadow, .init(filter: isFiltered ? filter : nil, top: top))
            if common.json {
                try console.write(JSONText.document(report))
            } else if report.checks.isEmpty {
                console.remark(
                    "Nothing is in shadow: every ban is enforced. To try bans out first, write checks = [\"all\"] under "
                        + "[shadow] in sentineld's configuration, then run sentinelctl reload.")
            } else {
                let text = ShadowReportText(report, console, isFiltered: isFiltered, most: top ?? 20)
                try console.print(text.lines)
            }
            return .done
        }
    }
}
