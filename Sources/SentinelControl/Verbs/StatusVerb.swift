// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import ArgumentParser
internal import SentinelProtocol
internal import Varlink

struct StatusVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the helper at a glance: how the table is held, what is in it, what needs attention.",
        discussion: """
            EXAMPLES:
              sentinelctl status
              sentinelctl status --json | jq .problems
            """)

    @OptionGroup var common: CommonOptions

    func perform(_ console: Console, _ helper: HelperAddress) async throws -> ExitStatus {
        let status = try await helper.call(HelperInterface.status, VarlinkEmpty())
        if common.json {
            try console.write(JSONText.document(status))
        } else {
            try console.print(StatusText(status, console).lines)
        }
        return .done
    }
}
