// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import NamespaceSupport
import SentinelProtocol
import Testing
import Varlink

/// Ending bans before their time.
@Suite(.timeLimit(.minutes(1))) struct LiftTests {
    /// Eight bans: of each field that a filter has, several values.
    private func withBans(_ body: (RunningHelper, [Int64]) async throws -> Void) async throws {
        try await withHelper { helper async throws in
            var receipts = try await helper.submit([
                BatchTests.denial("192.0.2.1", peer: "PeerA"), BatchTests.denial("192.0.2.2", reason: "spam"),
                BatchTests.denial(.dial, "tcp:192.0.2.1:4001", peer: "PeerA"),
                BatchTests.denial(.dial, "udp:192.0.2.1:4001", reason: "spam"),
                BatchTests.denial("2001:db8:1:2:3::4"), BatchTests.denial(.dial, "tcp:[2001:db8::1]:1"),
            ])
            receipts += try await helper.ban([
                BanRequest(check: .network, subject: "198.51.100.0/24"),
                BanRequest(check: .network, subject: "2001:db8:2::/48"),
            ])
            #expect(receipts.allSatisfy { $0.enforced })
            try await body(helper, receipts.compactMap(\.id))
        }
    }

    /// Which of the eight a filter is for.
    static let filters: [(Filter, Set<Int>)] = [
        (Filter(subject: "192.0.2.1"), [0]), (Filter(subject: "tcp:192.0.2.1:4001"), [2]),
        (Filter(subject: "/ip4/192.0.2.1/udp/4001/quic-v1"), [0, 3]),
        (Filter(subject: "2001:db8:1:2::9"), [4]),
        (Filter(subject: "2001:db8:1:2::/64"), [4]), (Filter(subject: "198.51.100.0/24"), [6]),
        (Filter(subject: "198.51.100.0/25"), []), (Filter(peer: "PeerA"), [0, 2]),
        (Filter(reason: "spam"), [1, 3]), (Filter(reason: "operator"), [6, 7]),
        (Filter(caller: "user:root"), [0, 1, 2, 3, 4, 5, 6, 7]), (Filter(caller: "user:seed"), []),
        (Filter(check: .dial), [2, 3, 5]), (Filter(check: .dial, peer: "PeerA"), [2]),
        (Filter(within: "192.0.2.0/24"), [0, 1, 2, 3]), (Filter(within: "192.0.2.1"), [0, 2, 3]),
        (Filter(within: "198.51.100.0/23"), [6]), (Filter(within: "198.51.100.0/25"), []),
        (Filter(within: "2001:db8::/32"), [4, 5, 7]), (Filter(within: "2001:db8:1:2:3::/80"), []),
        (Filter(check: .dial, within: "192.0.2.0/24", reason: "spam"), [3]),
        (Filter(since: Timestamp(rawValue: 0)), [0, 1, 2, 3, 4, 5, 6, 7]),
        (Filter(since: Timestamp(rawValue: 4_102_444_800_000)), []),
        (Filter(check: .accept, reason: "operator"), []), (Filter(), [0, 1, 2, 3, 4, 5, 6, 7]),
    ]

    @Test func `Without a ledger no lift is durable`() async throws {
        try await withHelper { helper async throws in
            _ = try await helper.submit(.accept, "192.0.2.7")
            let lifted = try await helper.client.call(HelperInterface.lift, .init(filter: Filter()))
            #expect(lifted.bans.count == 1 && !lifted.durable)
        }
    }

    @Test func `A filter's fields must all hold, and a dry run changes nothing`() async throws {
        try await withBans { helper, ids async throws in
            for (filter, expected) in Self.filters {
                let wanted = Set(expected.map { ids[$0] })
                #expect(Set(try await helper.lift(filter, dryRun: true).map(\.id)) == wanted, "\(filter)")
                #expect(Set(try await helper.list(filter).map(\.id)) == wanted, "\(filter)")
            }
            #expect(try await helper.list(Filter(id: ids[3])).map(\.subject) == ["udp:192.0.2.1:4001"])
            #expect(try await helper.list().map(\.id) == ids)
            #expect(try await helper.keys("accept4").count == 2)
        }
    }

    @Test func `What is lifted is gone from the kernel, and nothing else is`() async throws {
        try await withBans { helper, ids async throws in
            #expect(try await helper.lift(Filter(peer: "PeerA")).map(\.id) == [ids[0], ids[2]])
            #expect(try await helper.keys("accept4") == ["192.0.2.2"])
            #expect(try await helper.keys("dial4") == ["192.0.2.1 . udp . 4001"])
            #expect(try await helper.lift(Filter(id: ids[7])).map(\.subject) == ["2001:db8:2::/48"])
            #expect(try await helper.keys("net6") == [])
            #expect(try await helper.lift(Filter()).count == 5)
            for set in ["accept4", "accept6", "dial4", "dial6", "net4", "net6"] {
                #expect(try await helper.keys(set) == [])
            }
            #expect(try await helper.lift(Filter()) == [])
        }
    }

    @Test func `A subject that names nothing is refused, so that a slip doesn't lift or hide anything`()
        async throws
    {
        try await withBans { helper, ids async throws in
            for subject in ["192.0.2", "", "peer", "198.51.100.1/24"] {
                let error = await #expect(throws: VarlinkError.self) {
                    try await helper.lift(Filter(subject: subject))
                }
                let refused = error?.reply(as: HelperInterface.InvalidRequest.self)
                #expect(refused?.field == "filter.subject")
                #expect(refused?.message.contains("write 203.0.113.7") == true)
            }
            #expect(try await helper.list().count == ids.count)
        }
    }

    @Test func `A lift whose element somebody has deleted already is no error`() async throws {
        try await withHelper(limit: .none) { helper async throws in
            #expect(try await helper.submit(.accept, "192.0.2.1").enforced)
            try await helper.namespace.command(
                "nft", "delete", "element", "inet", "sentinel", "accept4", "{ 192.0.2.1 }")
            #expect(try await helper.lift(Filter()).count == 1)
            #expect(try await helper.list() == [])
        }
    }
}
