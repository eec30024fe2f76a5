// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import ArgumentParser

struct CheckVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Look for what is wrong with the configuration and the host, and say what to do about it.",
        discussion: """
            Is the configuration valid, and in force? Is sentineld well, and what can this kernel do? Do other tables \
            keep packets from the node, change its ports, or lead packets past its bans? Does anything listen at the \
            node's ports, do its users exist, is SSH safe? Is the service confined as it comes, can others change what \
            it trusts, are the sets nearly full, is the clock right?

            A line for each finding: ok, note, warning or problem. Nothing is changed. As root it sees most: other \
            tables, which nft lists, and whose a socket is. It is of use without sentineld, too. The exit status is 1 \
            where there is a warning or a problem.

            EXAMPLES:
              sudo sentinelctl check
              sentinelctl check --config /etc/sentinel/other.toml --socket /run/other/sentinel.sock
              sentinelctl check --json | jq -r '.findings[] | select(.level == "problem") | .what'
            """)

    @Option(help: ArgumentHelp("The file that sentineld was started with.", valueName: "path"))
    var config = ConfigurationFile.defaultPath

    @OptionGroup var common: CommonOptions

    func perform(_ console: Console, _ helper: HelperAddress) async throws -> ExitStatus {
        let facts = try await HostReading(console: console, helper: helper, file: config).facts()
        let findings = Judgement(facts, console.localTime).findings
        let worst = findings.map(\.level).max() ?? .ok
        if common.json {
            try console.write(JSONText.document(CheckReport(worst: worst, findings: findings)))
        } else {
            try console.print(FindingText(console).lines(findings))
        }
        return worst >= .warning ? .refused : .done
    }
}

/// A check as it is told in JSON.
private struct CheckReport: Encodable {
    var worst: CheckFinding.Level
    var findings: [CheckFinding]
}
