// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import ArgumentParser
internal import SentinelProtocol

struct ExplainVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Tell everything that is known about an address, a block, an endpoint, a peer or a ban.",
        discussion: """
            Would its packets pass now, and which set decides? Which bans, feeds and guards concern it, since when, by whom, \
            until when? What has the kernel refused? How long would a further ban last?

            The exit status is 0 whatever the answer: ask --json for .inbound and .outbound in scripts.

            EXAMPLES:
              sentinelctl explain 203.0.113.7
              sentinelctl explain 203.0.113.0/24
              sentinelctl explain tcp:203.0.113.7:8776
              sentinelctl explain /ip4/203.0.113.7/tcp/8776/p2p/12D3KooWQjKv…
              sentinelctl explain 12D3KooWQjKv…
              sentinelctl explain 17            what ban 17 blocks
            """)

    @Argument(help: "An address, a block, an endpoint, a multiaddr, a peer's id or a ban's number.")
    var subject: String

    @OptionGroup var common: CommonOptions

    func perform(_ console: Console, _ helper: HelperAddress) async throws -> ExitStatus {
        let explanation = try await helper.call(HelperInterface.explain, .init(subject: subject))
        if common.json {
            try console.write(JSONText.document(explanation))
        } else {
            try console.print(ExplanationText(explanation, console).lines)
        }
        return .done
    }
}
