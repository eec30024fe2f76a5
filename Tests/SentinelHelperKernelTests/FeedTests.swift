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

/// Files whose addresses the kernel refuses.
@Suite(.timeLimit(.minutes(2))) struct FeedTests {
    @Test
    func `Who is in a feed is refused, alone or in a block, by both families, and let in when he is no more`()
        async throws
    {
        let (node, files) = (try await Node(), try FeedFiles())
        try files.put("own", ["# own", Link.peers4[0], "2001:db8:9:1::/64", "192.0.2.0/24"])
        try await withHelper(files.configuration("own"), in: node.link.node, feedReading: FeedFiles.reading) {
            helper async throws in
            try await helper.untilInForce(1, 2)
            var admitted: [String] = []
            for client in Link.peers4 + Link.peers6 where try await node.admits(client) {
                admitted.append(client)
            }
            #expect(admitted == [Link.peers4[1], Link.peers6[2]])
            #expect(try await helper.keys("feed4") == [Link.peers4[0]])
            #expect(try await helper.keys("feednet6") == ["2001:db8:9:1::/64"])

            let feed = try await helper.feed("own")
            #expect(feed.addresses == 1 && feed.blocks == 2 && feed.format == "plain" && feed.problem == nil)
            #expect(feed.refused == 0 && feed.read != nil && feed.refreshed != nil)
            for (client, set) in [(Link.peers4[0], "feed4"), (Link.peers6[0], "feednet6")] {
                let explanation = try await helper.explain(client)
                #expect(!explanation.inbound && !explanation.outbound && explanation.set == set)
                #expect(explanation.feeds == ["own"] && explanation.bans == [])
            }
            let counted = try await helper.client.call(HelperInterface.counters).sets
            #expect(counted.first { $0.name == "feed4" }?.packets ?? 0 > 0)
            #expect(counted.first { $0.name == "feednet6" }?.packets ?? 0 > 0)

            try files.put("own", ["# nobody"])
            try await helper.untilInForce(0)
            for client in Link.peers4 + Link.peers6 { #expect(try await node.admits(client), "\(client)") }
            #expect(try await helper.keys("feed4") == [])
            #expect(try await helper.keys("feednet6") == [])
        }
    }

    @Test func `Dials to who is in a feed are rejected`() async throws {
        let (node, files) = (try await Node(), try FeedFiles())
        try files.put("own", ["\(Link.peers4[0])/31"])
        let peer = try await node.link.peer.run {
            let listener = try TestSocket(.tcp, at: Link.address(Link.peers4[0]), port: 4001)
            try listener.listen()
            return listener
        }
        try await withHelper(files.configuration("own"), in: node.link.node, feedReading: FeedFiles.reading) {
            helper async throws in
            func dial() async throws -> TestSocket.Outcome {
                try await node.link.node.run(asUser: 65_534) {
                    try TestSocket(.tcp, at: Link.address(Link.node4), patience: .seconds(5)).connect(
                        to: Link.address(Link.peers4[0]), port: 4001)
                }
            }
            try await helper.untilInForce(0, 1)
            let denied = try await dial()
            #expect(
                [.refused("EHOSTUNREACH"), .refused("EACCES"), .refused("EPERM")].contains(denied),
                "\(denied)")
            try files.put("own", ["# nobody"])
            try await helper.untilInForce(0)
            #expect(try await dial() == .ok)
        }
        withExtendedLifetime(peer) {}
    }

    @Test func `Who is in several feeds stays refused until the last of them leaves him out`() async throws {
        let (node, files) = (try await Node(), try FeedFiles())
        try files.put("a", [Link.peers4[0], "192.0.2.1"])
        try files.put("b", ["10.9.0.2/31"])
        try await withHelper(
            files.configuration("a", "b"), in: node.link.node, feedReading: FeedFiles.reading
        ) {
            helper async throws in
            // Of what one lists within a block of the other the block is there.
            try await helper.untilInForce(1, 1)
            #expect(try await helper.explain(Link.peers4[0]).feeds == ["a", "b"])
            try files.put("b", ["# nobody"])
            try await helper.untilInForce(2)
            #expect(try await !node.admits(Link.peers4[0]))
            #expect(try await node.admits(Link.peers4[1]))
            try files.put("a", ["192.0.2.1"])
            try await helper.untilInForce(1)
            #expect(try await node.admits(Link.peers4[0]))
        }
    }

    @Test func `Whom a guard holds passes although he is in a feed, and it is told`() async throws {
        let (node, files) = (try await Node(), try FeedFiles())
        try files.put("own", [Link.peers4[0], Link.peers4[1], "2001:db8:9::/48", "127.0.0.0/8"])
        let configuration = files.configuration("own") {
            $0.exempt.addresses = [IPNetwork(Link.address(Link.peers4[0]))]
        }
        try await withHelper(configuration, in: node.link.node, feedReading: FeedFiles.reading) {
            helper async throws in
            try await helper.untilInForce(2, 2)
            #expect(try await node.admits(Link.peers4[0]))
            #expect(try await !node.admits(Link.peers4[1]))
            #expect(try await !node.admits(Link.peers6[0]))
            // The exempt address, loopback, and the block around the node's own address.
            #expect(try await helper.feed("own").guarded == 3)
            let explanation = try await helper.explain(Link.peers4[0])
            #expect(explanation.inbound && explanation.set == "exempt4" && explanation.feeds == ["own"])
        }
    }

    @Test(arguments: [
        ("", "is empty, as a file is whose download failed"), ("<html>404</html>\n", "JSON"),
        ("192.0.2.9\n<p>\n<p>\n", "no address"), ("{\"banned_nets\": [", ":1: "),
    ])
    func `A file that is damaged, empty or away leaves what was in force, and is told`(
        text: String, said: String
    )
        async throws
    {
        let (node, files) = (try await Node(), try FeedFiles())
        try files.put("own", [Link.peers4[0]])
        try await withHelper(files.configuration("own"), in: node.link.node, feedReading: FeedFiles.reading) {
            helper async throws in
            try await helper.untilInForce(1)
            var watcher = try await helper.watch()
            try files.put("own", text)
            let alarm = try await watcher.next(.alarm).message ?? ""
            #expect(
                alarm.hasPrefix("feed own: \(files.path("own"))") && alarm.contains("before stays in force"))
            #expect(text.hasPrefix("<html>") || alarm.contains(said), "\(alarm)")
            #expect(try await helper.status().problems.contains(alarm))
            #expect(try await !node.admits(Link.peers4[0]))

            try FileManager.default.removeItem(atPath: files.path("own"))
            try await until { try await helper.feed("own").problem?.contains("is not there") == true }
            #expect(try await !node.admits(Link.peers4[0]))

            try files.put("own", [Link.peers4[1]])
            #expect(try await watcher.next(.recovered).message == "feed own is right again")
            try await until { try await helper.keys("feed4") == [Link.peers4[1]] }
            #expect(try await node.admits(Link.peers4[0]))
            #expect(try await helper.status().problems.allSatisfy { !$0.contains("feed") })
        }
    }

    @Test func `A file that grows too old is enforced no more, and again once it is refreshed`() async throws
    {
        let (namespace, files) = (try await NetworkNamespace(), try FeedFiles())
        try files.put("own", ["192.0.2.1"])
        let configuration = files.configuration { $0.feeds = [files.feed("own", maxAge: .seconds(3))] }
        try await withHelper(configuration, in: namespace, feedReading: FeedFiles.reading) {
            helper async throws in
            try await helper.untilInForce(1)
            try await helper.untilInForce(0)
            #expect(try await helper.feed("own").problem?.contains("wasn't refreshed for 3s") == true)
            #expect(try await helper.keys("feed4") == [])
            try files.put("own", ["192.0.2.1"])
            try await helper.untilInForce(1)
            #expect(try await helper.feed("own").problem == nil)
        }
    }

    @Test func `More than there may be isn't taken, and what was in force stays`() async throws {
        let (namespace, files) = (try await NetworkNamespace(), try FeedFiles())
        try files.put("a", ["192.0.2.1", "192.0.2.2"])
        let configuration = files.configuration("a", "b") { $0.capacity.feed = 3 }
        try await withHelper(configuration, in: namespace, feedReading: FeedFiles.reading) {
            helper async throws in
            try await until { try await helper.feed("a").addresses == 2 }
            try files.put("b", (1...2).map { "198.51.100.\($0)" })
            try await until {
                try await helper.status().problems.contains { $0.contains("[capacity] feed is 3") }
            }
            #expect(try await Set(helper.keys("feed4")) == ["192.0.2.1", "192.0.2.2"])
            try files.put("b", ["198.51.100.1"])
            try await helper.untilInForce(3)
            #expect(try await !helper.status().problems.contains { $0.contains("capacity") })
        }
    }

    // MARK: Swapping

    /// Sends datagrams from a client until it is told to stop.
    private func flood(_ link: Link, from client: String, _ isOver: Flag) async throws {
        try await link.peer.run {
            let socket = try TestSocket(.udp, at: Link.address(client))
            _ = socket.connect(to: Link.address(Link.node(for: client)), port: EnforcementTests.port)
            while !isOver.isSet { _ = socket.send("flood") }
        }
    }

    private final class Flag: Sendable {
        private let value = Atomic(false)
        var isSet: Bool { value.load(ordering: .relaxed) }
        func set() { value.store(true, ordering: .relaxed) }
    }

    @Test(arguments: [
        // What both lists have, and what it is in the one and in the other.
        (Link.peers4[0], "10.9.0.2", "10.9.0.2"), (Link.peers4[0], "10.9.0.2/31", "10.9.0.2/31"),
        (Link.peers4[0], "10.9.0.2/31", "10.9.0.2"), (Link.peers6[0], "2001:db8:9:1::2", "2001:db8:9:1::/64"),
    ])
    func `While lists are swapped under a flood, no packet passes from whom both have`(
        client: String, first: String, second: String
    ) async throws {
        let (link, files) = (try await Link(), try FeedFiles())
        let server = try await link.node.run {
            try TestSocket(
                .udp, at: Link.address(Link.node(for: client)), port: EnforcementTests.port,
                patience: .milliseconds(50))
        }
        func list(_ own: String, _ block: Int) -> [String] {
            [own] + (0..<3000).map { "100.\(block).\($0 / 250).\($0 % 250)" }
                + (0..<200).map { "101.\(block).\($0).0/25" }
        }
        try files.put("own", list(first, 0))
        try await withHelper(files.configuration("own"), in: link.node, feedReading: FeedFiles.reading) {
            helper async throws in
            let single = [first, second].map { $0.contains("/") ? 0 : 1 }
            try await helper.untilInForce(3000 + single[0], 201 - single[0])
            let isOver = Flag()
            async let flooding: Void = flood(link, from: client, isOver)
            defer { isOver.set() }
            for round in 1...6 {
                try files.put("own", list(round % 2 == 0 ? first : second, round))
                try await until { try await helper.explain("100.\(round).0.1").set == "feed4" }
            }
            isOver.set()
            try await flooding
            #expect(server.receive() == nil)
            let dropped = try await helper.client.call(HelperInterface.counters).sets
                .filter { $0.name.hasPrefix("feed") }.compactMap(\.packets).reduce(0, +)
            #expect(dropped > 1000, "the flood was one")
            // And the probe shows what passes.
            try files.put("own", ["# nobody"])
            try await helper.untilInForce(0)
            let after = Flag()
            async let again: Void = flood(link, from: client, after)
            #expect(server.receive() == "flood")
            after.set()
            try await again
        }
    }

    @Test func `A file that is being written is waited for`() async throws {
        let (namespace, files) = (try await NetworkNamespace(), try FeedFiles())
        try files.put("own", ["192.0.2.1"])
        try await withHelper(files.configuration("own"), in: namespace, feedReading: FeedFiles.reading) {
            helper async throws in
            try await helper.untilInForce(1)
            // In place, in parts.
            let handle = try FileHandle(forWritingTo: URL(filePath: files.path("own")))
            try handle.truncate(atOffset: 0)
            for number in 1...30 {
                try handle.write(contentsOf: Data("198.51.100.\(number)\n".utf8))
                let count = try await helper.feed("own").addresses
                #expect(count == 1, "nothing of what is half written is taken")
                try await Task.sleep(for: .milliseconds(100))
            }
            try handle.close()
            try await helper.untilInForce(30)
        }
    }
}
