// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Sentinel
import SentinelProtocol
import Testing
import Varlink

@testable import SentinelClient

@Suite(.timeLimit(.minutes(1)))
struct OpenConnectionTests {
    private static let relayed =
        "/ip4/203.0.113.7/tcp/1/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N/p2p-circuit"

    /// Opens connections, tells of a ban, and says which of them are to be closed.
    private func closed(
        by ban: Ban, _ open: [(address: String, direction: Direction)],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Set<UInt64> {
        var closed: Set<UInt64> = []
        try await Fixture.run { fixture in
            for (index, connection) in open.enumerated() {
                fixture.handOver.opened(
                    try connected(UInt64(index), connection.address, connection.direction))
            }
            // The last one to be closed shows that no other is.
            fixture.handOver.opened(try connected(999, "/ip4/192.0.2.99/tcp/1", .inbound))
            await fixture.waitUntilHeard()
            await fixture.helper.tell(.banned, ban)
            await fixture.helper.tell(.banned, sampleBan(.accept, "192.0.2.99"))
            while let id = await fixture.nextClosing(), id != 999 { closed.insert(id) }
            #expect(fixture.statistics.closed == closed.count + 1, sourceLocation: sourceLocation)
        }
        return closed
    }

    @Test
    func `an accept ban closes what came in from its address, and nothing else`() async throws {
        #expect(
            try await closed(
                by: sampleBan(.accept, "203.0.113.7"),
                [
                    ("/ip4/203.0.113.7/tcp/5000", .inbound), ("/ip4/203.0.113.7/udp/5000/quic-v1", .inbound),
                    ("/ip4/203.0.113.8/tcp/5000", .inbound), ("/ip4/203.0.113.7/tcp/4001", .outbound),
                    ("/ip6/::ffff:203.0.113.7/tcp/5000", .inbound), (Self.relayed, .inbound),
                    ("/ip4/203.0.113.7/tcp/5001", .unknown),
                ]) == [0, 1, 4, 6])
    }

