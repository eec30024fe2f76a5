// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import ArgumentParser
internal import Inet
internal import SentinelConfiguration
internal import SentinelProtocol
internal import Varlink

struct ExemptVerb: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exempt",
        abstract: "Show whom nothing may block, and change the configuration's list of them.",
        discussion: """
            EXAMPLES:
              sentinelctl exempt
              sentinelctl exempt add 203.0.113.7 --note "monitoring"
              sentinelctl exempt remove 203.0.113.7
            """,
        subcommands: [List.self, Add.self, Remove.self], defaultSubcommand: List.self)

    /// The list in the configuration.
    static let key = ConfigurationKey("exempt", "addresses")

    struct List: Verb {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Show whom nothing may block, and why.",
            discussion: """
                The guard "exempt" holds what the configuration lists; the others, what sentineld has found out about \
                this host, and the peers that a node protects. A ban of any of these is refused, and the kernel lets \
                their packets pass whatever its other sets have. With --json, a line for each.

                EXAMPLES:
                  sentinelctl exempt list
                  sentinelctl exempt list --json | jq -r 'select(.guard == "exempt") | .network'
                """)

        @OptionGroup var common: CommonOptions

        func perform(_ console: Console, _ helper: HelperAddress) async throws -> ExitStatus {
            let client = try await helper.connect()
            var table = GuardTable(console)
            for try await reply in client.stream(HelperInterface.guarded) {
                if common.json {
                    try console.write(reply.entries.map { try JSONText.line($0) }.joined())
                } else {
                    try console.print(table.lines(reply.entries))
                }
            }
            return .done
        }
    }

    struct Add: Verb {
        static let configuration = CommandConfiguration(
            commandName: "add",
            abstract: "Exempt addresses or blocks from every ban, in the configuration's file and at once.",
            discussion: """
                They come to [exempt] addresses of the configuration's file, of which all else stays as it is. The \
                change is checked, written and taken over as by "durations set", and so taken back by "durations undo".

                Bans that are there already stay, and do nothing any more; which, is shown.

                EXAMPLES:
                  sentinelctl exempt add 203.0.113.7 --note "monitoring"
                  sentinelctl exempt add 192.0.2.0/24 2001:db8::/32 --dry-run
                """)

        @Argument(help: ArgumentHelp("Whom to exempt.", valueName: "address|cidr"), transform: network)
        var networks: [IPNetwork]

        @Option(help: ArgumentHelp("A comment behind it in the file: who that is.", valueName: "text"))
        var note: String?

        @OptionGroup var file: ConfigurationOptions

        @OptionGroup var common: CommonOptions

        func perform(_ console: Console, _ helper: HelperAddress) async throws -> ExitStatus {
            let change = try await FileEditor(console, helper, file).change { configuration in
                var present = configuration.exempt.addresses
                return networks.compactMap { network in
                    guard !present.contains(network) else { return nil }
                    present.append(network)
                    return .append(ExemptVerb.key, .text(NetworkText(network).description), note: note)
                }
            }
            return try await ExemptChange(change, networks).show(on: console, helper, json: common.json)
        }
    }

    struct Remove: Verb {
        static let configuration = CommandConfiguration(
            commandName: "remove",
            abstract: "Take addresses or blocks off the configuration's list, in its file and at once.",
            discussion: """
                Each as the list has it: an address within a block that is listed isn't removed from that. Bans that \
                are there hold again; which, is shown. What another guard holds stays guarded.

                EXAMPLES:
                  sentinelctl exempt remove 203.0.113.7
                  sentinelctl exempt remove 192.0.2.0/24 --dry-run
                """)

        @Argument(help: ArgumentHelp("Whom to take off.", valueName: "address|cidr"), transform: network)
        var networks: [IPNetwork]

        @OptionGroup var file: ConfigurationOptions

        @OptionGroup var common: CommonOptions

        func perform(_ console: Console, _ helper: HelperAddress) async throws -> ExitStatus {
            let change = try await FileEditor(console, helper, file).change { configuration in
                let present = configuration.exempt.addresses
                for network in networks where !present.contains(network) {
                    throw ControlError(.refused, Self.absent(network, from: present))
                }
                // From the end, for those behind one that goes move up.
                return present.indices.reversed().filter { networks.contains(present[$0]) }.map {
                    .remove(ExemptVerb.key.appending($0))
                }
            }
            return try await ExemptChange(change, networks, isRemoval: true).show(
                on: console, helper, json: common.json)
        }

        private static func absent(_ network: IPNetwork, from list: [IPNetwork]) -> String {
            let text = NetworkText(network)
            if let around = list.first(where: { $0.contains(network.first) && $0.contains(network.last) }) {
                let around = NetworkText(around)
                return
                    "\(text) is not in [exempt] addresses, but within \(around), which is; remove that instead"
            }
            return "\(text) is not in [exempt] addresses; sentinelctl exempt list shows what is"
        }
    }
}

/// A change of the list, as it is told.
private struct ExemptChange {
    private let change: FileChange
    private let networks: [IPNetwork]
    private let isRemoval: Bool

    init(_ change: FileChange, _ networks: [IPNetwork], isRemoval: Bool = false) {
        self.change = change
        self.networks = networks
        self.isRemoval = isRemoval
    }

    func show(on console: Console, _ helper: HelperAddress, json: Bool) async throws -> ExitStatus {
        var explanations: [Explanation] = []
        if change.outcome == .reloaded || change.outcome == .unchanged, !networks.isEmpty {
            explanations = (try? await explain(helper)) ?? []
        }
        if json {
            var report = FileChangeReport(change) { $0.exempt.addresses.map { NetworkText($0).description } }
            report.explanations = explanations
            try console.write(JSONText.document(report))
            return .done
        }
        for explanation in explanations { try console.print(lines(explanation, console)) }
        try console.print(change.closing(undo: true))
        try console.print(change.others(than: ["[exempt]"]))
        return .done
    }

    /// What the helper says about each now.
    private func explain(_ helper: HelperAddress) async throws -> [Explanation] {
        let client = try await helper.connect(replyBytes: 64 << 20)
        var explanations: [Explanation] = []
        for network in networks {
            let subject = HelperInterface.Explain.Parameters(subject: NetworkText(network).description)
            explanations.append(
                try await client.call(HelperInterface.explain, subject, timeout: HelperAddress.patience))
        }
        return explanations
    }

    private func lines(_ explanation: Explanation, _ console: Console) -> [Line] {
        let count = Quantity.count(explanation.bans.count, "ban")
        let title = Span(explanation.subject, .title)
        var lines: [Line] = []
        switch (explanation.guardName, isRemoval) {
        case (let name?, false):
            let why = name == .exempt ? "" : ", also as \(name)"
            let text = " is exempt\(why): a ban of it is refused, and its packets pass."
            lines.append(Line(title, Span(text, .good)))
        case (let name?, true):
            lines.append(
                Line(title, Span(" is off the list; it is still guarded, in part at least, as \(name).")))
        case (nil, _): lines.append(Line(title, Span(" is no longer exempt.")))
        }
        guard !explanation.bans.isEmpty else { return lines }
        lines.append(
            explanation.guardName == nil
                ? Line(Span("\(count) there in effect again:", .warning))
                : Line(Span("\(count) there without effect on what is guarded, until lifted or over:")))
        var table = BanTable(console)
        return lines + table.lines(explanation.bans)
    }
}

/// Reads an address or a block.
private func network(_ text: String) throws -> IPNetwork {
    do {
        return try NetworkText(parsing: text).network
    } catch {
        throw ValidationError("\(error.fault); \(error.remedy)")
    }
}
