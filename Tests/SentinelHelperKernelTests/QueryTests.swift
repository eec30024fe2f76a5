// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import NamespaceSupport
import SentinelConfiguration
import SentinelProtocol
import Testing
import Varlink

/// What is asked of the helper.
@Suite(.timeLimit(.minutes(1))) struct QueryTests {
    @Test func `25 000 bans are listed in pages, and not in one reply`() async throws {
        let configuration = RunningHelper.configuration { $0.socket.callBytes = 8 << 20 }
        let count = 25_000
        try await withHelper(configuration) { helper async throws in
            let denials = (0..<count).map {
                BatchTests.denial("203.\($0 >> 16).\($0 >> 8 & 0xFF).\($0 & 0xFF)")
            }
            #expect(try await helper.submit(denials).count(where: \.enforced) == count)

            var bans: [String] = []
            var pages = 0
            for try await page in helper.client.stream(HelperInterface.list, .init()) {
                pages += 1
                bans += page.bans.map(\.subject)
            }
            #expect(pages > 10)
            #expect(bans.count == count && Set(bans) == Set(denials.map(\.subject)))

            var elements: [SetElement] = []
            for try await page in helper.client.stream(
                HelperInterface.sets, .init(name: "accept4", elements: true))
            {
                #expect(page.sets.map(\.name) == ["accept4"] && page.sets.map(\.count) == [count])
                elements += page.sets[0].elements ?? []
            }
            #expect(elements.count == count && Set(elements.map(\.key)) == Set(bans))
            #expect(elements.allSatisfy { $0.ban != nil && $0.remaining != nil && $0.packets == 0 })

            try await expectTooMany("filter") { try await helper.list() }
            try await expectTooMany("elements") {
                try await helper.client.call(HelperInterface.sets, .init(name: "accept4", elements: true))
            }
            // What matches little is one reply's, however much there is beside it.
            #expect(try await helper.list(Filter(subject: "203.0.97.167")).count == 1)
            #expect(
                try await helper.client.call(HelperInterface.sets, .init()).sets.first {
                    $0.name == "accept4"
                }?.count == count)
            #expect(try await helper.lift(Filter(subject: "203.0.97.167")).count == 1)
            #expect(try await helper.status().bans == count - 1)
        }
    }

    private func expectTooMany<T>(_ field: String, _ call: () async throws -> T) async throws {
        let error = await #expect(throws: VarlinkError.self) { _ = try await call() }
        let refused = try #require(error?.reply(as: HelperInterface.InvalidRequest.self))
        #expect(refused.field == field)
        #expect(refused.message.contains("too many for one reply; ask for more replies"))
    }

    @Test func `Sets are listed as the kernel has them, with what the helper knows of each element`()
        async throws
    {
        try await withHelper { helper async throws in
            _ = try await helper.submit([BatchTests.denial("192.0.2.1", duration: 60_000, peer: "PeerA")])
            let ban = try await helper.ban(.network, "198.51.100.0/24", duration: 0)
            let sets = try await helper.client.call(HelperInterface.sets, .init(elements: true)).sets
            #expect(
                sets.map(\.name) == [
                    "exempt4", "exempt6", "node_ports", "node_users", "accept4", "accept6", "dial4", "dial6",
                    "net4",
                    "net6", "feed4", "feed6", "feednet4", "feednet6",
                ])
            func elements(_ name: String) -> [SetElement] { sets.first { $0.name == name }?.elements ?? [] }
            #expect(Set(elements("node_ports").map(\.key)) == ["tcp/8776", "udp/8776"])
            #expect(elements("node_users").map(\.key) == ["65534"])
            #expect(elements("exempt4").map(\.key).contains("127.0.0.0/8"))
            let element = try #require(elements("accept4").first)
            #expect(element.key == "192.0.2.1" && element.packets == 0 && element.bytes == 0)
            #expect(element.comment == "rate by user:root, strike 1, peer PeerA")
            #expect(try #require(element.remaining) <= #require(element.timeout))
            let block = try #require(elements("net4").first)
            #expect(block.key == "198.51.100.0/24" && block.timeout == nil && block.ban == ban.id)

            let error = await #expect(throws: VarlinkError.self) {
                try await helper.client.call(HelperInterface.sets, .init(name: "accept5"))
            }
            let refused = error?.reply(as: HelperInterface.InvalidRequest.self)
            #expect(refused?.field == "name")
            #expect(
                refused?.message.contains("accept5") == true && refused?.message.contains("accept4") == true)
        }
    }

    @Test func `A subject's explanation says which way is shut, by which set and ban`() async throws {
        let configuration = RunningHelper.configuration {
            $0.exempt.addresses = ["203.0.113.0/24"].compactMap { IPNetwork($0) }
        }
        try await withHelper(configuration) { helper async throws in
            let peer = "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA"
            _ = try await helper.submit([
                BatchTests.denial("192.0.2.1", peer: peer),
                BatchTests.denial(.dial, "tcp:192.0.2.2:4001", peer: peer),
                BatchTests.denial("2001:db8:1:2::3"),
            ])
            _ = try await helper.ban(.network, "198.51.100.0/24")
            struct Row {
                var subject: String, inbound: Bool, outbound: Bool, set: String?, bans: Int, elements: Int
                var guardName: GuardName?
            }
            let rows = [
                Row(
                    subject: "192.0.2.1", inbound: false, outbound: true, set: "accept4", bans: 1, elements: 1
                ),
                Row(subject: "192.0.2.9", inbound: true, outbound: true, set: nil, bans: 0, elements: 0),
                Row(
                    subject: "tcp:192.0.2.2:4001", inbound: true, outbound: false, set: "dial4", bans: 1,
                    elements: 1),
                Row(
                    subject: "tcp:192.0.2.2:4002", inbound: true, outbound: true, set: nil, bans: 0,
                    elements: 0),
                Row(
                    subject: "/ip4/192.0.2.2/tcp/4001", inbound: true, outbound: false, set: "dial4", bans: 1,
                    elements: 1),
                Row(
                    subject: "2001:db8:1:2::9", inbound: false, outbound: true, set: "accept6", bans: 1,
                    elements: 1),
                Row(
                    subject: "198.51.100.7", inbound: false, outbound: false, set: "net4", bans: 1,
                    elements: 1),
                Row(
                    subject: "198.51.100.0/24", inbound: false, outbound: false, set: "net4", bans: 1,
                    elements: 1),
                Row(
                    subject: "udp:198.51.100.7:1", inbound: false, outbound: false, set: "net4", bans: 1,
                    elements: 1),
                Row(subject: peer, inbound: false, outbound: false, set: "accept4", bans: 2, elements: 2),
                Row(
                    subject: "203.0.113.7", inbound: true, outbound: true, set: "exempt4", bans: 0,
                    elements: 0,
                    guardName: .exempt),
                Row(
                    subject: "127.0.0.1", inbound: true, outbound: true, set: "exempt4", bans: 0, elements: 0,
                    guardName: .loopback),
            ]
            for row in rows {
                let found = try await helper.explain(row.subject)
                let what = Comment("\(found)")
                #expect(found.subject == row.subject, what)
                #expect(found.inbound == row.inbound && found.outbound == row.outbound, what)
                #expect(found.set == row.set && found.guardName == row.guardName, what)
                #expect(found.bans.count == row.bans && found.elements.count == row.elements, what)
                #expect(Set(found.elements.map(\.ban)) == Set(found.bans.map(\.id)), what)
            }
            for subject in ["", "nothing", "192.0.2"] {
                let error = await #expect(throws: VarlinkError.self) { try await helper.explain(subject) }
                #expect(error?.reply(as: HelperInterface.InvalidRequest.self)?.field == "subject")
            }
        }
    }
}
