// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import ArgumentParser
internal import SentinelProtocol
internal import Varlink

struct ListVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the bans in force, as the helper knows them.",
        discussion: """
            Of several options, all must hold. With --json, a line for each ban. What the kernel has, with the \
            packets that were refused, is shown by "sentinelctl sets".

            EXAMPLES:
              sentinelctl list
              sentinelctl list --check dial --reason rate-limit
              sentinelctl list --subject 203.0.113.7
              sentinelctl list --cidr 203.0.113.0/24 --since 2h
              sentinelctl list --json | jq -r 'select(.expires == null) | .subject'
            """)

    @Option(
        help: ArgumentHelp("Bans of this address, block, endpoint or multiaddr.", valueName: "subject"))
    var subject: String?

    @OptionGroup var filters: FilterOptions

    @Option(
        help: ArgumentHelp("Bans that began at this moment or later.", valueName: "moment"),
        transform: Moment.init(argument:))
    var since: Moment?

    @OptionGroup var common: CommonOptions

    func perform(_ console: Console, _ helper: HelperAddress) async throws -> ExitStatus {
        let since = since?.timestamp(console.localTime, now: console.now())
        let filter = filters.filter(subject: subject, since: since)
        let client = try await helper.connect()
        var table = BanTable(console)
        var isEmpty = true
        for try await page in client.stream(HelperInterface.list, .init(filter: filter))
        where !page.bans.isEmpty {
            isEmpty = false
            if common.json {
                try console.write(page.bans.map { try JSONText.line($0) }.joined())
            } else {
                try console.print(table.lines(page.bans))
            }
        }
        if isEmpty { console.remark(filter == Filter() ? "No bans in force." : "No ban matches.") }
        return .done
    }
}
