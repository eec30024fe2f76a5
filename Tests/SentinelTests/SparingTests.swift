// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Sentinel
import Testing

/// What sparing may cost, and whom nothing is held against.
@Suite struct SparingTests {
    private let address = numbered(7)

    private func rate(_ burst: Int = 1, peer: TokenRate? = nil) throws -> SourceRate {
        var limits = try SourceRate.Limits(TokenRate(1, per: .seconds(3600), burst: burst))
        limits.peer = peer
        return try SourceRate(name: "rate", limits: limits)
    }

    private func shared(handshakes: Int = 5) throws -> SharedAddresses {
        SharedAddresses(
            name: "shared",
            terms: try .init(handshakes: TokenRate(1, per: .seconds(3600), burst: handshakes)))
    }

    private func sentinel(_ policies: any Policy...) throws -> PolicySentinel {
        try PolicySentinel(policies) { at(0) }
    }

    private func accept(by sentinel: PolicySentinel) -> Ruling {
        sentinel.rule(on: Question(.accept, about: .inbound(address)))
    }

    @Test func `Whoever shares an address with himself is spared so many handshakes, and no more`() throws {
        let sentinel = try sentinel(rate(), shared(handshakes: 5))
        for number in 1...2 {
            sentinel.observe(.connectionEstablished(.inbound(address, id: try peer(number))))
        }
        #expect(accept(by: sentinel) == Ruling(decision: .allow))
        for _ in 0..<5 {
            let ruling = accept(by: sentinel)
            #expect(ruling.decision.isAllowed)
            #expect(ruling.spared?.reason == .rate)
        }
        for _ in 0..<5 {
            let denial = try #require(accept(by: sentinel).decision.denial)
            #expect(denial.policy == "rate")
            #expect(denial.plane == .userSpace)
            #expect(denial.detail.contains("shared address"))
        }
    }

    @Test func `A block that is denied is none where its address has used up what it is spared`() throws {
        let widening = try Widening(
            name: "widening", terms: .init(levels: [.init(.ipv4, prefixLength: 24, sources: 2)]))
        let sentinel = try sentinel(rate(), widening, shared(handshakes: 1))
        for number in 1...2 {
            sentinel.observe(.connectionEstablished(.inbound(address, id: try peer(number))))
        }
        for other in [20, 21, 22, 23, 24, 25] {
            let question = Question(.accept, about: .inbound(numbered(other)))
            for _ in 0..<2 { _ = sentinel.decide(question) }
        }
        for _ in 0..<8 {
            if let denial = accept(by: sentinel).decision.denial {
                #expect(denial.network == nil)
                #expect(denial.plane == .userSpace)
            }
        }
        #expect(!accept(by: sentinel).decision.isAllowed)
    }

    @Test func `To have as many connections as one may have is no offence`() throws {
        let sentinel = try sentinel(
            ConnectionLimits(name: "connections", limits: .init(peer: .init(inbound: 1))),
            Reputation(name: "reputation", terms: .init(thresholds: .init())))
        let remote = RemotePeer.inbound(address, id: try peer(1))
        sentinel.observe(.connectionEstablished(remote))
        for _ in 0..<100 {
            let denial = try #require(sentinel.decide(Question(.secured, about: remote)).denial)
            #expect(denial.reason == .connectionLimit)
        }
        let scores = sentinel.withPolicy("reputation", as: Reputation.self) { policy, now in
            policy.score(address, now: now)
        }
        #expect(scores.allSatisfy { $0 == 0 })
    }

    @Test func `Where a node knows at accept who comes, the peer's rate counts there, and blocks no address`()
        throws
    {
        let sentinel = try sentinel(
            rate(1000, peer: TokenRate(1, per: .seconds(3600), burst: 2)))
        let remote = RemotePeer.inbound(address, id: try peer(1))
        #expect(sentinel.allowConnection(remote).isAllowed)
        #expect(sentinel.allowConnection(remote).isAllowed)
        let denial = try #require(sentinel.allowConnection(remote).denial)
        #expect(denial.basis == .peer)
        #expect(denial.plane == .userSpace)
        #expect(sentinel.allowConnection(.inbound(address, id: try peer(2))).isAllowed)
    }

    @Test func `Who only claims to be a peer uses up none of its tokens`() throws {
        let sentinel = try sentinel(
            rate(1000, peer: TokenRate(1, per: .seconds(3600), burst: 2)))
        let id = try peer(1)
        for _ in 0..<100 {
            _ = sentinel.allowConnection(.inbound(numbered(8), id: id, source: .unproven))
        }
        #expect(sentinel.allowConnection(.inbound(address, id: id)).isAllowed)
    }

    @Test func `A policy that comes with a reload knows whom the node protects`() throws {
        let sentinel = try sentinel(rate())
        let (friend, former) = (try peer(1), try peer(2))
        sentinel.observe(.protected(friend))
        sentinel.observe(.protected(former))
        sentinel.observe(.unprotected(former))
        try sentinel.replacePolicies([rate(), shared()])
        let other = numbered(9)
        sentinel.observe(.connectionEstablished(.inbound(address, id: friend)))
        sentinel.observe(.connectionEstablished(.inbound(other, id: former)))
        #expect(accept(by: sentinel).decision.isAllowed)
        #expect(accept(by: sentinel).spared?.detail.contains("protected") == true)
        let question = Question(.accept, about: .inbound(other))
        #expect(sentinel.decide(question).isAllowed)
        #expect(!sentinel.decide(question).isAllowed)
    }
}
