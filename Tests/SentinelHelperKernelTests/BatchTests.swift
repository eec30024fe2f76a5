// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import NamespaceSupport
import SentinelConfiguration
import SentinelProtocol
import Testing
import Varlink

/// One call with several denials.
@Suite(.timeLimit(.minutes(1))) struct BatchTests {
    /// An accept denial.
    static func denial(
        _ subject: String, reason: String = "rate", duration: Int64? = nil, peer: String? = nil
    ) -> Denial {
        denial(.accept, subject, reason: reason, duration: duration, peer: peer)
    }

    static func denial(
        _ check: SentinelProtocol.Check, _ subject: String, reason: String = "rate", duration: Int64? = nil,
        peer: String? = nil
    ) -> Denial {
        Denial(
            check: check, subject: subject, peer: peer, reason: reason,
            duration: duration.map { Milliseconds(rawValue: $0) }, validated: true)
    }

    @Test func `Each denial has its receipt in its place, and the bad ones don't cost the good ones`()
        async throws
    {
        try await withHelper { helper async throws in
            let receipts = try await helper.submit([
                Self.denial("192.0.2.1"), Self.denial("nobody"), Self.denial(.dial, "udp:[2001:db8::1]:4001"),
                Self.denial("127.0.0.1"), Self.denial(.dial, "/ip4/192.0.2.3/udp/4001/quic-v1"),
                Self.denial("2001:db8:1:2:3::4"), Self.denial("192.0.2.4", reason: "NO"),
            ])
            #expect(
                receipts.map(\.subject) == [
                    "192.0.2.1", "nobody", "udp:[2001:db8::1]:4001", "127.0.0.1",
                    "/ip4/192.0.2.3/udp/4001/quic-v1",
                    "2001:db8:1:2:3::4", "192.0.2.4",
                ])
            #expect(receipts.map(\.enforced) == [true, false, true, false, true, true, false])
            #expect(receipts.map(\.refusal?.code) == [nil, .malformed, nil, .guarded, nil, nil, .malformed])
            #expect(receipts.allSatisfy { !$0.durable })
            #expect(Set(receipts.compactMap(\.id)).count == 4)
            #expect(try await helper.keys("accept4") == ["192.0.2.1"])
            #expect(try await helper.keys("accept6") == ["2001:db8:1:2::"])
            #expect(try await helper.keys("dial4") == ["192.0.2.3 . udp . 4001"])
            #expect(try await helper.keys("dial6") == ["2001:db8::1 . udp . 4001"])
            let bans = try await helper.list()
            #expect(bans.map(\.key).contains("2001:db8:1:2::/64"))
            #expect(bans.map(\.id) == receipts.compactMap(\.id))
        }
    }

    @Test func `Nothing asked for, nothing done`() async throws {
        try await withHelper { helper async throws in
            let generation = try await helper.status().generation
            #expect(try await helper.submit([]) == [])
            #expect(try await helper.ban([]) == [])
            #expect(try await helper.status().generation == generation)
        }
    }

    @Test func `Denials of the same key are one ban, with the latest end of all`() async throws {
        try await withHelper { helper async throws in
            var watcher = try await helper.watch()
            let receipts = try await helper.submit([
                Self.denial("192.0.2.1", duration: 10_000), Self.denial("192.0.2.1", duration: 90_000),
                Self.denial("::ffff:192.0.2.1", duration: 20_000),
                Self.denial("/ip4/192.0.2.1", duration: 30_000),
            ])
            #expect(receipts.map(\.enforced) == [true, true, true, true])
            #expect(Set(receipts.map(\.id)).count == 1)
            #expect(receipts.map(\.strikes) == [1, 1, 1, 1])
            let elements = try await helper.namespace.nftElements("inet", "sentinel", "accept4")
            #expect(elements.map(\.key) == ["192.0.2.1"])
            #expect(try #require(elements[0].timeout) > 80)
            #expect(try await watcher.next().kind == .banned)
            _ = try await helper.submit(.accept, "192.0.2.9")
            #expect(try await watcher.next().ban?.subject == "192.0.2.9")
        }
    }

    @Test func `An IPv4-mapped address is banned as the IPv4 address that is on the wire`() async throws {
        try await withHelper { helper async throws in
            #expect(try await helper.submit(.accept, "::ffff:192.0.2.1").enforced)
            #expect(try await helper.submit(.dial, "tcp:[::ffff:192.0.2.1]:4001").enforced)
            #expect(try await helper.ban(.network, "::ffff:198.51.100.0/120").enforced)
            #expect(try await helper.keys("accept4") == ["192.0.2.1"])
            #expect(try await helper.keys("dial4") == ["192.0.2.1 . tcp . 4001"])
            #expect(try await helper.keys("net4") == ["198.51.100.0/24"])
            for set in ["accept6", "dial6", "net6"] { #expect(try await helper.keys(set) == []) }
            #expect(try await helper.lift(Filter(subject: "::ffff:192.0.2.1")).count == 1)
        }
    }

    @Test func `A full set refuses what is new, renews what it has, and takes more when there is room`()
        async throws
    {
        let configuration = RunningHelper.configuration { $0.capacity.accept = 3 }
        try await withHelper(configuration) { helper async throws in
            let receipts = try await helper.submit((1...5).map { Self.denial("192.0.2.\($0)") })
            #expect(receipts.map(\.enforced) == [true, true, true, false, false])
            let refusal = try #require(receipts[3].refusal)
            #expect(refusal.code == .full)
            #expect(refusal.message.contains("accept4") && refusal.message.contains("raise [capacity]"))
            #expect(
                try await helper.submit(.accept, "2001:db8::1").enforced, "the other family's set has room")
            #expect(try await helper.status().problems.contains { $0.contains("accept4 holds 3 bans of 3") })

            let renewed = try await helper.submit(
                (1...3).map { Self.denial("192.0.2.\($0)", duration: 86_400_000) })
            #expect(renewed.map(\.id) == receipts[..<3].map(\.id))
            #expect(renewed.map(\.enforced) == [true, true, true])
            #expect(try await helper.lift(Filter(subject: "192.0.2.2")).count == 1)
            #expect(try await helper.submit(.accept, "192.0.2.4").enforced)
            #expect(Set(try await helper.keys("accept4")) == ["192.0.2.1", "192.0.2.3", "192.0.2.4"])
        }
    }

    @Test func `A full set whose bans have ended takes new ones before the kernel has cleared them away`()
        async throws
    {
        let clock = ManualClock()
        let configuration = RunningHelper.configuration { $0.capacity.accept = 3 }
        try await withHelper(configuration, clock: clock.host) { helper async throws in
            for first in [1, 4, 1] {
                let receipts = try await helper.submit(
                    (first..<first + 3).map { Self.denial("192.0.2.\($0)") })
                #expect(receipts.map(\.enforced) == [true, true, true])
                clock.advance(by: .seconds(86_400))
            }
        }
    }

    @Test func `A renewed ban goes on counting the packets that it has kept out`() async throws {
        let link = try await Link()
        try await withHelper(in: link.node) { helper async throws in
            let client = Link.peers4[0]
            let block = "10.9.0.3/32"
            #expect(try await helper.submit(.accept, client).enforced)
            #expect(try await helper.ban(.network, block, duration: 3_600_000).enforced)
            for client in Link.peers4 {
                #expect(try await link.connect(from: client, to: Link.node4, port: 8776) == .timedOut)
            }
            for (set, renew) in [
                ("accept4", { try await helper.submit(.accept, client, duration: 7_200_000) }),
                ("net4", { try await helper.ban(.network, block, duration: 7_200_000) }),
            ] {
                let before = try #require(try await link.node.nftElements("inet", "sentinel", set).first)
                #expect(try #require(before.packets) > 0)
                let receipt = try await renew()
                #expect(receipt.enforced)
                let after = try #require(try await link.node.nftElements("inet", "sentinel", set).first)
                #expect(try #require(after.packets) >= (before.packets ?? 0))
                #expect(try #require(after.bytes) >= (before.bytes ?? 0))
                #expect(after.timeout != before.timeout)
            }
        }
    }

    @Test func `A released table takes no denials, and says what to do`() async throws {
        try await withHelper { helper async throws in
            #expect(try await helper.submit(.accept, "192.0.2.1").enforced)
            var watcher = try await helper.watch()
            _ = try await helper.client.call(HelperInterface.release)
            #expect(try await watcher.next().kind == .released)
            #expect(try await helper.namespace.nftList("tables").isEmpty)
            let refusal = try #require(try await helper.submit(.accept, "192.0.2.2").refusal)
            #expect(refusal.code == .released)
            #expect(refusal.message.contains("restart sentineld"))
            #expect(try await helper.status().mode == .released)
            let error = await #expect(throws: VarlinkError.self) { try await helper.lift(Filter()) }
            #expect(error?.reply(as: HelperInterface.Released.self) != nil)
            _ = try await helper.client.call(HelperInterface.release)
        }
    }
}
