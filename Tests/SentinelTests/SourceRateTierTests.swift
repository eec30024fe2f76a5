// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Sentinel
import TestRandom
import Testing

/// Several prefix lengths at once, and peers.
@Suite struct SourceRateTierTests {
    let address = numbered(7)

    private func rate(_ count: Int, burst: Int) throws -> TokenRate {
        try TokenRate(count, per: .seconds(1), burst: burst)
    }

    private func policy(
        _ tiers: [SourceRate.Tier], peer: TokenRate? = nil, checks: CheckSet = .accept
    ) throws -> SourceRate {
        try SourceRate(
            name: "rate", limits: .init(tiers: tiers, peer: peer), checks: checks, capacity: 4096,
            seed: HashSeed(1, 2))
    }

    private func policy(host: Int, network: Int, peer: Int? = nil, checks: CheckSet = .accept) throws
        -> SourceRate
    {
        try policy(
            [
                .init(.ipv4, prefixLength: 32, rate: rate(1, burst: host)),
                .init(.ipv4, prefixLength: 24, rate: rate(1, burst: network)),
            ], peer: peer.map { try rate(1, burst: $0) }, checks: checks)
    }

    @Test func `A block's bucket is empty for those in it that have come seldom themselves`() throws {
        var policy = try policy(host: 2, network: 5)
        let passed = (0..<4).flatMap { host in
            (0..<3).map { _ in passes(&policy, .accept, .inbound(numbered(host))) }
        }
        #expect(
            passed == [
                true, true, false, true, true, false, true, false, false, false, false, false,
            ])
        #expect(passes(&policy, .accept, .inbound(numbered(0x100))))
    }

    @Test func `A denied question takes no token of any tier`() throws {
        var policy = try policy(host: 1, network: 5)
        #expect(passes(&policy, .accept, .inbound(address)))
        for _ in 0..<100 { #expect(!passes(&policy, .accept, .inbound(address))) }
        // Only one of the block's five is gone.
        let others = (0..<5).map { passes(&policy, .accept, .inbound(numbered($0))) }
        #expect(others == [true, true, true, true, false])
        // Nor has the last of them lost its own.
        #expect(passes(&policy, .accept, .inbound(numbered(4)), nil, 1000))
    }

    @Test func `An IPv4-mapped address has the IPv4 one's buckets`() throws {
        var policy = try policy(host: 1, network: 5)
        #expect(passes(&policy, .accept, .inbound(address)))
        #expect(!passes(&policy, .accept, .inbound(try ip("::ffff:\(address)"))))
    }

    @Test func `A peer has a bucket at secured, wherever it comes from`() throws {
        let remote = try RemotePeer.inbound(address, id: peer(1))
        var policy = try policy(host: 100, network: 100, peer: 2)
        #expect(passes(&policy, .secured, remote))
        #expect(passes(&policy, .secured, try .inbound(numbered(9000), id: peer(1))))
        let denial = try #require(answer(&policy, .secured, try .relayed(by: address, id: peer(1))).denial)
        #expect(denial.basis == .peer)
        #expect(denial.plane == .userSpace)
        #expect(denial.disconnectReason == .rateLimited)
        #expect(passes(&policy, .secured, try .inbound(address, id: peer(2))))
        #expect(try policy.tokens(peer(1), now: at(0)) == 0)
        #expect(try policy.tokens(peer(2), now: at(0)) == 1)
        #expect(passes(&policy, .secured, remote, nil, 1000))
    }

    @Test func `A peer that this node dials hasn't come`() throws {
        var policy = try policy(host: 1, network: 1, peer: 1)
        for _ in 0..<5 { #expect(passes(&policy, .secured, try .outbound(address, id: peer(1)))) }
        #expect(try policy.tokens(peer(1), now: at(0)) == 1)
    }

    @Test func `Where the peer's bucket is empty its address loses no token, and the other way round`() throws
    {
        var policy = try policy(host: 4, network: 5, peer: 2, checks: .secured)
        let remote = try RemotePeer.inbound(address, id: peer(1))
        for _ in 0..<10 { _ = answer(&policy, .secured, remote) }
        #expect(policy.tokens(address, now: at(0)) == 2)
        for _ in 0..<10 { _ = answer(&policy, .secured, try .inbound(address, id: peer(2))) }
        #expect(policy.tokens(address, now: at(0)) == 0)
        #expect(answer(&policy, .secured, try .inbound(address, id: peer(3))).denial?.basis == .address)
        #expect(try policy.tokens(peer(3), now: at(0)) == 2)
    }

    @Test func `That is so, too, where address and peer are kept account of by different instances`() throws {
        let sentinel = try PolicySentinel(
            [policy(host: 200, network: 200, peer: 1, checks: .secured)], clock: { at(0) })
        // Of these peers few share the address's instance.
        for number in 0..<40 {
            let remote = try RemotePeer.inbound(address, id: peer(number))
            for _ in 0..<10 { _ = sentinel.decide(Question(.secured, about: remote)) }
        }
        let left = sentinel.withPolicy("rate", as: SourceRate.self) { $0.tokens(address, now: $1) ?? 0 }
        #expect(left.min() == 160)
    }

    @Test func `Peers on loopback have no bucket`() throws {
        var policy = try policy(host: 1, network: 1, peer: 1, checks: .all)
        for _ in 0..<5 { #expect(passes(&policy, .secured, .inbound(try ip("::1"), id: try peer(1)))) }
    }

    @Test func `One prefix length may have a rate for a moment and one for the long run`() throws {
        var policy = try policy([
            .init(.ipv4, prefixLength: 32, rate: rate(10, burst: 2)),
            .init(.ipv4, prefixLength: 32, rate: TokenRate(1, per: .seconds(100), burst: 5)),
        ])
        let passed = (0..<20).count { passes(&policy, .accept, .inbound(address), nil, $0 * 1000) }
        #expect(passed == 5)
        #expect(passes(&policy, .accept, .inbound(address), nil, 100_000))
        #expect(!passes(&policy, .accept, .inbound(address), nil, 100_000))
    }

    @Test(arguments: [(8, nil as SentinelError.Code?), (9, .tooLong)])
    func `A family has so many tiers at most`(count: Int, code: SentinelError.Code?) throws {
        let tiers = try (0..<count).map {
            try SourceRate.Tier(.ipv6, prefixLength: 48 + $0, rate: rate(1, burst: 1))
        }
        do throws(SentinelError) {
            _ = try SourceRate(name: "rate", limits: .init(tiers: tiers))
            #expect(code == nil)
        } catch {
            #expect(error.code == code)
        }
    }

    @Test func `go-libp2p's limits let a host come 16 times at once, and its /48 80 times`() throws {
        var policy = try SourceRate(name: "rate", limits: .libp2p)
        let passed = (0..<100).map { subnet in
            (0..<20).count { _ in
                passes(
                    &policy, .accept,
                    .inbound(.v6(IPv6Address(high: 0x2001_0DB8_0000_0000 | UInt64(subnet) << 8, low: 1))))
            }
        }
        #expect(passed == [16, 16, 16, 16, 16] + [Int](repeating: 0, count: 95))
        #expect((0..<20).count { _ in passes(&policy, .accept, .inbound(address)) } == 16)
    }

    @Test(arguments: seeds)
    func `At no tier do more pass in any span than span × rate + burst`(seed: UInt64) throws {
        var random = Seeded(seed)
        let tiers = try [32, 28, 24].map { length in
            try SourceRate.Tier(
                .ipv4, prefixLength: length,
                rate: TokenRate(
                    Int(1 + random.next() % 20), per: .seconds(1), burst: Int(1 + random.next() % 10)))
        }
        let peerRate = try rate(Int(1 + random.next() % 20), burst: Int(1 + random.next() % 10))
        var policy = try policy(tiers, peer: peerRate, checks: [.accept, .secured])
        var passed: [String: [Int64]] = [:]
        var time: Int64 = 0
        for _ in 0..<6000 {
            if random.chance(40) { time += Int64(random.next() % 30_000_000) }
            let address = numbered(Int(random.next() % 20))
            let id = try peer(Int(random.next() % 4))
            let isSecured = random.chance(50)
            let remote = RemotePeer.inbound(address, id: isSecured ? id : nil)
            let question = Question(isSecured ? .secured : .accept, about: remote)
            guard policy.decide(question, now: MonotonicInstant(nanoseconds: time)) == .pass else { continue }
            for tier in tiers {
                passed["\(IPNetwork(containing: address, prefixLength: tier.prefixLength))", default: []]
                    .append(time)
            }
            if isSecured { passed["\(id)", default: []].append(time) }
        }
        for (source, times) in passed {
            let rate = tiers.first { source.hasSuffix("/\($0.prefixLength)") }?.rate ?? peerRate
            let interval =
                Double(rate.interval.components.attoseconds) / 1e9
                + Double(rate.interval.components.seconds) * 1e9
            for (index, start) in times.enumerated().filter({ $0.offset % 7 == 0 }) {
                for (later, end) in times.enumerated().dropFirst(index) {
                    let allowed = Double(end - start) / interval + Double(rate.burst)
                    #expect(Double(later - index + 1) <= allowed + 1e-6, "\(source)")
                }
            }
        }
        #expect(passed.count > 20)
    }

    // MARK: - Reloads

    private func successor(of old: SourceRate, _ new: SourceRate, _ time: Int64 = 0) -> SourceRate {
        var new = new
        new.adopt(old, now: at(time))
        return new
    }

    @Test(arguments: [
        // As many tokens are used afterwards as before, whatever the rate and the burst.
        (burst: 10, count: 1, newBurst: 10, left: 3), (10, 10, 10, 3), (10, 1, 20, 13), (10, 10, 5, 0),
        (10, 3, 8, 1),
    ])
    func `Tokens that are used stay used under another rate`(burst: Int, count: Int, newBurst: Int, left: Int)
        throws
    {
        var old = try policy([.init(.ipv4, prefixLength: 32, rate: rate(1, burst: burst))])
        for _ in 0..<7 { #expect(passes(&old, .accept, .inbound(address))) }
        var new = successor(
            of: old, try policy([.init(.ipv4, prefixLength: 32, rate: rate(count, burst: newBurst))]))
        #expect(new.tokens(address, now: at(0)) == left)
        #expect((0..<30).count { _ in passes(&new, .accept, .inbound(address)) } == left)
        // And the next one comes as soon as the new rate has it.
        #expect(passes(&new, .accept, .inbound(address), nil, Int64(1000 / count) + 1))
    }

    @Test func `Each prefix length takes over its own buckets, in whatever order`() throws {
        var old = try policy(host: 3, network: 5, peer: 2)
        for _ in 0..<2 { #expect(passes(&old, .accept, .inbound(address))) }
        #expect(passes(&old, .secured, try .inbound(address, id: peer(1))))
        var new = successor(
            of: old,
            try policy(
                [
                    .init(.ipv4, prefixLength: 28, rate: rate(1, burst: 9)),
                    .init(.ipv4, prefixLength: 24, rate: rate(5, burst: 5)),
                    .init(.ipv4, prefixLength: 32, rate: rate(1, burst: 4)),
                ], peer: rate(1, burst: 2)))
        #expect(try new.tokens(peer(1), now: at(0)) == 1)
        // Two of the host's four are left, and three of the block's five.
        #expect((0..<9).count { _ in passes(&new, .accept, .inbound(address)) } == 2)
        #expect((0..<9).count { _ in passes(&new, .accept, .inbound(numbered(8))) } == 1)
    }
}