    @Test
    func `an IPv6 accept ban closes what came in from the block that it is matched by`() async throws {
        #expect(
            try await closed(
                by: sampleBan(.accept, "2001:db8:0:7::/64"),
                [
                    ("/ip6/2001:db8:0:7::7/tcp/5000", .inbound), ("/ip6/2001:db8:0:7::8/tcp/5000", .inbound),
                    ("/ip6/2001:db8:0:8::7/tcp/5000", .inbound),
                    ("/ip6/2001:db8:0:7::7/tcp/4001", .outbound),
                ]) == [0, 1])
    }

    @Test
    func `a dial ban closes what this node has dialled at its endpoint`() async throws {
        #expect(
            try await closed(
                by: sampleBan(.dial, "udp:203.0.113.7:4001"),
                [
                    ("/ip4/203.0.113.7/udp/4001/quic-v1", .outbound),
                    ("/ip4/203.0.113.7/tcp/4001", .outbound),
                    ("/ip4/203.0.113.7/udp/4002/quic-v1", .outbound),
                    ("/ip4/203.0.113.7/udp/4001/quic-v1", .inbound),
                ]) == [0])
    }

    @Test
    func `a network ban closes both ways, whatever is in the block`() async throws {
        #expect(
            try await closed(
                by: sampleBan(.network, "203.0.113.0/24"),
                [
                    ("/ip4/203.0.113.7/tcp/5000", .inbound), ("/ip4/203.0.113.200/tcp/4001", .outbound),
                    ("/ip4/203.0.112.7/tcp/5000", .inbound), (Self.relayed, .outbound),
                ]) == [0, 1])
    }

    @Test
    func `a connection is reported once, and not after it has closed`() async throws {
        try await Fixture.run { fixture in
            let first = try connected(1, "/ip4/203.0.113.7/tcp/5000", .inbound)
            let second = try connected(2, "/ip4/203.0.113.8/tcp/5000", .inbound)
            let third = try connected(3, "/ip4/203.0.113.9/tcp/5000", .inbound)
            for connection in [first, second, third] { fixture.handOver.opened(connection) }
            fixture.handOver.closed(second)
            await fixture.waitUntilHeard()
            for kind: EventKind in [.banned, .renewed] {
                for address in ["203.0.113.7", "203.0.113.8"] {
                    await fixture.helper.tell(kind, sampleBan(.accept, address))
                }
            }
            await fixture.helper.tell(.renewed, sampleBan(.accept, "203.0.113.9"))
            let closings = [await fixture.nextClosing(), await fixture.nextClosing()]
            #expect(closings == [1, 3])
        }
    }

    @Test
    func `the observer hears what happened, and which connection is closed for which ban`() async throws {
        try await Fixture.run { fixture in
            let connection = try connected(1, "/ip4/203.0.113.7/tcp/5000", .inbound)
            fixture.handOver.opened(connection)
            await fixture.waitUntilHeard()
            await fixture.waitForAnswers(1)
            let ban = sampleBan(.accept, "203.0.113.7")
            await fixture.helper.tell(.banned, ban)
            await fixture.helper.tell(.lifted, ban)
            #expect(await fixture.nextNotice() == .closing(connection, because: ban))
            for kind: EventKind in [.banned, .lifted] {
                guard case .happened(let event)? = await fixture.nextNotice() else {
                    Issue.record("no event")
                    return
                }
                #expect(event.kind == kind && event.ban == ban)
            }
        }
    }

    @Test
    func `connections of a protected peer are never reported`() async throws {
        let dear = try peer(1)
        try await Fixture.run { fixture in
            fixture.handOver.protect(dear)
            fixture.handOver.opened(try connected(1, "/ip4/203.0.113.7/tcp/5000", .inbound, dear))
            fixture.handOver.opened(try connected(2, "/ip4/203.0.113.7/tcp/5001", .inbound))
            await fixture.waitUntilHeard()
            await fixture.helper.tell(.banned, sampleBan(.accept, "203.0.113.7"))
            #expect(await fixture.nextClosing() == 2)
            fixture.handOver.unprotect(dear)
            await fixture.helper.tell(.renewed, sampleBan(.accept, "203.0.113.7"))
            #expect(await fixture.nextClosing() == 1)
        }
    }

    @Test(arguments: [EventKind.lifted, .evicted])
    func `a connection that is told of a moment after its ban is reported, not so after the ban's end`(
        end: EventKind
    ) async throws {
        try await Fixture.run { fixture in
            await fixture.waitUntilHeard()
            await fixture.waitForAnswers(1)
            let bans = [
                sampleBan(.accept, "203.0.113.7", id: 1), sampleBan(.dial, "tcp:203.0.113.8:4001", id: 2),
                sampleBan(.network, "198.51.100.0/24", id: 3),
            ]
            for ban in bans { await fixture.helper.tell(.banned, ban) }
            await fixture.helper.tell(end, bans[2])
            for _ in 0..<4 { _ = await fixture.nextNotice() }
            fixture.handOver.opened(try connected(1, "/ip4/198.51.100.7/tcp/5000", .inbound))
            fixture.handOver.opened(try connected(2, "/ip4/203.0.113.7/tcp/4001", .outbound))
            fixture.handOver.opened(try connected(3, "/ip4/203.0.113.8/tcp/4002", .outbound))
            fixture.handOver.opened(try connected(4, "/ip4/203.0.113.7/tcp/5000", .inbound))
            #expect(await fixture.nextClosing() == 4)
            fixture.handOver.opened(try connected(5, "/ip4/203.0.113.8/tcp/4001", .outbound))
            #expect(await fixture.nextClosing() == 5)
        }
    }

    // MARK: Shadow

    @Test
    func `a ban in shadow closes nothing, until it is told that the shadow has gone`() async throws {
        var tried = sampleBan(.accept, "203.0.113.7")
        tried.shadowed = true
        let before = tried
        try await Fixture.run { fixture in
            fixture.handOver.opened(try connected(1, "/ip4/203.0.113.7/tcp/5000", .inbound))
            fixture.handOver.opened(try connected(2, "/ip4/203.0.113.8/tcp/5000", .inbound))
            await fixture.waitUntilHeard()
            await fixture.helper.tell(.banned, before)
            await fixture.helper.tell(.renewed, before)
            await fixture.helper.tell(.banned, sampleBan(.accept, "203.0.113.8", id: 2))
            // The second is the first to be closed.
            #expect(await fixture.nextClosing() == 2)
            await fixture.helper.list([sampleBan(.accept, "203.0.113.7")])
            await fixture.helper.tell(.shadow)
            #expect(await fixture.nextClosing() == 1)
            #expect(fixture.statistics.closed == 2)
        }
    }

    @Test
    func `bans in shadow that are found in the list close nothing, nor what is opened behind them`()
        async throws
    {
        try await Fixture.run { _ in
        } before: { fixture in
            var tried = sampleBan(.network, "198.51.100.0/24", id: 2)
            tried.shadowed = true
            await fixture.helper.list([tried, sampleBan(.accept, "203.0.113.7")])
            fixture.handOver.opened(try connected(1, "/ip4/198.51.100.7/tcp/4001", .outbound))
            fixture.handOver.opened(try connected(2, "/ip4/203.0.113.7/tcp/5000", .inbound))
        } _: { fixture in
            #expect(await fixture.nextClosing() == 2)
            fixture.handOver.opened(try connected(3, "/ip4/198.51.100.8/tcp/4001", .outbound))
            await fixture.helper.tell(.banned, sampleBan(.dial, "tcp:198.51.100.9:4001", id: 3))
            fixture.handOver.opened(try connected(4, "/ip4/198.51.100.9/tcp/4001", .outbound))
            #expect(await fixture.nextClosing() == 4)
            #expect(fixture.statistics.closed == 2)
        }
    }

    // MARK: What wasn't heard

    @Test
    func `a connection that gets through long after its ban is let through: its address may be exempt`()
        async throws
    {
        try await Fixture.run { fixture in
            fixture.handOver.opened(try connected(1, "/ip4/203.0.113.99/tcp/5000", .inbound))
            await fixture.waitUntilHeard()
            await fixture.helper.tell(.banned, sampleBan(.network, "203.0.113.0/24"))
            #expect(await fixture.nextClosing() == 1)
            fixture.time.advance(milliseconds: 9_999)
            fixture.handOver.opened(try connected(2, "/ip4/203.0.113.7/tcp/5000", .inbound))
            #expect(await fixture.nextClosing() == 2)
            fixture.time.advance(milliseconds: 1)
            fixture.handOver.opened(try connected(3, "/ip4/203.0.113.7/tcp/5001", .inbound))
            #expect(fixture.statistics.closed == 2)
        }
    }

    @Test
    func `bans that came while nobody listened are found in the list`() async throws {
        try await Fixture.run { _ in
        } before: { fixture in
            await fixture.helper.list([
                sampleBan(.accept, "203.0.113.8"), sampleBan(.network, "198.51.100.0/24"),
            ])
            fixture.handOver.opened(try connected(1, "/ip4/203.0.113.7/tcp/5000", .inbound))
            fixture.handOver.opened(try connected(2, "/ip4/198.51.100.7/tcp/4001", .outbound))
        } _: { fixture in
            #expect(await fixture.nextClosing() == 2)
            // It isn't asked before it tells what comes.
            #expect(await fixture.helper.methods.first == "Watch")
            #expect(await fixture.helper.methods.contains("List"))
        }
    }

    @Test
    func `after a lost connection it listens again, and asks for the list again`() async throws {
        try await Fixture.run { fixture in
            fixture.handOver.opened(try connected(1, "/ip4/203.0.113.7/tcp/5000", .inbound))
            fixture.handOver.opened(try connected(2, "/ip4/203.0.113.8/tcp/5000", .inbound))
            await fixture.helper.answer(.drop)
            fixture.deny(source(1))
            _ = await fixture.time.nextSleep()
            await fixture.helper.list([sampleBan(.accept, "203.0.113.7")])
            fixture.time.wake()
            #expect(await fixture.nextClosing() == 1)
            await fixture.helper.tell(.banned, sampleBan(.accept, "203.0.113.8"))
            #expect(await fixture.nextClosing() == 2)
        }
    }

    @Test
    func `where the subscription alone is lost, all is begun anew`() async throws {
        try await Fixture.run { fixture in
            fixture.handOver.opened(try connected(1, "/ip4/203.0.113.7/tcp/5000", .inbound))
            await fixture.waitUntilHeard()
            await fixture.waitForAnswers(1)
            await fixture.helper.dropWatchers()
            #expect(await fixture.time.nextSleep() == .milliseconds(100))
            #expect(fixture.statistics.link == .away)
            fixture.time.wake()
            await fixture.waitUntilHeard()
            await fixture.helper.tell(.banned, sampleBan(.accept, "203.0.113.7"))
            #expect(await fixture.nextClosing() == 1)
        }
    }

    @Test
    func `where events were lost the list is asked for again`() async throws {
        try await Fixture.run { fixture in
            fixture.handOver.opened(try connected(1, "/ip4/203.0.113.7/tcp/5000", .inbound))
            await fixture.waitUntilHeard()
            await fixture.helper.list([sampleBan(.accept, "203.0.113.7")])
            await fixture.helper.tell(.lost)
            #expect(await fixture.nextClosing() == 1)
        }
    }
}

