// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import SentinelProtocol
import Testing
import Varlink

@testable import SentinelControl

@Suite struct FeedVerbTests {
    private static let feeds = [
        Feed(
            name: "firehol-level1", path: "/var/lib/sentinel-feeds/firehol_level1.netset", format: "plain",
            addresses: 1_234_567, blocks: 4321, refused: 7, ended: 0,
            refusals: ["line 5: no address, \"x\"; write 203.0.113.7 or a block"], guarded: 12,
            read: Timestamp(rawValue: Recorder.now.rawValue - 60_000),
            refreshed: Timestamp(rawValue: Recorder.now.rawValue - 7_200_000)),
        Feed(
            name: "own", path: "/srv/own", addresses: 0, blocks: 0, refused: 0, ended: 0, guarded: 0,
            problem: "/srv/own: is not there; have it put there"),
    ]

    private func feeds(_ arguments: String, _ feeds: [Feed] = feeds) async throws -> Outcome {
        let answer: FakeHelper.Answer = { call in call.reply(HelperInterface.Feeds.Reply(feeds: feeds)) }
        return arguments.isEmpty
            ? try await control("feeds", answer: answer)
            : try await control("feeds", arguments, answer: answer)
    }

    @Test func `Each feed has its row, and what is wrong is told below, within 80 columns`() async throws {
        let outcome = try await feeds("")
        let lines = outcome.output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(outcome.status == 0 && lines.allSatisfy { $0.displayWidth <= 80 }, "\(outcome.output)")
        #expect(lines[0].hasPrefix("FEED ") && lines[0].contains("ADDRESSES  BLOCKS  REFUSED"))
        #expect(
            lines[1].split(separator: " ").prefix(6) == [
                "firehol-level1", "1,234,567", "4,321", "7", "12", "1",
            ],
            "\(lines[1])")
        #expect(lines[1].contains("2 h"))
        #expect(outcome.output.contains("refused  line 5: no address, \"x\"; write 203.0.113.7 or a block"))
        #expect(outcome.output.contains("refused  6 more"))
        #expect(outcome.output.contains("problem  /srv/own: is not there; have it put there"))
    }

    @Test func `In JSON they are as the interface has them, and where there are none that is said`()
        async throws
    {
        let json = try await feeds("--json")
        let reply = try JSONDecoder().decode(HelperInterface.Feeds.Reply.self, from: Data(json.output.utf8))
        #expect(reply.feeds == Self.feeds)
        let none = try await feeds("", [])
        #expect(none.output.isEmpty && none.errors.hasPrefix("There are no feeds; sentinel.toml(5)"))
    }

    @Test func `What explains an address names the feeds that list it`() async throws {
        let explanation = Explanation(
            subject: "203.0.113.7", inbound: false, outbound: false, set: "feed4", bans: [], elements: [],
            strikes: 0,
            next: Milliseconds(rawValue: 600_000), feeds: ["drop", "own"])
        let outcome = try await control("explain", "203.0.113.7") { call in call.reply(explanation) }
        #expect(outcome.output.contains("feeds     drop, own"), "\(outcome.output)")
        #expect(outcome.output.contains("feed4 decides"))
    }
}
