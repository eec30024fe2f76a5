// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Sentinel
import TestRandom
import Testing

@Suite struct ConnectionLimitsTests {
    let address = numbered(7)

    private func policy(
        _ tiers: [ConnectionLimits.Tier] = [], peer: ConnectionLimits.Most = .init(),
        total: ConnectionLimits.Most = .init(), exemptsLoopback: Bool = true, plane: Plane = .userSpace,
        capacity: Int = 4096
    ) throws -> ConnectionLimits {
        try ConnectionLimits(
            name: "connections",
            limits: .init(tiers: tiers, peer: peer, total: total, exemptsLoopback: exemptsLoopback),
            plane: plane, capacity: capacity, seed: HashSeed(1, 2))
    }

    private func policy(_ family: IPAddress.Family, _ length: Int, _ most: Int) throws -> ConnectionLimits {
        try policy([.init(family, prefixLength: length, .init(each: most))])
    }

    @Test func `A source has only so many connections at a time, and may come again when one has closed`()
        throws
    {
        var policy = try policy(.ipv4, 32, 2)
        let remote = RemotePeer.inbound(address)
        policy.hear(.connectionEstablished(remote))
        #expect(passes(&policy, .accept, remote))
        policy.hear(.connectionEstablished(remote))
        for check in [Check.accept, .secured, .upgraded] {
            let denial = try #require(answer(&policy, check, remote).denial)
            #expect(denial.reason == .connectionLimit)
            #expect(denial.basis == .address)
            #expect(denial.plane == .userSpace)
            #expect(denial.disconnectReason == .resourceLimitExceeded)
        }
        #expect(passes(&policy, .stream, remote, .git))
        #expect(passes(&policy, .accept, .inbound(numbered(8))))
        policy.hear(.connectionClosed(remote))
        #expect(passes(&policy, .accept, remote))
    }

