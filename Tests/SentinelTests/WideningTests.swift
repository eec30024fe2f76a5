// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Sentinel
import TestRandom
import Testing

@Suite struct WideningTests {
    private func policy(
        _ levels: [Widening.Level]? = nil, within: Duration = .seconds(100),
        duration: Duration? = .seconds(50),
        capacity: Int = 4096, seed: UInt64 = 2
    ) throws -> Widening {
        let standard = try [
            Widening.Level(.ipv4, prefixLength: 24, sources: 3), .init(.ipv6, prefixLength: 64, sources: 2),
            .init(.ipv6, prefixLength: 56, sources: 3),
        ]
        return try Widening(
            name: "widening", terms: .init(levels: levels ?? standard, within: within, duration: duration),
            capacity: capacity, seed: HashSeed(1, seed))
    }

    /// What another policy's denial of a source becomes, as the chain would have it.
    @discardableResult
    private func ban(
        _ address: IPAddress, _ policy: inout Widening, _ time: Int64 = 0, source: SourceProof = .handshake,
        basis: Basis = .address, plane: Plane = .kernel, check: Check = .accept
    ) -> Denial {
        let question = Question(check, about: .inbound(address, source: source))
        var denial = question.denial(by: "other", reason: .rate, basis: basis, plane: plane)
        if let own = policy.decide(question, now: at(time)).denial { denial = own }
        if case .amend(let amended) = policy.review(denial, of: question, now: at(time)) { denial = amended }
        policy.observe(question, denial: denial, now: at(time))
        return denial
    }

    private func isDenied(_ address: IPAddress, _ policy: inout Widening, _ time: Int64 = 0) -> Bool {
        !passes(&policy, .accept, .inbound(address), nil, time)
    }

    @Test func `The source that is one too many makes the denial one of its block`() throws {
        var policy = try policy()
        // The sketch tells these three apart under this seed.
        #expect(ban(numbered(1), &policy).network == nil)
        #expect(ban(numbered(2), &policy).network == nil)
        #expect(!isDenied(numbered(4), &policy))
        let denial = ban(numbered(3), &policy)
        #expect(denial.network == (try block("198.18.0.0/24")))
        #expect(denial.reason == .widened)
        #expect(denial.policy == "widening")
        #expect(denial.basis == .address)
        #expect(denial.plane == .kernel)
        #expect(denial.duration == .seconds(50))
        #expect(denial.detail.contains("198.18.0.0/24"))
        #expect(policy.end(try block("198.18.0.0/24"), now: at(0)) == at(50_000))
    }

    @Test func `A block is denied to all in it, and to nobody beside it, until its time has come`() throws {
        var policy = try policy()
        for number in 1...3 { ban(numbered(number), &policy) }
        let denial = answer(&policy, .accept, .inbound(numbered(200)), nil, 20_000).denial
        #expect(denial?.network == (try block("198.18.0.0/24")))
        #expect(denial?.duration == .seconds(30))
        let mapped = try ip("::ffff:198.18.0.200")
        #expect(isDenied(mapped, &policy))
        #expect(!isDenied(numbered(0x100), &policy))
        #expect(isDenied(numbered(200), &policy, 49_999))
        #expect(!isDenied(numbered(200), &policy, 50_000))
        for check in Check.allCases where check != .accept {
            #expect(passes(&policy, check, .inbound(numbered(200), id: try peer(1)), .git))
        }
    }

