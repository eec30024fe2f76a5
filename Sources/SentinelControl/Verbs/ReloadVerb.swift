// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import ArgumentParser
internal import SentinelProtocol
internal import Varlink

struct ReloadVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Have sentineld read its configuration again.",
        discussion: """
            It is taken whole, or refused and nothing is changed. What has changed is shown; where it is refused, all \
            that is wrong. Bans in force keep the ends that they have. Another size of a set, or another hook, has the \
            table made anew, in one step and with all its bans; no packet gets through meanwhile, and their counters \
            begin at 0. A check that comes out of shadow has all its bans in force refuse at once, and their connections cut: \
            "sentinelctl shadow report" says beforehand whom that concerns. With --dry-run all of this is said, and nothing \
            is changed.

            Not while sentineld runs: [table] name and ipv6_prefix, [socket] path and mode. Restart it for those.

            EXAMPLES:
              sentinelctl reload --dry-run
              sentinelctl reload
              sentinelctl reload --json | jq .changes
            """)

    @OptionGroup var common: CommonOptions

    @Flag(help: "Say what would change, and change nothing.")
    var dryRun = false

    func perform(_ console: Console, _ helper: HelperAddress) async throws -> ExitStatus {
        let reply = try await helper.call(HelperInterface.reload, .init(dryRun: dryRun ? true : nil))
        if common.json {
            try console.write(JSONText.document(reply))
            return .done
        }
        try console.print(reply.changes.map { Line(Span($0.key, .title), Span(": \($0.old) → \($0.new)")) })
        if reply.rebuilt {
            let text =
                dryRun
                ? "The table would be made anew with all its bans, and their counters begin at 0."
                : "The table was made anew with all its bans; their counters begin at 0."
            try console.print(Line(Span(text, .faint)))
        }
        if let enforced = reply.enforced {
            let bans = Quantity.count(enforced, "ban", "bans")
            let text =
                dryRun
                ? "\(bans) that only counted would refuse"
                : "\(bans) that only counted \(enforced == 1 ? "refuses" : "refuse") from now on"
            try console.print(Line(Span("Out of shadow: \(text).", .title)))
        }
        if let shadowed = reply.shadowed {
            let bans = Quantity.count(shadowed, "ban", "bans")
            let text =
                dryRun
                ? "\(bans) would refuse nobody, what is matched would be counted"
                : "\(bans) \(shadowed == 1 ? "refuses" : "refuse") nobody any more, what is matched is counted"
            try console.print(Line(Span("In shadow: \(text).", .bad)))
        }
        try console.print(Line(Span(summary(reply), .good)))
        return .done
    }

    private func summary(_ reply: HelperInterface.Reload.Reply) -> String {
        let count = reply.changes.isEmpty ? "nothing" : Quantity.count(reply.changes.count, "key")
        guard !dryRun else {
            return "A reload of \(reply.file ?? "the configuration") would change \(count)."
        }
        return "Reloaded: \(reply.changes.isEmpty ? "nothing has" : count) changed."
    }
}
