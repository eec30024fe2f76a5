// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import ArgumentParser
internal import SentinelProtocol
internal import Varlink

struct LiftVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "lift",
        abstract: "End bans before their time.",
        discussion: """
            Name the bans by their subjects, or by what they have in common; of several options, all must hold. \
            --dry-run shows which bans it would be. Who may only submit lifts only what the same user submitted.

            EXAMPLES:
              sentinelctl lift 203.0.113.7 tcp:203.0.113.7:8776
              sentinelctl lift --reason rate-limit --dry-run
              sentinelctl lift --peer 12D3KooWQjKv… --check dial
              sentinelctl lift --cidr 203.0.113.0/24 --since 10m
              sentinelctl lift --id 17
              sentinelctl lift --all
            """)

    @Argument(help: ArgumentHelp("Whose bans to lift.", valueName: "subject"))
    var subjects: [String] = []

    @OptionGroup var filters: FilterOptions

    @Option(
        help: ArgumentHelp("Bans that began at this moment or later.", valueName: "moment"),
        transform: Moment.init(argument:))
    var since: Moment?

    @Option(help: ArgumentHelp("The ban of this number.", valueName: "number"))
    var id: Int64?

    @Flag(help: "All bans there are.")
    var all = false

    @Flag(help: "Only show which bans it would be.")
    var dryRun = false

    @OptionGroup var common: CommonOptions

    func validate() throws {
        let isNarrowed = filters.filter(id: id) != Filter() || since != nil
        if all, isNarrowed || !subjects.isEmpty {
            throw ValidationError("--all stands alone; leave it out to lift what the rest names")
        }
        guard all || isNarrowed || !subjects.isEmpty else {
            throw ValidationError(
                "nothing says which bans to lift; name subjects, or use --check, --peer, --reason, --caller, --cidr, --since, --id or "
                    + "--all")
        }
    }

    func perform(_ console: Console, _ helper: HelperAddress) async throws -> ExitStatus {
        // A reply names every ban that was lifted, and must be read whatever its length: they are lifted.
        let client = try await helper.connect(replyBytes: 2 << 30)
        var lifted = HelperInterface.Lift.Reply(bans: [], durable: true)
        for subject in subjects.isEmpty ? [nil] : subjects.map(Optional.some) {
            let parameters = HelperInterface.Lift.Parameters(
                filter: filters.filter(
                    subject: subject, id: id,
                    since: since?.timestamp(console.localTime, now: console.now())),
                dryRun: dryRun ? true : nil)
            let reply = try await client.call(
                HelperInterface.lift, parameters, timeout: HelperAddress.patience)
            if reply.bans.isEmpty { console.remark(subject.map { "No ban of \($0)." } ?? "No ban matches.") }
            lifted.bans += reply.bans
            lifted.durable = lifted.durable && reply.durable
        }
        if common.json {
            try console.write(JSONText.document(lifted))
        } else if !lifted.bans.isEmpty {
            var table = BanTable(console)
            try console.print(table.lines(lifted.bans))
            let count = Quantity.count(lifted.bans.count, "ban")
            guard !dryRun else {
                try console.print(Line(Span("\(count) would be lifted.")))
                return .done
            }
            try console.print(Line(Span("\(count) lifted.", .good)))
            if !lifted.durable {
                try console.print(Line(Span("Not durable: a restart may bring them back.", .faint)))
            }
        }
        return .done
    }
}