    @Test func `A source that only knocks is not counted`() throws {
        var policy = try policy(.ipv4, 32, 1)
        for _ in 0..<100 { #expect(passes(&policy, .accept, .inbound(address))) }
    }

    @Test func `Inbound and outbound are counted apart`() throws {
        var policy = try policy(
            [.init(.ipv4, prefixLength: 32, .init(inbound: 1))], peer: .init(outbound: 1),
            total: .init(inbound: 2))
        let inbound = try RemotePeer.inbound(address, id: peer(1))
        let outbound = try RemotePeer.outbound(address, id: peer(1))
        policy.hear(.connectionEstablished(outbound))
        #expect(passes(&policy, .accept, inbound))
        #expect(answer(&policy, .addressDial, outbound).denial?.basis == .peer)
        #expect(answer(&policy, .peerDial, RemotePeer(dialling: try peer(1))).denial?.basis == .peer)
        policy.hear(.connectionEstablished(inbound))
        #expect(answer(&policy, .accept, inbound).denial?.basis == .address)
        policy.hear(.connectionClosed(outbound))
        #expect(passes(&policy, .addressDial, outbound))
        #expect(answer(&policy, .accept, inbound).denial?.basis == .address)
        #expect(policy.count(.inbound) == 1)
        #expect(policy.count(.outbound) == 0)
    }

    @Test(arguments: [
        ("198.18.0.7", "198.18.0.8", 32, false), ("198.18.0.7", "198.18.0.8", 24, true),
        ("198.18.0.7", "::ffff:198.18.0.7", 32, true), ("2001:db8::1", "2001:db8:0:ff::1", 56, true),
        ("2001:db8::1", "2001:db8:0:100::1", 56, false), ("2001:db8::1", "2001:db8:0:100::1", 48, true),
        ("2001:db8::1", "2001:db8:1::1", 48, false),
    ])
    func `Addresses that agree in the prefix are counted together`(
        one: String, other: String, length: Int, together: Bool
    ) throws {
        let first = try ip(one)
        var policy = try policy(first.family, length, 1)
        policy.hear(.connectionEstablished(.inbound(first)))
        #expect(passes(&policy, .accept, .inbound(try ip(other))) == !together)
        #expect(policy.count(IPNetwork(containing: first, prefixLength: length), .inbound) == 1)
    }

    @Test func `A peer has only so many connections, wherever it comes from`() throws {
        var policy = try policy(peer: .init(each: 2))
        policy.hear(.connectionEstablished(try .inbound(numbered(1), id: peer(1))))
        policy.hear(.connectionEstablished(try .relayed(by: numbered(2), id: peer(1))))
        #expect(try policy.count(peer(1), .inbound) == 2)
        let denial = answer(&policy, .secured, .inbound(numbered(3), id: try peer(1))).denial
        #expect(denial?.basis == .peer)
        #expect(passes(&policy, .secured, .inbound(numbered(3), id: try peer(2))))
    }

    @Test func `All together is the node's own limit, and never a reason to block anyone in the kernel`()
        throws
    {
        var policy = try policy(total: .init(inbound: 3), plane: .kernel)
        for number in 0..<3 {
            #expect(passes(&policy, .accept, .inbound(numbered(number))))
            policy.hear(.connectionEstablished(.inbound(numbered(number))))
        }
        let denial = try #require(answer(&policy, .accept, .inbound(numbered(3))).denial)
        #expect(denial.basis == .node)
        #expect(denial.plane == .userSpace)
        #expect(passes(&policy, .addressDial, .outbound(numbered(3), id: try peer(1))))
    }

    @Test func `A source that hasn't proven its address is refused in user space only`() throws {
        var policy = try policy([.init(.ipv4, prefixLength: 32, .init(each: 1))], plane: .kernel)
        policy.hear(.connectionEstablished(.inbound(address)))
        #expect(answer(&policy, .accept, .inbound(address)).denial?.plane == .kernel)
        let unproven = RemotePeer.inbound(address, source: .unproven)
        #expect(answer(&policy, .accept, unproven).denial?.plane == .userSpace)
    }

    @Test func `A relay's address has no account of the peers behind it`() throws {
        var policy = try policy(.ipv4, 32, 1)
        for number in 0..<3 {
            policy.hear(.connectionEstablished(try .relayed(by: address, id: peer(number))))
        }
        #expect(passes(&policy, .accept, .inbound(address)))
        #expect(policy.count(.inbound) == 3)
    }

    @Test func `Loopback counts among all together only, unless it is asked for`() throws {
        let loopback = RemotePeer.inbound(try ip("127.0.0.9"))
        let tiers = [try ConnectionLimits.Tier(.ipv4, prefixLength: 32, .init(each: 1))]
        var exempting = try policy(tiers, total: .init(each: 2))
        exempting.hear(.connectionEstablished(loopback))
        #expect(passes(&exempting, .accept, loopback))
        exempting.hear(.connectionEstablished(loopback))
        #expect(answer(&exempting, .accept, loopback).denial?.basis == .node)
        var strict = try policy(tiers, exemptsLoopback: false)
        strict.hear(.connectionEstablished(loopback))
        #expect(answer(&strict, .accept, loopback).denial?.basis == .address)
    }

    @Test func `What closes without having been counted makes nothing less than none`() throws {
        var policy = try policy(
            [.init(.ipv4, prefixLength: 32, .init(each: 1))], total: .init(inbound: 1))
        policy.hear(.connectionClosed(.inbound(address)), times: 5)
        #expect(policy.count(.inbound) == 0)
        policy.hear(.connectionEstablished(.inbound(address)))
        #expect(policy.count(.inbound) == 1)
        #expect(answer(&policy, .accept, .inbound(numbered(8))).denial?.basis == .node)
    }

    @Test func `All instances count together what all have together, and their own sources apart`() throws {
        let whole = try policy([.init(.ipv4, prefixLength: 32, .init(each: 1))], total: .init(inbound: 2))
        var (one, other) = (whole.instance(of: 2), whole.instance(of: 2))
        one.hear(.connectionEstablished(.inbound(numbered(1))))
        #expect(passes(&other, .accept, .inbound(numbered(1))))
        other.hear(.connectionEstablished(.inbound(numbered(2))))
        #expect(answer(&one, .accept, .inbound(numbered(3))).denial?.basis == .node)
        #expect(one.count(.inbound) == 2)
        other.hear(.connectionClosed(.inbound(numbered(2))))
        #expect(passes(&one, .accept, .inbound(numbered(3))))
    }

    @Test(arguments: [0, -1])
    func `A limit of nobody is refused`(most: Int) throws {
        #expect(throws: SentinelError.self) {
            try ConnectionLimits.Tier(.ipv4, prefixLength: 32, .init(inbound: most))
        }
        #expect(throws: SentinelError.self) { try policy(peer: .init(outbound: most)) }
        #expect(throws: SentinelError.self) { try policy(total: .init(each: most)) }
    }

