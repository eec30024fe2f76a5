// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import ArgumentParser
internal import SentinelProtocol
internal import Varlink

struct SetsVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "sets",
        abstract: "Show the kernel's sets: how full each is, what it has refused, and what is in it.",
        discussion: """
            Without a name or an option: each set, how full it is, and the packets that it has had refused since there \
            is the table. With a name: its elements, their time left, the packets each has refused, and why it is \
            there. The options select elements by their bans; of several, all must hold. Up to 10,000 elements are \
            shown in the order of their keys, more as they are read.

            Bans that the kernel doesn't have, and elements that belong to no ban, are told on the standard error: \
            somebody else has changed the set. sentineld puts that right within seconds, or status says why not.

            Of a set in shadow, the packets are those that it has let pass; "sentinelctl shadow report" has more.

            With --json: a document of all sets, or a line for each element.

            EXAMPLES:
              sentinelctl sets
              sentinelctl sets accept4 --top 20
              sentinelctl sets accept4 --reason rate-limit --since 2h
              sentinelctl sets --cidr 203.0.113.0/24
              sentinelctl sets dial4 --json | jq -r 'select(.packets > 0) | .key'
            """)

    @Argument(help: ArgumentHelp("The set.", valueName: "name"), completion: .list(names))
    var name: String?

    @Option(
        help: ArgumentHelp(
            "The elements that have refused most packets, so many of a set.", valueName: "number"))
    var top: Int?

    @OptionGroup var filters: FilterOptions

    @Option(
        help: ArgumentHelp("Bans that began at this moment or later.", valueName: "moment"),
        transform: Moment.init(argument:))
    var since: Moment?

    @OptionGroup var common: CommonOptions

    func perform(_ console: Console, _ helper: HelperAddress) async throws -> ExitStatus {
        let now = console.now()
        let filter = filters.filter(since: since?.timestamp(console.localTime, now: now))
        let isFiltered = filter != Filter()
        let client = try await helper.connect()
        guard name != nil || top != nil || isFiltered else {
            let reply = try await client.call(
                HelperInterface.sets, .init(), timeout: HelperAddress.patience)
            try show(reply, console)
            return .done
        }
        let parameters = HelperInterface.Sets.Parameters(
            name: name, elements: true, filter: isFiltered ? filter : nil, top: top)
        // One named set is told of even where it is empty; of all sets those that have something.
        var pages = SetOutput(console, isJSON: common.json, isSorted: top == nil, showsEmpty: name != nil)
        for try await reply in client.stream(HelperInterface.sets, parameters) {
            for set in reply.sets { try pages.add(set) }
        }
        try pages.finish()
        if pages.isEmpty { console.remark(nothing(isFiltered)) }
        return .done
    }

    /// The sets of the helper's table, for the shell to complete.
    static let names =
        ["exempt", "accept", "dial", "net", "feed", "feednet"].flatMap { ["\($0)4", "\($0)6"] }
        + ["node_ports", "node_users"]

    private func nothing(_ isFiltered: Bool) -> String {
        if top != nil { return "No element has refused a packet." }
        if isFiltered { return "No element matches." }
        return name.map { "The set \($0) is empty." } ?? "All sets are empty."
    }

    private func show(_ reply: HelperInterface.Sets.Reply, _ console: Console) throws {
        if common.json {
            try console.write(JSONText.document(reply))
        } else {
            try console.print(SetTable(console).lines(reply.sets))
        }
        for set in reply.sets {
            // Of blocks the kernel may have fewer pieces than there are bans: one may lie in another.
            let isHashed = ["accept4", "accept6", "dial4", "dial6"].contains(set.name)
            guard isHashed, let kernelCount = set.kernelCount, kernelCount < set.count else { continue }
            console.complain(
                "\(set.name) has \(Quantity.count(kernelCount, "element")) in the kernel, and there are "
                    + "\(Quantity.count(set.count, "ban")); see sentinelctl status")
        }
    }
}
