// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Sentinel
import Testing

@Suite struct SharedAddressesTests {
    let address = numbered(7)

    /// Bad after 3 offences, for 1000 seconds; well-behaved after 60 seconds; two newcomers at once.
    private func policy(badShare: Double = 0.5, capacity: Int = 64) throws -> SharedAddresses {
        SharedAddresses(
            name: "shared",
            terms: try .init(
                badShare: badShare, badAfter: 3, forgetAfter: .seconds(1000), probation: .seconds(60),
                newcomers: TokenRate(1, per: .seconds(10), burst: 2)), capacity: capacity,
            seed: HashSeed(1, 2))
    }

    private func remote(_ number: Int, _ address: IPAddress? = nil) throws -> RemotePeer {
        .inbound(address ?? self.address, id: try peer(number))
    }

    private func review(
        _ policy: inout SharedAddresses, _ time: Int64 = 0, at address: IPAddress? = nil,
        basis: Basis = .address,
        network: IPNetwork? = nil, check: Check = .accept, source: SourceProof = .handshake
    ) -> Review {
        let question = Question(check, about: .inbound(address ?? self.address, source: source))
        let denial = question.denial(
            by: "other", reason: .rate, basis: basis, detail: "comes too often", network: network)
        return policy.review(denial, of: question, now: at(time))
    }

    private func why(_ review: Review) -> String? {
        if case .spare(let why) = review { why } else { nil }
    }

    @Test func `An address of which nothing is known isn't spared`() throws {
        var policy = try policy()
        #expect(review(&policy) == .uphold)
        #expect(policy.addressCount == 0)
    }

    @Test func `It is spared while a protected peer is connected from it`() throws {
        var policy = try policy()
        policy.hear(.connectionEstablished(try remote(1)))
        #expect(review(&policy) == .uphold)
        policy.hear(.protected(try peer(1)))
        #expect(why(review(&policy)) == "198.18.0.7 is spared: a protected peer is connected from it")
        policy.hear(.unprotected(try peer(1)))
        #expect(review(&policy) == .uphold)
        policy.hear(.protected(try peer(1)))
        #expect(review(&policy, at: numbered(8)) == .uphold)
        policy.hear(.connectionClosed(try remote(1)))
        #expect(review(&policy) == .uphold)
    }