    @Test func `The same source counts once, however often it is banned`() throws {
        var policy = try policy()
        for time in 0..<1000 { #expect(ban(numbered(1), &policy, Int64(time)).network == nil) }
        #expect(policy.sourceCount(try block("198.18.0.0/24"), now: at(0)) == 1)
        // A /64 is one source of the blocks around it.
        for low in 1...50 { ban(.v6(IPv6Address(high: 0x2001_0DB8_0000_0000, low: UInt64(low))), &policy) }
        #expect(policy.sourceCount(try block("2001:db8::/56"), now: at(0)) == 1)
    }

    @Test func `IPv6 addresses count in their /64, and /64s in what is wider`() throws {
        var policy = try policy()
        ban(try ip("2001:db8::1"), &policy)
        #expect(ban(try ip("2001:db8::2"), &policy).network == (try block("2001:db8::/64")))
        #expect(!isDenied(try ip("2001:db8:0:1::1"), &policy))
        ban(try ip("2001:db8:0:1::1"), &policy)
        #expect(ban(try ip("2001:db8:0:2::1"), &policy).network == (try block("2001:db8::/56")))
        #expect(isDenied(try ip("2001:db8:0:ff::1"), &policy))
        #expect(!isDenied(try ip("2001:db8:0:100::1"), &policy))
    }

    @Test func `Of the blocks that it is one too many for, the widest that is configured is denied`() throws {
        var policy = try policy([
            .init(.ipv4, prefixLength: 24, sources: 2), .init(.ipv4, prefixLength: 20, sources: 2),
            .init(.ipv4, prefixLength: 28, sources: 2),
        ])
        ban(numbered(1), &policy)
        #expect(ban(numbered(2), &policy).network?.prefixLength == 20)
        #expect(!isDenied(numbered(0x1000), &policy))
        #expect(isDenied(numbered(0xFFF), &policy))
    }

    @Test(arguments: [
        (SourceProof.unproven, Basis.address, Plane.kernel, Check.accept),
        (.handshake, .node, .kernel, .accept),
        (.handshake, .address, .userSpace, .accept), (.handshake, .address, .kernel, .secured),
        (.handshake, .address, .kernel, .addressDial),
    ])
    func `Only what is denied at accept for the kernel, of a source that has proven its address, counts`(
        source: SourceProof, basis: Basis, plane: Plane, check: Check
    ) throws {
        var policy = try policy()
        for number in 0..<50 {
            let denial = ban(
                numbered(number), &policy, source: source, basis: basis, plane: plane, check: check)
            #expect(denial.network == nil)
        }
        #expect(policy.sourceCount(try block("198.18.0.0/24"), now: at(0)) == 0)
        #expect(!isDenied(numbered(200), &policy))
    }

    @Test func `A source counts for as long as is said, and not for more than twice that`() throws {
        var policy = try policy(within: .seconds(100))
        let block = try block("198.18.0.0/24")
        ban(numbered(1), &policy, 99_999)
        #expect(policy.sourceCount(block, now: at(199_999)) == 1)
        #expect(policy.sourceCount(block, now: at(299_998)) == 0)
        ban(numbered(2), &policy, 300_000)
        ban(numbered(3), &policy, 410_000)
        #expect(ban(numbered(4), &policy, 420_000).network == block)
        ban(numbered(5), &policy, 900_000)
        ban(numbered(6), &policy, 900_000)
        #expect(policy.sourceCount(block, now: at(900_000)) == 2)
    }

    @Test func `A denial that is brought down to one address denies no block, and counts its source`() throws
    {
        var policy = try policy()
        ban(numbered(1), &policy)
        ban(numbered(2), &policy)
        let question = Question(.accept, about: .inbound(numbered(3)))
        let other = question.denial(by: "other", reason: .rate, basis: .address)
        guard case .amend(var denial) = policy.review(other, of: question, now: at(0)) else {
            Issue.record("not widened")
            return
        }
        denial.network = nil
        policy.observe(question, denial: denial, now: at(0))
        #expect(!isDenied(numbered(4), &policy))
        #expect(policy.sourceCount(try block("198.18.0.0/24"), now: at(0)) == 3)
    }

    @Test func `Who is denied for the block that it lies in doesn't count`() throws {
        var policy = try policy()
        for number in 1...3 { ban(numbered(number), &policy) }
        let counted = policy.sourceCount(try block("198.18.0.0/24"), now: at(0))
        for number in 4...40 {
            let question = Question(.accept, about: .inbound(numbered(number)))
            var denial = try #require(policy.decide(question, now: at(0)).denial)
            policy.observe(question, denial: denial, now: at(0))
            // Nor where that has been brought down to the address itself.
            denial.network = nil
            policy.observe(question, denial: denial, now: at(0))
        }
        #expect(policy.sourceCount(try block("198.18.0.0/24"), now: at(0)) == counted)
    }

    @Test func `An unproven source in a denied block is refused in user space only`() throws {
        var policy = try policy()
        for number in 1...3 { ban(numbered(number), &policy) }
        let unproven = RemotePeer.inbound(numbered(9), source: .unproven)
        #expect(answer(&policy, .accept, unproven).denial?.plane == .userSpace)
        #expect(passes(&policy, .accept, try .relayed(by: numbered(9))))
    }

    @Test(arguments: seeds)
    func `No block is denied for fewer distinct sources than it takes`(seed: UInt64) throws {
        var random = Seeded(seed)
        let levels = try [
            Widening.Level(.ipv4, prefixLength: 24, sources: 6), .init(.ipv4, prefixLength: 22, sources: 12),
            .init(.ipv6, prefixLength: 64, sources: 3), .init(.ipv6, prefixLength: 56, sources: 5),
        ]
        var policy = try policy(levels, seed: seed)
        // Who was banned when, by other policies.
        var bans: [IPAddress: Int64] = [:]
        var denied: [IPNetwork: Int64] = [:]
        var time: Int64 = 0
        for _ in 0..<3000 {
            time += Int64(random.next() % 12_000)
            let number = random.next() % 2048
            let address =
                random.chance(50)
                ? numbered(Int(number))
                : .v6(IPv6Address(high: 0x2001_0DB8_0000_0000 | number >> 3, low: number & 7))
            let wasDenied = denied.contains { $0.key.contains(address) && $0.value > time }
            #expect(isDenied(address, &policy, time) == wasDenied)
            if wasDenied && random.chance(50) { continue }
            let question = Question(.accept, about: .inbound(address))
            let other = question.denial(by: "other", reason: .rate, basis: .address)
            guard case .amend(let denial) = policy.review(other, of: question, now: at(time)) else {
                policy.observe(question, denial: other, now: at(time))
                bans[address] = time
                continue
            }
            policy.observe(question, denial: denial, now: at(time))
            let network = try #require(denial.network)
            denied[network] = max(denied[network] ?? 0, time + 50_000)
            let level = try #require(
                levels.first { $0.family == network.family && $0.prefixLength == network.prefixLength })
            let counted = bans.filter { network.contains($0.key) && $0.value > time - 200_000 }.keys
            let distinct = Set(
                (counted + [address]).map { address in
                    let isSubnet = network.family == .ipv6 && network.prefixLength < 64
                    return isSubnet ? IPNetwork(containing: address, prefixLength: 64) : IPNetwork(address)
                })
            #expect(distinct.count >= level.sources)
        }
        #expect(!denied.isEmpty)
    }

