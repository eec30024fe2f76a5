// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import NamespaceSupport
import SentinelConfiguration
import SentinelProtocol
import Testing
import Varlink

@testable import SentinelHelper

/// What the sets hold, and what they have refused.
@Suite(.timeLimit(.minutes(1))) struct SetsTests {
    /// Sources behind a link, each with what it sends: so many datagrams to the node's port.
    static let floods = [("10.9.0.2", 3), ("10.9.0.3", 7), ("10.9.0.4", 1), ("10.9.0.5", 5)]

    private static func link() async throws -> Link {
        let link = try await Link()
        for address in ["10.9.0.4", "10.9.0.5"] {
            try await link.peer.command("ip", "addr", "add", address + "/24", "dev", Self.device(link))
        }
        return link
    }

    private static func device(_ link: Link) async throws -> String {
        let text = try await link.peer.command("ip", "-oneline", "-4", "addr", "show", "to", "10.9.0.2")
        return String(text.split(separator: " ")[1])
    }

    private static func flood(_ link: Link) async throws {
        try await link.peer.run {
            for (address, count) in floods {
                let socket = try TestSocket(.udp, at: Link.address(address))
                #expect(socket.connect(to: Link.address(Link.node4), port: 8776) == .ok)
                for _ in 0..<count { #expect(socket.send("x") == .ok) }
            }
        }
    }

    private func sets(
        _ helper: RunningHelper, _ parameters: HelperInterface.Sets.Parameters
    ) async throws -> [SetInfo] {
        var sets: [SetInfo] = []
        for try await page in helper.client.stream(HelperInterface.sets, parameters) { sets += page.sets }
        return sets
    }

    private func set(_ name: String, _ helper: RunningHelper) async throws -> SetInfo {
        let sets = try await helper.client.call(HelperInterface.sets, .init()).sets
        return try #require(sets.first { $0.name == name })
    }

    /// What the rules count in nft's eyes that look a set up.
    private func ruleCounters(_ namespace: NetworkNamespace, _ set: String) async throws -> (
        packets: Int, bytes: Int
    ) {
        var sum = (packets: 0, bytes: 0)
        for object in try await namespace.nftList("table", "inet", "sentinel") {
            guard let rule = object["rule"] as? [String: any Sendable],
                let expressions = rule["expr"] as? [any Sendable],
                expressions.contains(where: { "\($0)".contains("@\(set)") })
            else { continue }
            for expression in expressions {
                let counter = (expression as? [String: any Sendable])?["counter"] as? [String: any Sendable]
                sum.packets += counter?["packets"] as? Int ?? 0
                sum.bytes += counter?["bytes"] as? Int ?? 0
            }
        }
        return sum
    }

    /// With a few bans the set is listed, with many it is read by keys.
    @Test(arguments: [0, 20_000])
    func `The top of a set is who had most packets refused, most first`(others: Int) async throws {
        let link = try await Self.link()
        let configuration = RunningHelper.configuration { $0.socket.callBytes = 8 << 20 }
        try await withHelper(configuration, in: link.node) { helper async throws in
            _ = try await helper.submit(
                (0..<others).map { BatchTests.denial("203.0.\($0 >> 8).\($0 & 0xFF)") }
                    + Self.floods.map { BatchTests.denial($0.0) })
            #expect(try await sets(helper, .init(name: "accept4", elements: true, top: 3))[0].elements == [])
            try await Self.flood(link)
            try await until { try await set("accept4", helper).packets == 16 }

            let pages = try await sets(helper, .init(name: "accept4", elements: true, top: 3))
            #expect(pages.count == 1 && pages[0].count == others + 4)
            let top = pages[0].elements ?? []
            #expect(top.map(\.key) == ["10.9.0.3", "10.9.0.5", "10.9.0.2"])
            #expect(top.map(\.packets) == [7, 5, 3] && top.allSatisfy { $0.ban != nil })
            // Without more replies, and of all sets.
            let all = try await helper.client.call(
                HelperInterface.sets, .init(elements: true, top: 1000)
            ).sets
            #expect(all.count == 14)
            #expect(all.flatMap { $0.elements ?? [] }.map(\.packets) == [7, 5, 3, 1])

            for top in [0, -1, 1001] {
                let error = await #expect(throws: VarlinkError.self) {
                    try await helper.client.call(HelperInterface.sets, .init(elements: true, top: top))
                }
                #expect(error?.reply(as: HelperInterface.InvalidRequest.self)?.field == "top")
            }
        }
    }

    @Test func `What a set has refused agrees with nft, and goes on over a restart and a new table`()
        async throws
    {
        let link = try await Self.link()
        var before: SetInfo?
        try await withHelper(in: link.node) { helper async throws in
            _ = try await helper.submit(Self.floods.map { BatchTests.denial($0.0) })
            try await Self.flood(link)
            try await until { try await set("accept4", helper).packets == 16 }
            let shown = try await self.set("accept4", helper)
            let counted = try await ruleCounters(link.node, "accept4")
            #expect(counted.packets == 16 && shown.bytes == Int64(counted.bytes) && counted.bytes == 16 * 29)
            before = shown
        }
        // The table outlives the helper, and takes its rules anew.
        let other = RunningHelper.configuration { $0.table.hook = .input }
        for configuration in [RunningHelper.configuration(), other] {
            try await withHelper(configuration, in: link.node) { helper async throws in
                let shown = try await self.set("accept4", helper)
                #expect(shown.packets == before?.packets && shown.bytes == before?.bytes)
                #expect(try await ruleCounters(link.node, "accept4").packets == 16)
                #expect(try await self.set("net4", helper).packets == 0)
                #expect(try await self.set("exempt4", helper).packets == nil)
            }
        }
    }

    @Test func `Events are counted by kind, check and reason, and reasons beyond a bound together`()
        async throws
    {
        try await withHelper { helper async throws in
            let ban = try await helper.submit(.accept, "192.0.2.1", reason: "rate")
            _ = try await helper.submit(.accept, "192.0.2.1", reason: "rate", duration: 7_200_000)
            _ = try await helper.submit(.dial, "tcp:192.0.2.1:4001", reason: "spam")
            _ = try await helper.lift(Filter(id: ban.id))
            // Refused: no event.
            _ = try await helper.submit(.accept, "127.0.0.1", reason: "rate")
            let counters = try await helper.client.call(HelperInterface.counters)
            #expect(
                counters.events == [
                    EventCount(kind: .banned, check: .accept, reason: "rate", count: 1),
                    EventCount(kind: .banned, check: .dial, reason: "spam", count: 1),
                    EventCount(kind: .lifted, check: .accept, reason: "rate", count: 1),
                    EventCount(kind: .renewed, check: .accept, reason: "rate", count: 1),
                ])
            let sets = try await helper.client.call(HelperInterface.sets, .init()).sets
            #expect(counters.sets.map(\.name) == sets.map(\.name))
            #expect(counters.sets.map(\.count) == sets.map(\.count))
            #expect(counters.sets.first { $0.name == "dial4" }?.packets == 0)

            _ = try await helper.submit(
                (0..<300).map { BatchTests.denial("198.18.\($0 / 250).\($0 % 250)", reason: "made-up-\($0)") }
            )
            let events = try await helper.client.call(HelperInterface.counters).events
            #expect(Set(events.map(\.reason)).count == 201)
            #expect(events.reduce(0) { $0 + $1.count } == 304)
            #expect(events.contains { $0.reason == "other" && $0.kind == .banned })
        }
    }

    @Test func `Elements are those of the bans that a filter is for`() async throws {
        try await withHelper { helper async throws in
            _ = try await helper.submit([
                BatchTests.denial("192.0.2.1", peer: "PeerA"), BatchTests.denial("192.0.2.2", reason: "spam"),
                BatchTests.denial("198.51.100.7", reason: "spam"),
                BatchTests.denial(.dial, "tcp:192.0.2.1:4001"),
            ])
            _ = try await helper.ban(.network, "203.0.113.0/24")
            let rows: [(Filter, [String])] = [
                (Filter(reason: "spam"), ["192.0.2.2", "198.51.100.7"]),
                (Filter(within: "192.0.2.0/24"), ["192.0.2.1", "192.0.2.2", "tcp:192.0.2.1:4001"]),
                (Filter(within: "203.0.113.0/24"), ["203.0.113.0/24"]),
                (Filter(peer: "PeerA"), ["192.0.2.1"]),
                (Filter(since: Timestamp(rawValue: 4_102_444_800_000)), []),
            ]
            // Of more than a page, and in one reply each set comes once.
            _ = try await helper.submit(
                (0..<4500).map { BatchTests.denial("198.18.\($0 / 250).\($0 % 250)", reason: "many") })
            let many = try await helper.client.call(
                HelperInterface.sets, .init(elements: true, filter: Filter(reason: "many"))
            ).sets
            #expect(Set(many.map(\.name)).count == many.count)
            #expect(Set(many.flatMap { $0.elements ?? [] }.map(\.key)).count == 4500)
            for parameters in [
                HelperInterface.Sets.Parameters(top: 3), .init(filter: Filter(reason: "spam")),
            ] {
                let error = await #expect(throws: VarlinkError.self) {
                    try await helper.client.call(HelperInterface.sets, parameters)
                }
                #expect(error?.reply(as: HelperInterface.InvalidRequest.self)?.field == "elements")
            }
            for (filter, expected) in rows {
                let found = try await sets(helper, .init(elements: true, filter: filter))
                #expect(found.flatMap { $0.elements ?? [] }.map(\.key).sorted() == expected, "\(filter)")
            }
            let error = await #expect(throws: VarlinkError.self) {
                try await helper.client.call(
                    HelperInterface.sets, .init(elements: true, filter: Filter(within: "192.0.2")))
            }
            let refused = error?.reply(as: HelperInterface.InvalidRequest.self)
            #expect(refused?.field == "filter.within" && refused?.message.contains("203.0.113.0/24") == true)
        }
    }

    @Test func `The kernel's own count and backend are told where it tells them`() async throws {
        try await withHelper { helper async throws in
            _ = try await helper.submit([BatchTests.denial("192.0.2.1"), BatchTests.denial("192.0.2.2")])
            let tells = try await helper.status().kernel.setCounts
            let hashed = try await set("accept4", helper)
            let ordered = try await set("net4", helper)
            #expect(hashed.count == 2 && hashed.kernelCount == (tells ? 2 : nil))
            #expect(ordered.kernelCount == (tells ? 0 : nil))
            #expect(hashed.backend == "rhash")
            #expect(ordered.backend == "rbtree")
        }
    }

    /// A table that nobody owns is repaired within a second or so; until then the difference is told.
    @Test func `Bans that the kernel lacks are named, and elements that belong to no ban`() async throws {
        try await withHelper(limit: .none) { helper async throws in
            _ = try await helper.submit([BatchTests.denial("192.0.2.1"), BatchTests.denial("192.0.2.2")])
            let table = "inet sentinel accept4"
            // A repair may come between the change and the look: then it is changed once more.
            for attempt in 10... {
                let stranger = "192.0.2.\(attempt)"
                try await helper.namespace.command(
                    "nft", "-f", "-",
                    input: """
                        delete element \(table) { 192.0.2.1 }
                        add element \(table) { \(stranger) timeout 1h }

                        """)
                let set = try await sets(helper, .init(name: "accept4", elements: true))[0]
                guard set.absent != nil else { continue }
                #expect(set.absent == ["192.0.2.1"])
                let elements = Dictionary(uniqueKeysWithValues: (set.elements ?? []).map { ($0.key, $0.ban) })
                #expect(elements[stranger] == .some(nil))
                #expect(elements["192.0.2.2"] != nil && elements["192.0.2.2"] != .some(nil))
                return
            }
        }
    }
}
