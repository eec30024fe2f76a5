// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Sentinel
import TestRandom
import Testing

@Suite struct TokenRateTests {
    @Test(arguments: [
        (0, Duration.seconds(1), 1), (1, .zero, 1), (1, .seconds(1), 0), (1, .seconds(-1), 1),
        (1, .seconds(3_200_000_000), 1), (1, .seconds(Int64.max), 1), (1, .seconds(1), Int.max),
    ])
    func `Rates that make no sense are refused`(count: Int, period: Duration, burst: Int) {
        #expect {
            try TokenRate(count, per: period, burst: burst)
        } throws: { ($0 as? SentinelError)?.code == .outOfRange }
    }

    @Test func `A token's time is rounded up, never down`() throws {
        #expect(try TokenRate(3, per: .seconds(1), burst: 1).interval == .nanoseconds(333_333_334))
        #expect(try TokenRate(.max, per: .nanoseconds(1), burst: 1).interval == .nanoseconds(1))
        #expect(try TokenRate(5, per: .seconds(1), burst: 10).description == "one in 0.2 seconds, 10 at once")
    }
}

@Suite struct SourceRateTests {
    let address = IPAddress.v4(IPv4Address(203, 0, 113, 7))

    private func policy(
        _ count: Int = 1, burst: Int = 3, checks: CheckSet = .accept, capacity: Int = 1024,
        prefixLength4: Int = 32, prefixLength6: Int = 64, exemptsLoopback: Bool = true
    ) throws -> SourceRate {
        try SourceRate(
            name: "rate",
            limits: try SourceRate.Limits(
                try TokenRate(count, per: .seconds(1), burst: burst), prefixLength4: prefixLength4,
                prefixLength6: prefixLength6, exemptsLoopback: exemptsLoopback),
            checks: checks, capacity: capacity, seed: HashSeed(1, 2))
    }

    private func passes(_ policy: inout SourceRate, _ address: IPAddress, _ time: Int64) -> Bool {
        policy.decide(Question(.accept, about: .inbound(address)), now: at(time)) == .pass
    }

    @Test func `The burst passes at once, and then one a period`() throws {
        var policy = try policy()
        #expect(policy.tokens(address, now: at(0)) == 3)
        #expect((0..<5).map { _ in passes(&policy, address, 0) } == [true, true, true, false, false])
        #expect(policy.tokens(address, now: at(0)) == 0)
        #expect(!passes(&policy, address, 999))
        #expect(passes(&policy, address, 1000))
        #expect(!passes(&policy, address, 1001))
        #expect(policy.tokens(address, now: at(60_000)) == 3)
        #expect(policy.activeSourceCount(now: at(1001)) == 1)
        #expect(policy.activeSourceCount(now: at(60_000)) == 0)
    }

    @Test func `A denial says rate, costs no token, and tells the peer so`() throws {
        var policy = try policy(burst: 1)
        #expect(passes(&policy, address, 0))
        for _ in 0..<1000 {
            let denial = policy.decide(Question(.accept, about: .inbound(address)), now: at(1)).denial
            #expect(denial?.reason == .rate)
            #expect(denial?.disconnectReason == .rateLimited)
            #expect(denial?.plane == .kernel)
        }
        #expect(passes(&policy, address, 1000))
    }

    @Test func `An unproven source is slowed in user space`() throws {
        var policy = try policy(burst: 1)
        let question = Question(.accept, about: .inbound(address, source: .unproven))
        #expect(policy.decide(question, now: at(0)) == .pass)
        #expect(policy.decide(question, now: at(0)).denial?.plane == .userSpace)
    }

    @Test(arguments: [
        ("203.0.113.7", "203.0.113.8", 32, 64, false), ("203.0.113.7", "203.0.113.8", 24, 64, true),
        ("2001:db8::1", "2001:db8::2", 32, 64, true), ("2001:db8::1", "2001:db8:0:1::1", 32, 64, false),
        ("2001:db8::1", "2001:db8:0:1::1", 32, 48, true), ("2001:db8::1", "2001:db8::2", 32, 128, false),
        ("203.0.113.7", "::ffff:203.0.113.7", 32, 64, true),
    ])
    func `Addresses that agree in the prefix share a bucket`(
        one: String, other: String, prefixLength4: Int, prefixLength6: Int, share: Bool
    ) throws {
        var policy = try policy(burst: 1, prefixLength4: prefixLength4, prefixLength6: prefixLength6)
        #expect(passes(&policy, try #require(IPAddress(one)), 0))
        #expect(passes(&policy, try #require(IPAddress(other)), 0) == !share)
    }