    @Test func `A reload keeps what was counted and which blocks are denied`() throws {
        var old = try policy()
        for number in 1...3 { ban(numbered(number), &old) }
        ban(try ip("2001:db8::1"), &old)
        var new = try policy()
        new.adopt(old, now: at(0))
        #expect(isDenied(numbered(9), &new))
        #expect(ban(try ip("2001:db8::2"), &new).network != nil)
        // Under other spans nothing can be said of what was counted.
        var other = try policy(within: .seconds(7))
        other.adopt(old, now: at(0))
        #expect(isDenied(numbered(9), &other))
        #expect(ban(try ip("2001:db8::2"), &other).network == nil)
    }

    @Test func `A block that is no level any more isn't denied`() throws {
        var old = try policy()
        for number in 1...3 { ban(numbered(number), &old) }
        var new = try policy([.init(.ipv4, prefixLength: 28, sources: 3)])
        new.adopt(old, now: at(0))
        #expect(!isDenied(numbered(9), &new))
    }

    @Test(arguments: [(24, 1), (24, 33), (32, 2), (15, 2), (33, 2)])
    func `Levels that make no sense are refused`(length: Int, sources: Int) {
        #expect(throws: SentinelError.self) {
            try Widening.Level(.ipv4, prefixLength: length, sources: sources)
        }
    }

    @Test func `Times that make no sense are refused`() {
        #expect(throws: SentinelError.self) { try Widening.Terms(levels: [], within: .zero) }
        #expect(throws: SentinelError.self) { try Widening.Terms(levels: [], duration: .milliseconds(1)) }
    }

    @Test func `Where it has no wish of its own, a block is denied for an hour in the node`() throws {
        var policy = try policy(duration: nil)
        for number in 1...2 { ban(numbered(number), &policy) }
        #expect(ban(numbered(3), &policy).duration == nil)
        #expect(isDenied(numbered(9), &policy, 3_599_999))
        #expect(!isDenied(numbered(9), &policy, 3_600_000))
    }
}
