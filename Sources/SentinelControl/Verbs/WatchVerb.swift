// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import ArgumentParser
internal import SentinelProtocol
internal import Varlink

struct WatchVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Print events as they happen, until interrupted.",
        discussion: """
            Events: banned, renewed, lifted, expired, evicted (to make room for another), imported (a list, as one), \
            missing (sets in a table of yours), repaired, alarm, recovered, released, shadow (checks have gone into \
            it or come out), and lost where this reader was too slow for some. With --json, a line for each. If the \
            helper is restarted, watch connects again and says on the standard error that it did: what happens in \
            between is not seen.

            EXAMPLES:
              sentinelctl watch
              sentinelctl watch --json | jq -r 'select(.kind == "banned") | .ban.subject'
            """)

    @OptionGroup var common: CommonOptions

    func perform(_ console: Console, _ helper: HelperAddress) async throws -> ExitStatus {
        var table = EventTable(console)
        var isFirst = true
        while true {
            let client = isFirst ? try await helper.connect() : try await reconnect(helper)
            do {
                for try await reply in client.stream(HelperInterface.watch) {
                    if reply.events.isEmpty {
                        console.remark(isFirst ? "Watching \(helper.socket)." : "Watching again.")
                        isFirst = false
                    } else if common.json {
                        try console.write(reply.events.map { try JSONText.line($0) }.joined())
                    } else {
                        try console.print(table.lines(reply.events))
                    }
                }
            } catch let error as VarlinkError where error.code == .connectionLost && !isFirst {
                console.complain(
                    "the helper went away, \(helper.socket); waiting for it, what happens until then is not seen"
                )
            }
        }
    }

    /// Tries until it works, or until it becomes clear that it won't.
    private func reconnect(_ helper: HelperAddress) async throws -> VarlinkClient {
        while true {
            do {
                return try await helper.connect()
            } catch {
                let error = ControlError(error, socket: helper.socket)
                guard error.status == .unreachable else { throw error }
            }
            try await Task.sleep(for: .milliseconds(250))
        }
    }
}