    @Test func `Two limits of one prefix length are refused`() throws {
        let tier = try ConnectionLimits.Tier(.ipv4, prefixLength: 32, .init(each: 1))
        let other = try ConnectionLimits.Tier(.ipv6, prefixLength: 32, .init(each: 2))
        _ = try policy([tier, other])
        #expect {
            try policy([tier, .init(.ipv4, prefixLength: 32, .init(each: 2))])
        } throws: { ($0 as? SentinelError)?.code == .malformed }
    }

    @Test(arguments: seeds)
    func `The counts are those of a plain list of connections`(seed: UInt64) throws {
        var random = Seeded(seed)
        let lengths = [32, 28, 24]
        var policy = try policy(
            lengths.map { try .init(.ipv4, prefixLength: $0, .init(inbound: 37 - $0, outbound: 2)) },
            peer: .init(inbound: 3), total: .init(inbound: 25, outbound: 9))
        var open: [RemotePeer] = []
        for _ in 0..<4000 {
            let address = numbered(Int(random.next() % 40))
            let id = try peer(Int(random.next() % 10))
            let remote = random.chance(70) ? RemotePeer.inbound(address, id: id) : .outbound(address, id: id)
            let alike = open.filter { $0.direction == remote.direction }
            let most = policy.limits
            let isFull =
                alike.count >= (remote.direction == .inbound ? 25 : 9)
                || most.tiers.contains { tier in
                    let block = IPNetwork(containing: address, prefixLength: tier.prefixLength)
                    let count = alike.count { $0.ipAddress.map(block.contains) == true }
                    #expect(policy.count(block, remote.direction) == count)
                    return count >= (remote.direction == .inbound ? 37 - tier.prefixLength : 2)
                } || (remote.direction == .inbound && alike.count { $0.id == id } >= 3)
            #expect(passes(&policy, .upgraded, remote) == !isFull)
            #expect(policy.count(id, remote.direction) == alike.count { $0.id == id })
            if !isFull, random.chance(80) {
                policy.hear(.connectionEstablished(remote))
                open.append(remote)
            } else if !open.isEmpty {
                policy.hear(.connectionClosed(open.remove(at: Int(random.next() % UInt64(open.count)))))
            }
            #expect(policy.count(.inbound) == open.count { $0.direction == .inbound })
        }
    }

    @Test func `A reload keeps the counts, and takes what is open for what it is`() throws {
        var old = try policy(.ipv4, 32, 5)
        for _ in 0..<3 { old.hear(.connectionEstablished(try .inbound(address, id: peer(1)))) }
        var new = try policy(
            [.init(.ipv4, prefixLength: 32, .init(each: 2))], peer: .init(each: 3), total: .init(each: 4))
        new.adopt(old, now: at(0))
        #expect(new.count(.inbound) == 3)
        #expect(answer(&new, .accept, .inbound(address)).denial?.basis == .address)
        #expect(answer(&new, .secured, .inbound(numbered(9), id: try peer(1))).denial?.basis == .peer)
        new.hear(.connectionClosed(try .inbound(address, id: peer(1))), times: 2)
        #expect(passes(&new, .accept, .inbound(address)))
    }

    @Test func `Who has many connections isn't forgotten for a flood of sources with one`() throws {
        var policy = try policy([.init(.ipv4, prefixLength: 32, .init(each: 4))], capacity: 64)
        policy.hear(.connectionEstablished(.inbound(address)), times: 4)
        for number in 0..<10_000 { policy.hear(.connectionEstablished(.inbound(numbered(100 + number)))) }
        #expect(!passes(&policy, .accept, .inbound(address)))
    }
}
