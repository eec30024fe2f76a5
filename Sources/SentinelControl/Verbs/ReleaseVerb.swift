// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import ArgumentParser
internal import PlainText
internal import SentinelProtocol
internal import Varlink

struct ReleaseVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract: "The emergency exit: remove the table and stop enforcing.",
        discussion: """
            The kernel then refuses nobody on the node's behalf, until sentineld is started again. On a terminal you \
            are asked before; elsewhere --yes is needed. A table of your own ([table] mode = "shared") stays, with its \
            sets of bans emptied.

            If the helper doesn't answer any more: stop it, then "nft delete table inet sentinel".

            EXAMPLES:
              sentinelctl release
              sentinelctl release --yes
            """)

    @Flag(help: "Don't ask.")
    var yes = false

    @OptionGroup var common: CommonOptions

    func perform(_ console: Console, _ helper: HelperAddress) async throws -> ExitStatus {
        if !yes {
            guard let ask = console.ask else {
                throw ControlError(
                    .usage, "release stops all enforcement, and there is no terminal to ask at; add --yes")
            }
            let status = try await helper.call(HelperInterface.status, VarlinkEmpty())
            let what =
                status.mode == .shared
                ? "Empty the sets of bans in \(status.table)" : "Remove the table \(status.table)"
            let question = "\(what) and stop enforcing \(Quantity.count(status.bans, "ban"))? [y/N] "
            guard let answer = ask(question.sanitised), ["y", "yes"].contains(answer.lowercased()) else {
                console.remark("Nothing is released.")
                return .refused
            }
        }
        _ = try await helper.call(HelperInterface.release, VarlinkEmpty())
        if common.json {
            try console.write(JSONText.document(["released": true]))
        } else {
            try console.print(
                Line(
                    "Released: no ban is in the kernel and nothing is enforced. Restart sentineld to enforce again."
                ))
        }
        return .done
    }
}
