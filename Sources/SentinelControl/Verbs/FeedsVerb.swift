// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import ArgumentParser
internal import SentinelProtocol
internal import Varlink

struct FeedsVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "feeds",
        abstract:
            "Show the files whose addresses the kernel refuses: what is in force of each, and how old it is.",
        discussion: """
            Each [[feed]] of sentineld's configuration names a file that another program keeps up to date. AGE is how \
            long ago the file was put there or changed, READ how long ago sentineld has read it. Where a file is away, \
            damaged or empty, what it listed before stays in force, and the problem is told below the table, as are the \
            first lines that were refused.

            Try a file before it is a feed: sentinel-config --check --list FILE.

            EXAMPLES:
              sentinelctl feeds
              sentinelctl explain 203.0.113.7
              sentinelctl feeds --json | jq -r '.feeds[] | select(.problem) | .name'
            """)

    @OptionGroup var common: CommonOptions

    func perform(_ console: Console, _ helper: HelperAddress) async throws -> ExitStatus {
        let reply = try await helper.call(HelperInterface.feeds, VarlinkEmpty())
        if common.json {
            try console.write(JSONText.document(reply))
        } else {
            try console.print(FeedTable(console).lines(reply.feeds))
            if reply.feeds.isEmpty {
                console.remark("There are no feeds; sentinel.toml(5) says how to name one, under [[feed]].")
            }
        }
        return .done
    }
}