    @Test(arguments: ["127.0.0.1", "127.255.0.3", "::1", "::ffff:127.0.0.1"])
    func `Loopback has no bucket, unless it is asked for`(text: String) throws {
        let loopback = try #require(IPAddress(text))
        var exempting = try policy(burst: 1)
        #expect(exempting.tokens(loopback, now: at(0)) == nil)
        #expect((0..<10).allSatisfy { _ in passes(&exempting, loopback, 0) })
        var strict = try policy(burst: 1, exemptsLoopback: false)
        #expect(passes(&strict, loopback, 0))
        #expect(!passes(&strict, loopback, 0))
    }

    @Test func `Only its own checks take a token, and a source without an address has none`() throws {
        var policy = try policy(burst: 1, checks: [.accept, .secured])
        let relayed = RemotePeer(
            address: try Multiaddr(parsing: "/ip4/203.0.113.7/tcp/1/p2p-circuit"), direction: .inbound,
            source: .unproven)
        for _ in 0..<10 {
            #expect(policy.decide(Question(.stream, about: .inbound(address)), now: at(0)) == .pass)
            #expect(policy.decide(Question(.accept, about: relayed), now: at(0)) == .pass)
        }
        #expect(policy.tokens(address, now: at(0)) == 1)
        #expect(policy.decide(Question(.secured, about: .inbound(address)), now: at(0)) == .pass)
        #expect(policy.tokens(address, now: at(0)) == 0)
    }

    @Test(arguments: seeds)
    func `In any span no more pass than span × rate + burst`(seed: UInt64) throws {
        var random = Seeded(seed)
        for _ in 0..<5 {
            let count = Int(1 + random.next() % 1000)
            let burst = Int(1 + random.next() % 50)
            var policy = try policy(count, burst: burst)
            let interval = 1_000_000_000 / Double(count)
            var time = Int64(bitPattern: random.next()) >> 8
            var passed: [Int64] = []
            for _ in 0..<800 {
                if random.chance(60) { time += Int64(random.next() % UInt64(4 * interval)) }
                let now = MonotonicInstant(nanoseconds: time)
                let before = try #require(policy.tokens(address, now: now))
                let passes = policy.decide(Question(.accept, about: .inbound(address)), now: now) == .pass
                #expect(passes == (before > 0))
                if passes { passed.append(time) }
            }
            // Every span that begins and ends with one that passed; the others hold no more.
            for (index, start) in passed.enumerated().filter({ $0.offset % 17 == 0 }) {
                for (later, end) in passed.enumerated().dropFirst(index) {
                    let allowed = Double(end - start) / interval + Double(burst)
                    #expect(Double(later - index + 1) <= allowed + 1e-6)
                }
            }
        }
    }

    @Test(arguments: seeds)
    func `A source that keeps to its rate always passes`(seed: UInt64) throws {
        var random = Seeded(seed)
        var policy = try policy(10, burst: 2)
        var time: Int64 = 0
        for _ in 0..<1000 {
            time += 100 + Int64(random.next() % 50)
            #expect(passes(&policy, address, time))
        }
    }

    @Test(arguments: seeds)
    func `A flood of distinct sources grows nothing, and leaves a real offender's record`(seed: UInt64) throws
    {
        var random = Seeded(seed)
        var policy = try policy(burst: 100, capacity: 80)
        #expect(policy.capacity == 80)
        // The offender has used up its burst.
        while passes(&policy, address, 0) {}
        for _ in 0..<8000 {
            _ = passes(&policy, random.address(), 1)
        }
        #expect(policy.activeSourceCount(now: at(1)) <= 80)
        #expect(!passes(&policy, address, 1))
    }

    @Test(arguments: [(1, 8), (8, 8), (9, 16), (0, 8)])
    func `Capacities are rounded up to whole groups`(capacity: Int, actual: Int) throws {
        #expect(try policy(capacity: capacity).capacity == actual)
    }

    @Test(arguments: [(33, 64), (-1, 64), (15, 64), (32, 129), (32, -1), (32, 31)])
    func `Prefix lengths that no address has, and wider ones than policies know, are refused`(
        four: Int, six: Int
    ) {
        #expect(throws: SentinelError.self) {
            try SourceRate.Limits(
                try TokenRate(1, per: .seconds(1), burst: 1), prefixLength4: four, prefixLength6: six)
        }
    }
}
