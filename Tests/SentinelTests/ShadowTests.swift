// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Sentinel
import Testing

@Suite struct ShadowTests {
    private func sentinel(_ policies: [any Policy]) throws -> PolicySentinel {
        try PolicySentinel(policies) { at(0) }
    }

    private func accept(_ last: UInt8, by sentinel: PolicySentinel) -> Decision {
        let address = IPAddress.v4(IPv4Address(203, 0, 113, last))
        return sentinel.decide(Question(.accept, about: .inbound(address)))
    }

    private func once() throws -> SourceRate {
        try SourceRate(
            name: "rate", limits: .init(TokenRate(1, per: .seconds(60), burst: 1), prefixLength4: 32))
    }

    @Test func `What a shadow would have denied is counted, with what it would have said, and let pass`()
        throws
    {
        let sentinel = try sentinel([Shadowed(try once())])
        for _ in 0..<5 { #expect(accept(1, by: sentinel) == .allow) }
        let tally = try #require(sentinel.tallies.first)
        #expect(tally.shadow == 4)
        #expect(tally.denied == 0)
        #expect(tally.last?.reason == .rate)
    }

    @Test func `Whom a shadow would have admitted is asked about further`() throws {
        var friends = AccessList(name: "friends", effect: .admit)
        try friends.insert(
            .address(.v4(IPv4Address(203, 0, 113, 1))), reason: .allowListed, now: at(0))
        let sentinel = try sentinel([Shadowed(friends), try once()])
        #expect(accept(1, by: sentinel).isAllowed)
        #expect(!accept(1, by: sentinel).isAllowed)
        #expect(sentinel.tallies.first?.shadow == 2)
        #expect(sentinel.tallies.first?.admitted == 0)
    }

    @Test func `Blocks that a shadow would have denied are counted, and only addresses are`() throws {
        let widening = try Widening(
            name: "widening", terms: .init(levels: [.init(.ipv4, prefixLength: 24, sources: 2)]))
        let sentinel = try sentinel([try once(), Shadowed(widening)])
        for last in 1...40 {
            #expect(accept(UInt8(last), by: sentinel).isAllowed)
            #expect(accept(UInt8(last), by: sentinel).denial?.network == nil)
        }
        // The sketch may miss some, but not most.
        let tally = sentinel.tallies[1]
        #expect(tally.shadow > 20)
        #expect(tally.last?.network == IPNetwork("203.0.113.0/24"))
    }

    @Test func `Addresses that a shadow would have spared are counted, and denied`() throws {
        let sentinel = try sentinel([
            try once(), Shadowed(SharedAddresses(name: "shared", terms: try .init())),
        ])
        let address = IPAddress.v4(IPv4Address(203, 0, 113, 1))
        for number in 1...3 {
            let peer = try PeerID(ed25519PublicKey: [UInt8](repeating: UInt8(number), count: 32))
            sentinel.observe(.connectionEstablished(.inbound(address, id: peer)))
        }
        #expect(accept(1, by: sentinel).isAllowed)
        #expect(!accept(1, by: sentinel).isAllowed)
        #expect(sentinel.tallies[1].shadow == 1)
        #expect(sentinel.tallies[1].last?.detail.contains("spared") == true)
        #expect(sentinel.tallies[0].denied == 1)
    }
}
