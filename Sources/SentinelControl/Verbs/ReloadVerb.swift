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
            "sentinelctl shadow report" says beforehand whom that concerns.

            Not while sentineld runs: [table] name and ipv6_prefix, [socket] path and mode. Restart it for those.

            EXAMPLES:
              sentinel-config --check /etc/sentinel/sentinel.toml && sentinelctl reload
              sentinelctl reload --json | jq .changes
            """)

    @OptionGroup var common: CommonOptions

    func perform(_ console: Console, _ helper: HelperAddress) async throws -> ExitStatus {
        let reply = try await helper.call(HelperInterface.reload, VarlinkEmpty())
        if common.json {
            try console.write(JSONText.document(reply))
            return .done
        }
        try console.print(reply.changes.map { Line(Span($0.key, .title), Span(": \($0.old) → \($0.new)")) })
        if reply.rebuilt {
            try console.print(
                Line(Span("The table was made anew with all its bans; their counters begin at 0.", .faint)))
        }
        if let enforced = reply.enforced {
            let bans = Quantity.count(
                enforced, "ban that only counted refuses", "bans that only counted refuse")
            try console.print(Line(Span("Out of shadow: \(bans) from now on.", .title)))
        }
        if let shadowed = reply.shadowed {
            let bans = Quantity.count(shadowed, "ban refuses", "bans refuse")
            let text = "In shadow: \(bans) nobody any more, what is matched is counted."
            try console.print(Line(Span(text, .bad)))
        }
        let count = Quantity.count(reply.changes.count, "key")
        try console.print(
            Line(
                Span(
                    reply.changes.isEmpty ? "Reloaded: nothing has changed." : "Reloaded: \(count) changed.",
                    .good))
        )
        return .done
    }
}
