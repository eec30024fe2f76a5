// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Logging
import Sentinel
import SentinelProtocol
import Testing
import Varlink

@testable import SentinelClient

@Suite(.timeLimit(.minutes(1)))
struct ProtectionTests {
    @Test
    func `where a protected peer is connected is guarded, as long as it is`() async throws {
        let dear = try peer(1)
        try await Fixture.run { fixture in
            let first = try connected(1, "/ip4/203.0.113.7/tcp/5000", .inbound, dear)
            fixture.handOver.opened(first)
            fixture.handOver.opened(try connected(2, "/ip4/203.0.113.99/tcp/5000", .inbound, try peer(2)))
            fixture.handOver.protect(dear)
            await fixture.helper.waitForGuards(["203.0.113.7"])
            fixture.handOver.opened(try connected(3, "/ip6/2001:db8::7/udp/5000/quic-v1", .inbound, dear))
            #expect(await fixture.helper.nextGuards() == ["203.0.113.7", "2001:db8::7"])
            fixture.handOver.closed(first)
            #expect(await fixture.helper.nextGuards() == ["2001:db8::7"])
            #expect(fixture.statistics.guarded == 1)
            fixture.handOver.unprotect(dear)
            #expect(await fixture.helper.nextGuards() == [])
        }
    }

    @Test
    func `a protected peer is guarded where this node has dialled it, not where it claims to be`()
        async throws
    {
        let dear = try peer(1)
        try await Fixture.run { fixture in
            fixture.handOver.learn(
                peer: dear, addresses: [try Multiaddr(parsing: "/ip4/203.0.113.1/tcp/4001")])
            fixture.handOver.protect(dear)
            fixture.handOver.connected(to: dear, at: try Multiaddr(parsing: "/ip4/203.0.113.2/tcp/4001"))
            await fixture.helper.waitForGuards(["203.0.113.2"])
            // Another peer has shown that it lives there now.
            fixture.handOver.connected(
                to: try peer(2), at: try Multiaddr(parsing: "/ip4/203.0.113.2/tcp/4001"))
            fixture.handOver.connected(to: dear, at: try Multiaddr(parsing: "/ip4/203.0.113.3/tcp/4001"))
            #expect(await fixture.helper.nextGuards() == ["203.0.113.3"])
        }
    }

    @Test
    func `a relay's address is never guarded for the peer behind it`() async throws {
        let dear = try peer(1)
        let relayed = "/ip4/203.0.113.9/tcp/1/p2p/\(try peer(9))/p2p-circuit"
        try await Fixture.run { fixture in
            fixture.handOver.protect(dear)
            fixture.handOver.opened(try connected(1, relayed, .inbound, dear))
            fixture.handOver.opened(try connected(2, relayed, .outbound, dear))
            fixture.handOver.opened(try connected(3, "/ip4/203.0.113.7/tcp/1", .inbound, dear))
            while let guards = await fixture.helper.nextGuards() {
                #expect(!guards.contains("203.0.113.9"))
                if guards == ["203.0.113.7"] { break }
            }
        }
    }

    @Test
    func `after a lost connection guards are announced again, before any denial`() async throws {
        let dear = try peer(1)
        try await Fixture.run { _ in
        } before: { fixture in
            fixture.handOver.protect(dear)
            fixture.handOver.opened(try connected(1, "/ip4/203.0.113.7/tcp/5000", .inbound, dear))
            fixture.deny(source(1))
        } _: { fixture in
            await fixture.waitForAnswers(1)
            await fixture.helper.answer(.drop)
            fixture.deny(source(2))
            _ = await fixture.time.nextSleep()
            fixture.time.wake()
            await fixture.waitForAnswers(1)
            let methods = await fixture.helper.methods.filter { $0 == "Guard" || $0 == "Submit" }
            #expect(methods == ["Guard", "Submit", "Submit", "Guard", "Submit"])
        }
    }

    @Test
    func `a node without protected peers announces nothing`() async throws {
        try await Fixture.run { fixture in
            fixture.handOver.opened(try connected(1, "/ip4/203.0.113.7/tcp/5000", .inbound, try peer(1)))
            await fixture.waitUntilHeard()
            #expect(await !fixture.helper.methods.contains("Guard"))
        }
    }

    @Test
    func `no more addresses are announced than may be, and the rest is counted`() async throws {
        let dear = try peer(1)
        try await Fixture.run {
            $0.guardedAddresses = 2
        } before: { fixture in
            fixture.handOver.protect(dear)
            for number in 1...3 {
                fixture.handOver.opened(
                    try connected(UInt64(number), "/ip4/203.0.113.\(number)/tcp/1", .inbound, dear))
            }
        } _: { fixture in
            #expect(await fixture.helper.nextGuards()?.count == 2)
            #expect(fixture.statistics.guarded == 2)
            #expect(fixture.statistics.unguarded == 1)
        }
    }

    @Test
    func `a helper that refuses the guards still gets the denials`() async throws {
        let dear = try peer(1)
        try await Fixture.run { _ in
        } before: { fixture in
            await fixture.helper.refuseGuards(with: .methodNotFound("org.seedsentinel.Helper.Guard"))
            fixture.handOver.protect(dear)
            fixture.handOver.opened(try connected(1, "/ip4/203.0.113.7/tcp/1", .inbound, dear))
            fixture.deny(source(1))
        } _: { fixture in
            #expect(await fixture.helper.nextSubjects() == ["10.0.0.1"])
            _ = await fixture.nextLine()
            #expect(await fixture.nextLine()?.level == .warning)
        }
    }
}