struct OpenConnectionTableTests {
    @Test
    func `the table is bounded, and protected peers have room of their own`() throws {
        var table = OpenConnections(capacity: 2, protectedPeers: 1)
        let dear = try peer(1)
        var isEntered: [Bool] = []
        for number: UInt64 in 0..<3 {
            isEntered.append(table.enter(try connected(number, "/ip4/203.0.113.7/tcp/1", .inbound)))
        }
        #expect(isEntered == [true, true, false])
        let isProtected = [table.protect(dear), table.protect(try peer(2)), table.protect(dear)]
        #expect(isProtected == [true, false, true])
        isEntered = []
        for number: UInt64 in 3..<6 {
            isEntered.append(table.enter(try connected(number, "/ip4/203.0.113.8/tcp/1", .inbound, dear)))
        }
        #expect(isEntered == [true, true, false])
        #expect(table.count == 4)
        let guards = [table.takeGuards(isFirst: false), table.takeGuards(isFirst: false)]
        #expect(guards == [[.v4(IPv4Address(203, 0, 113, 8))], nil])
        table.remove(try connected(0, "/ip4/203.0.113.7/tcp/1", .inbound))
        let covered = table.takeCovered(by: [sampleBan(.network, "203.0.113.0/24")])
        #expect(covered.map(\.connection.id.rawValue) == [1])
    }
}

/// A ban as the helper tells of it.
func sampleBan(_ check: SentinelProtocol.Check, _ key: String, id: Int64 = 1) -> Ban {
    Ban(
        id: id, check: check, subject: key, key: key, set: "set", reason: "operator", caller: "user:root",
        byOperator: true, created: Timestamp(rawValue: 1), strikes: 1, durable: false)
}

/// An open connection.
func connected(
    _ number: UInt64, _ address: String, _ direction: Direction, _ peer: PeerID? = nil
) throws -> Connection {
    Connection(
        id: .init(rawValue: number),
        remote: RemotePeer(
            id: peer, address: try Multiaddr(parsing: address), direction: direction, source: .handshake))
}
