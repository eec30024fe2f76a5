// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import ArgumentParser
import Inet
import NIOPosix
import SeedNode
import Sentinel

struct DialCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dial",
        abstract: "Talk to a node as an honest client does, and tell how long it took.",
        discussion: "Exits with 1 where any attempt failed.")

    @Argument(help: "Where the node is, such as tcp:192.0.2.1:8776 or udp:[2001:db8::1]:8776; tried in turn.")
    var endpoint: [Endpoint]

    @Option(help: "Who has to be there.")
    var peer: PeerID?

    @Option(help: "The local address to dial from.")
    var source: IPAddress?

    @Option(help: "The type of stream to open: git, membership, gossip, interrogation, or a protocol id.")
    var stream = StreamType.gossip

    @Flag(help: "Open a new connection for each echo, instead of keeping one.")
    var reconnect = false

    @Option(help: "Seconds between echoes.")
    var interval = Seconds(1)

    @Option(help: "Seconds that an attempt may take, once for the dial and once for the echo.")
    var timeout = Seconds(2)

    @Option(help: "How many echoes.")
    var count = 10

    func validate() throws {
        guard (1...1_000_000).contains(count) else { throw ValidationError("--count: 1 to 1000000") }
    }

    func run() async throws {
        let node = Node(identity: NodeIdentity(), group: MultiThreadedEventLoopGroup.singleton)
        let summary = DialSummary()
        let conversation = Conversation(
            node: node, peer: peer, endpoints: endpoint, source: source, stream: stream,
            timeout: timeout.duration, keeps: !reconnect)
        let (count, interval) = (count, interval.duration)
        try await untilSignalled {
            await converse(conversation, summary, count: count, interval: interval)
        }
        Output.print(summary.line)
        if !summary.isAllWell { throw ExitCode(1) }
    }

    private func converse(
        _ conversation: Conversation, _ summary: DialSummary, count: Int, interval: Duration
    ) async {
        var next = ContinuousClock.now
        for attempt in 0..<count {
            var line = await conversation.exchange(attempt)
            line.attempt = attempt
            summary.add(line)
            Output.print(line)
            next += interval
            if attempt + 1 < count, (try? await Task.sleep(until: next, clock: .continuous)) == nil { break }
        }
        await conversation.close()
    }
}
