// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import Inet
import NamespaceSupport
import SentinelConfiguration
import SentinelProtocol
import Synchronization
import Testing
import Varlink

@testable import SentinelHelper

/// What becomes of feeds when the helper, its configuration or its table changes.
@Suite(.timeLimit(.minutes(2))) struct FeedLifeTests {
    @Test
    func `After a restart what was in force stays until the files are read, and then is what they list`()
        async throws
    {
        let (node, files) = (try await Node(), try FeedFiles())
        try files.put("own", [Link.peers4[0], "192.0.2.0/24"])
        let configuration = files.configuration("own")
        try await withHelper(configuration, in: node.link.node, feedReading: FeedFiles.reading) {
            helper async throws in
            try await helper.untilInForce(1, 1)
        }
        #expect(try await !node.admits(Link.peers4[0]), "while nobody looks after it")
        // A helper that can't read: what is there stays.
        try await withHelper(
            configuration, in: node.link.node,
            feedReading: { feed, _ throws(ConfigurationError) in
                throw ConfigurationError(file: feed.path, fault: "can't be read now", remedy: "try later")
            }
        ) { helper async throws in
            try await until { try await helper.feed("own").problem != nil }
            try await until { try await helper.status().problems.contains { $0.contains("was restarted") } }
            #expect(try await helper.keys("feed4") == [Link.peers4[0]])
            #expect(try await !node.admits(Link.peers4[0]))
        }
        try files.put("own", [Link.peers4[1], "198.51.100.0/24"])
        try await withHelper(configuration, in: node.link.node, feedReading: FeedFiles.reading) {
            helper async throws in
            try await helper.untilInForce(1, 1)
            #expect(try await helper.keys("feed4") == [Link.peers4[1]])
            #expect(try await helper.keys("feednet4") == ["198.51.100.0/24"])
            #expect(try await node.admits(Link.peers4[0]))
        }
        // Without feeds nothing of them is left.
        try await withHelper(RunningHelper.configuration(), in: node.link.node) { helper async throws in
            #expect(try await helper.keys("feed4") == [])
            #expect(try await helper.keys("feednet4") == [])
        }
    }

    @Test func `While one file can't be read after a restart, what others list comes to what was there`()
        async throws
    {
        let (namespace, files) = (try await NetworkNamespace(), try FeedFiles())
        try files.put("a", ["192.0.2.1", "198.51.100.0/25"])
        try files.put("b", ["192.0.2.2", "203.0.113.0/24"])
        try await withHelper(files.configuration("a", "b"), in: namespace, feedReading: FeedFiles.reading) {
            helper async throws in
            try await helper.untilInForce(2, 2)
        }
        try FileManager.default.removeItem(atPath: files.path("b"))
        try files.put("a", ["192.0.2.3", "198.51.100.0/24"])
        try await withHelper(files.configuration("a", "b"), in: namespace, feedReading: FeedFiles.reading) {
            helper async throws in
            try await until { try await helper.keys("feed4").count == 3 }
            #expect(try await Set(helper.keys("feed4")) == ["192.0.2.1", "192.0.2.2", "192.0.2.3"])
            #expect(try await Set(helper.keys("feednet4")) == ["198.51.100.0/24", "203.0.113.0/24"])
            try files.put("b", ["# nobody"])
            try await helper.untilInForce(1, 1)
            #expect(try await helper.keys("feed4") == ["192.0.2.3"])
        }
    }

    @Test func `A reload adds, changes and removes feeds, and another table has them as well`() async throws {
        let (namespace, files) = (try await NetworkNamespace(), try FeedFiles())
        try files.put("a", ["192.0.2.1"])
        try files.put("b", ["192.0.2.2", "198.51.100.0/24"])
        let next = Mutex(RunningHelper.configuration())
        try await withHelper(
            in: namespace,
            source: .init(file: "sentinel.toml") { () throws(ConfigurationError) in next.withLock { $0 } },
            feedReading: FeedFiles.reading
        ) { helper async throws in
            func reload(_ change: (inout Configuration) -> Void) async throws -> HelperInterface.Reload.Reply
            {
                let configuration = RunningHelper.configuration {
                    $0.socket.path = helper.path
                    change(&$0)
                }
                next.withLock { $0 = configuration }
                return try await helper.client.call(HelperInterface.reload, .init())
            }
            let reply = try await reload { $0.feeds = [files.feed("a"), files.feed("b")] }
            #expect(reply.changes.contains { $0.key == "[feed.a] path" && $0.old == "not set" })
            try await helper.untilInForce(2, 1)
            let feeds = [files.feed("b")]
            _ = try await reload { $0.feeds = feeds }
            try await helper.untilInForce(1, 1)
            // Another capacity is another table; no file has to be read for it.
            try FileManager.default.removeItem(atPath: files.path("b"))
            let rebuilt = try await reload {
                $0.feeds = feeds
                $0.capacity.feed = 100
            }
            #expect(rebuilt.rebuilt)
            #expect(try await helper.keys("feed4") == ["192.0.2.2"])
            #expect(try await helper.keys("feednet4") == ["198.51.100.0/24"])
            try files.put("b", ["192.0.2.7", "192.0.2.8"])
            try await helper.untilInForce(2)
            let error = await #expect(throws: VarlinkError.self) {
                _ = try await reload {
                    $0.feeds = feeds
                    $0.capacity.feed = 1
                }
            }
            let refused = try #require(error?.reply(as: HelperInterface.ReloadRefused.self))
            #expect(refused.problems.first?.contains("feeds list 2 addresses for feed4") == true)
            _ = try await reload { _ in }
            try await helper.untilInForce(0)
            #expect(try await helper.keys("feed4") == [])
        }
    }

    @Test func `What somebody changes in a table that nobody owns is put right`() async throws {
        let (namespace, files) = (try await NetworkNamespace(), try FeedFiles())
        try files.put("own", ["192.0.2.1", "192.0.2.2", "198.51.100.0/24", "2001:db8::/32"])
        try await withHelper(
            files.configuration("own"), in: namespace, limit: .none, feedReading: FeedFiles.reading
        ) { helper async throws in
            try await helper.untilInForce(2, 2)
            func isRight() async throws -> Bool {
                let sets = try await ["feed4", "feednet4", "feednet6"].asyncMap {
                    Set(try await helper.keys($0))
                }
                return sets == [["192.0.2.1", "192.0.2.2"], ["198.51.100.0/24"], ["2001:db8::/32"]]
            }
            for command in [
                "flush set inet sentinel feed4", "flush set inet sentinel feednet4",
                "delete element inet sentinel feed4 { 192.0.2.1 }",
                "add element inet sentinel feed4 { 192.0.2.9 }",
                "add element inet sentinel feednet4 { 203.0.113.0/24 }", "delete table inet sentinel",
            ] {
                try await namespace.command("nft", command)
                try await until { (try? await isRight()) ?? false }
            }
        }
    }

    @Test func `In a table of the operator's the sets are filled once they are there`() async throws {
        let (namespace, files) = (try await NetworkNamespace(), try FeedFiles())
        try files.put("own", ["192.0.2.1", "198.51.100.0/24"])
        let configuration = files.configuration("own") { $0.table.mode = .shared }
        try await withHelper(configuration, in: namespace, feedReading: FeedFiles.reading) {
            helper async throws in
            #expect(try await helper.status().problems.contains { $0.hasPrefix("nothing is enforced") })
            try await until { try await helper.feed("own").addresses == 1 }
            for _ in 0..<2 {
                try await namespace.command("nft", "-f", SharedTests.rules)
                try await helper.untilInForce(1, 1)
                #expect(try await helper.keys("feed4") == ["192.0.2.1"])
                #expect(try await helper.keys("feednet4") == ["198.51.100.0/24"])
                try await namespace.command("nft", "flush", "ruleset")
                try await until { try await helper.status().sets.first { $0.name == "feed4" }?.count == 0 }
            }
        }
    }

    @Test func `Tens of thousands are filled in parts, listed in pages and swapped`() async throws {
        let (namespace, files) = (try await NetworkNamespace(), try FeedFiles())
        func addresses(_ count: Int, _ start: Int) -> [String] {
            (start..<start + count).map { "100.\($0 >> 16).\($0 >> 8 & 255).\($0 & 255)" }
        }
        try files.put("own", addresses(40_000, 0) + (0..<300).map { "101.\($0 / 250).\($0 % 250).0/25" })
        try await withHelper(files.configuration("own"), in: namespace, feedReading: FeedFiles.reading) {
            helper async throws in
            try await helper.untilInForce(40_000, 300)
            try files.put("own", addresses(40_000, 10_000))
            try await helper.untilInForce(40_000)
            var listed: Set<String> = []
            let parameters = HelperInterface.Sets.Parameters(name: "feed4", elements: true)
            for try await reply in helper.client.stream(HelperInterface.sets, parameters) {
                for set in reply.sets { listed.formUnion((set.elements ?? []).map(\.key)) }
            }
            #expect(listed == Set(addresses(40_000, 10_000)))
            let some = addresses(30_000, 20_000).enumerated().filter { $0.offset % 4000 == 0 }.map(\.element)
            let found = try await namespace.command(
                "nft", "get", "element", "inet", "sentinel", "feed4", "{ \(some.joined(separator: ", ")) }")
            #expect(some.allSatisfy { found.contains($0) })
            try await helper.expectToServe()
        }
    }
}