    @Test func `It is spared while a peer is connected that has been so for long enough without an offence`()
        throws
    {
        var policy = try policy()
        policy.hear(.connectionEstablished(try remote(1)))
        #expect(review(&policy, 59_999) == .uphold)
        #expect(
            why(review(&policy, 60_000)) == "198.18.0.7 is spared: a well-behaved peer is connected from it")
        policy.hear(.connectionClosed(try remote(1)), 60_000)
        #expect(review(&policy, 60_000) == .uphold)
        // It has proven itself: no need to do it again.
        policy.hear(.connectionEstablished(try remote(1)), 100_000)
        #expect(why(review(&policy, 100_000)) != nil)
        policy.hear(.misbehaved(try remote(1), .timeout), 100_000)
        #expect(review(&policy, 900_000) == .uphold)
    }

    @Test func `A peer that has been of use is well-behaved at once`() throws {
        var policy = try policy()
        policy.hear(.connectionEstablished(try remote(1)))
        policy.hear(.behaved(try remote(1)))
        #expect(why(review(&policy)) != nil)
    }

    @Test(arguments: [
        (2, 0, 0.5, true), (2, 1, 0.5, false), (3, 1, 0.5, true), (4, 3, 0.5, false),
        (4, 3, 1, true), (4, 4, 1, false), (1, 0, 0.5, false), (10, 1, 0.1, false), (11, 1, 0.1, true),
    ])
    func `It is spared while of the peers that are known fewer are bad than may be`(
        known: Int, bad: Int, share: Double, isSpared: Bool
    ) throws {
        var policy = try policy(badShare: share)
        for number in 0..<known {
            policy.hear(.connectionEstablished(try remote(number)))
            if number < bad { policy.hear(.misbehaved(try remote(number), .protocolViolation), times: 3) }
        }
        #expect(policy.peers(at: address, now: at(0)) == (known, bad))
        #expect((why(review(&policy)) != nil) == isSpared)
    }

    @Test func `The detail says of how many peers how many are bad`() throws {
        var policy = try policy()
        for number in 0..<3 { policy.hear(.connectionEstablished(try remote(number))) }
        #expect(why(review(&policy)) == "198.18.0.7 is spared: of 3 peers at it none is bad")
        policy.hear(.misbehaved(try remote(0), .timeout), times: 3)
        #expect(why(review(&policy)) == "198.18.0.7 is spared: of 3 peers at it only 1 are bad")
    }

    @Test(arguments: [
        (Basis.rule, Check.accept, SourceProof.handshake), (.node, .accept, .handshake),
        (.peer, .accept, .handshake),
        (.address, .secured, .handshake), (.address, .addressDial, .handshake),
        (.address, .accept, .unproven),
    ])
    func `Rules, the node's own limits, and who hasn't proven its address are never set aside`(
        basis: Basis, check: Check, source: SourceProof
    ) throws {
        var policy = try policy()
        policy.hear(.connectionEstablished(try remote(1)))
        policy.hear(.protected(try peer(1)))
        #expect(review(&policy, basis: basis, check: check, source: source) == .uphold)
        #expect(why(review(&policy)) != nil)
    }

    @Test func `IPv6 addresses of a /64 are one, and IPv4-mapped ones are IPv4`() throws {
        var policy = try policy()
        policy.hear(.protected(try peer(1)))
        policy.hear(.connectionEstablished(try remote(1, ip("2001:db8::1"))))
        #expect(why(review(&policy, at: try ip("2001:db8::ffff"))) != nil)
        #expect(review(&policy, at: try ip("2001:db8:0:1::1")) == .uphold)
        policy.hear(.connectionEstablished(try remote(1, ip("::ffff:198.18.0.7"))))
        #expect(why(review(&policy)) != nil)
    }

    @Test func `Only addresses that a handshake has shown, of peers that have come, count`() throws {
        var policy = try policy()
        policy.hear(.protected(try peer(1)))
        for remote in [
            RemotePeer.inbound(address, id: try peer(1), source: .unproven),
            .outbound(address, id: try peer(1)),
            try .relayed(by: address, id: peer(1)), .inbound(address),
        ] {
            policy.hear(.connectionEstablished(remote))
            policy.hear(.behaved(remote))
        }
        #expect(policy.addressCount == 0)
        #expect(review(&policy) == .uphold)
    }

    // MARK: - At the handshake

    /// An address with a protected peer, three bad ones, and a denial that was set aside.
    private func sparing() throws -> SharedAddresses {
        var policy = try policy()
        policy.hear(.connectionEstablished(try remote(1)))
        policy.hear(.protected(try peer(1)))
        for number in 2...4 { policy.hear(.misbehaved(try remote(number), .protocolViolation), times: 3) }
        #expect(why(review(&policy)) != nil)
        return policy
    }

    @Test func `At a spared address the bad ones are denied once they are known`() throws {
        var policy = try sparing()
        let denial = try #require(answer(&policy, .secured, try remote(2)).denial)
        #expect(denial.basis == .peer)
        #expect(denial.reason == .sharedAddress)
        #expect(denial.plane == .userSpace)
        #expect(passes(&policy, .secured, try remote(1)))
        // Not at another one, nor where this node has dialled it, nor when none is spared any more.
        #expect(passes(&policy, .secured, try remote(2, numbered(8))))
        #expect(passes(&policy, .secured, .outbound(address, id: try peer(2))))
        #expect(passes(&policy, .secured, try remote(2), nil, 60_000))
    }

    @Test func `Newcomers to a spared address come in at their rate together, those that are known freely`()
        throws
    {
        var policy = try sparing()
        #expect(passes(&policy, .secured, try remote(10)))
        #expect(passes(&policy, .secured, try remote(11)))
        let denial = try #require(answer(&policy, .secured, try remote(12)).denial)
        #expect(denial.basis == .address)
        #expect(denial.disconnectReason == .rateLimited)
        #expect(passes(&policy, .secured, try remote(12), nil, 10_000))
        #expect(!passes(&policy, .secured, try remote(13), nil, 10_000))
        policy.hear(.connectionEstablished(try remote(10)), 10_000)
        for _ in 0..<10 { #expect(passes(&policy, .secured, try remote(10), nil, 10_000)) }
    }

    @Test func `A protected peer is no newcomer`() throws {
        var policy = try sparing()
        policy.hear(.protected(try peer(20)))
        for _ in 0..<10 { #expect(passes(&policy, .secured, try remote(20))) }
    }

    @Test func `A peer isn't bad any more after so long without an offence, though it came again`() throws {
        var policy = try sparing()
        for time in stride(from: Int64(0), to: 1_000_000, by: 50_000) {
            #expect(why(review(&policy, time)) != nil)
            let question = Question(.secured, about: try remote(2))
            let denial = try #require(policy.decide(question, now: at(time)).denial)
            policy.observe(question, denial: denial, now: at(time))
        }
        #expect(why(review(&policy, 1_000_000)) != nil)
        #expect(passes(&policy, .secured, try remote(2), nil, 1_000_000))
    }

    @Test(arguments: [
        (Check.stream, Basis.peer, true), (.secured, .rule, true), (.upgraded, .peer, true),
        (.stream, .node, false),
        (.secured, .address, false), (.accept, .peer, false),
    ])
    func `What other policies deny a peer for what it has done is an offence`(
        check: Check, basis: Basis, counts: Bool
    ) throws {
        var policy = try policy()
        let question = Question(check, about: try remote(1), stream: .git)
        for _ in 0..<3 {
            policy.observe(
                question, denial: question.denial(by: "other", reason: .rate, basis: basis), now: at(0))
        }
        #expect(policy.peers(at: address, now: at(0)).bad == (counts ? 1 : 0))
    }

    @Test func `A claimed identity, and what is no severe offence, make nobody bad`() throws {
        var policy = try policy()
        policy.hear(.misbehaved(try remote(1), .failedHandshake), times: 10)
        policy.hear(.misbehaved(try remote(1), .timeout, severity: .low), times: 10)
        #expect(policy.peers(at: address, now: at(0)) == (0, 0))
    }

    // MARK: - Blocks

    @Test
    func `A block is brought down to the one address where such a peer is connected from elsewhere in it`()
        throws
    {
        var policy = try policy()
        let network = try block("198.18.0.0/24")
        policy.hear(.connectionEstablished(try remote(1, numbered(200))))
        policy.hear(.behaved(try remote(1, numbered(200))))
        guard case .amend(let denial) = review(&policy, network: network) else {
            Issue.record("not narrowed")
            return
        }
        #expect(denial.network == nil)
        #expect(denial.plane == .kernel)
        #expect(denial.detail == "comes too often, but a well-behaved peer is connected from the block")
        #expect(review(&policy) == .uphold)
        #expect(review(&policy, at: numbered(300), network: try block("198.18.1.0/24")) == .uphold)
        // At the peer's own address there is nothing left of it.
        #expect(why(review(&policy, at: numbered(200), network: network)) != nil)
        policy.hear(.connectionClosed(try remote(1, numbered(200))))
        #expect(review(&policy, network: network) == .uphold)
    }

    @Test func `A listed address stays denied when its block is spared, wherever the peer is`() throws {
        let addresses = [numbered(1), numbered(2), numbered(3)]
        for home in [numbered(3), numbered(200)] {
            var list = AccessList(name: "list", effect: .deny)
            for address in addresses { try list.insert(.address(address), reason: .denyListed, now: at(0)) }
            let levels = [try Widening.Level(.ipv4, prefixLength: 24, sources: 2)]
            let widening = try Widening(name: "widening", terms: .init(levels: levels), seed: HashSeed(1, 2))
            let sentinel = try PolicySentinel([list, widening, try policy()], clock: { at(0) })
            sentinel.observe(.connectionEstablished(try remote(1, home)))
            sentinel.observe(.protected(try peer(1)))
            for address in addresses {
                let denial = try #require(sentinel.allowConnection(.inbound(address)).denial)
                #expect(denial.basis == .rule)
                #expect(denial.network == nil)
                #expect(denial.plane == .kernel)
            }
            #expect(sentinel.allowConnection(.inbound(numbered(9))).isAllowed)
            #expect(sentinel.tallies.allSatisfy { $0.spared == 0 })
        }
    }

    // MARK: - Memory

    @Test func `Of an address so many peers are known, and the connected and proven ones are forgotten last`()
        throws
    {
        var policy = try policy()
        policy.hear(.connectionEstablished(try remote(0)))
        policy.hear(.protected(try peer(0)))
        for number in 1..<500 { policy.hear(.misbehaved(try remote(number), .timeout), Int64(number)) }
        #expect(policy.peers(at: address, now: at(500)).known == SharedAddresses.maximumResidents)
        #expect(why(review(&policy, 500)) != nil)
        for number in 1000..<1500 { policy.hear(.connectionEstablished(try remote(number)), 1000) }
        #expect(policy.peers(at: address, now: at(1000)).known == SharedAddresses.maximumResidents)
        #expect(why(review(&policy, 1000)) != nil)
    }

    @Test func `So many addresses are known, and those with connected peers are forgotten last`() throws {
        var policy = try policy()
        policy.hear(.protected(try peer(1)))
        policy.hear(.connectionEstablished(try remote(1)))
        for number in 0..<1000 {
            policy.hear(.misbehaved(try remote(2, numbered(100 + number)), .timeout), Int64(number))
        }
        #expect(policy.addressCount == 64)
        #expect(why(review(&policy, 1000)) != nil)
    }

    @Test func `A node that never tells of connections that close does no harm`() throws {
        var policy = try policy()
        policy.hear(.connectionEstablished(try remote(1)), times: 70_000)
        policy.hear(.connectionClosed(try remote(1)))
        #expect(policy.peers(at: address, now: at(0)) == (1, 0))
    }

    @Test func `A reload keeps who is where, who is protected, and which addresses are spared`() throws {
        let old = try sparing()
        var new = try policy(capacity: 128)
        new.adopt(old, now: at(0))
        #expect(new.peers(at: address, now: at(0)) == (4, 3))
        #expect(!passes(&new, .secured, try remote(2)))
        #expect(passes(&new, .secured, try remote(10)))
        #expect(passes(&new, .secured, try remote(11)))
        #expect(!passes(&new, .secured, try remote(12)))
        #expect(why(review(&new)) != nil)
    }

    @Test func `Terms that make no sense are refused`() {
        for share in [0, -0.5, 1.01] {
            #expect(throws: SentinelError.self) { try SharedAddresses.Terms(badShare: share) }
        }
        for count in [0, 101] {
            #expect(throws: SentinelError.self) { try SharedAddresses.Terms(badAfter: count) }
        }
        #expect(throws: SentinelError.self) { try SharedAddresses.Terms(forgetAfter: .zero) }
        #expect(throws: SentinelError.self) { try SharedAddresses.Terms(probation: .seconds(-1)) }
    }
}
