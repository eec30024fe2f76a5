// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import ArgumentParser
internal import SentinelProtocol
internal import Varlink

struct MetricsVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "metrics",
        abstract: "Print what is counted, as Prometheus reads it.",
        discussion: """
            Bans, events by check and reason, each set's elements and what it has refused, feeds and their age, in Prometheus' text format. \
            --textfile writes them to a file in one step, for node_exporter's textfile collector; sentinel-metrics.timer \
            does so every 15 seconds. If the helper isn't reachable, or refuses, sentinel_up is 0 and the exit \
            status says what it is. --json prints the helper's own replies.

            EXAMPLES:
              sentinelctl metrics
              sentinelctl metrics --textfile /var/lib/prometheus/node-exporter/sentinel.prom
              systemctl enable --now sentinel-metrics.timer
            """)

    @Option(help: ArgumentHelp("Write to this file, which is replaced as a whole.", valueName: "path"))
    var textfile: String?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if common.json, textfile != nil {
            throw ValidationError("--json and --textfile exclude each other; choose one")
        }
    }

    func perform(_ console: Console, _ helper: HelperAddress) async throws -> ExitStatus {
        do {
            let client = try await helper.connect()
            let status = try await client.call(HelperInterface.status, timeout: HelperAddress.patience)
            let counters = try await client.call(HelperInterface.counters, timeout: HelperAddress.patience)
            let feeds = try await client.call(HelperInterface.feeds, timeout: HelperAddress.patience)
            if common.json {
                try console.write(
                    JSONText.document(All(status: status, counters: counters, feeds: feeds.feeds)))
            } else {
                try put(Metrics(status, counters, feeds.feeds).text, console)
            }
        } catch let error as VarlinkError where !common.json {
            // Whoever collects these must see that there is nothing to collect.
            try put(Metrics.unreachable, console)
            throw error
        }
        return .done
    }

    private func put(_ text: String, _ console: Console) throws {
        guard let textfile else { return try console.write(text) }
        try NamedFile(path: textfile).write(Array(text.utf8))
    }

    private struct All: Encodable {
        let status: Status
        let counters: HelperInterface.Counters.Reply
        let feeds: [Feed]
    }
}
