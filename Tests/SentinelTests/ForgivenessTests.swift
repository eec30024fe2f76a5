// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Sentinel
import Testing

/// What is held against whom comes to an end.
@Suite struct ForgivenessTests {
    let address = IPAddress.v4(IPv4Address(203, 0, 113, 7))
    let peer: PeerID

    init() throws {
        peer = try PeerID(parsing: Peers.ed25519)
    }

    @Test func beingOfUseMakesUpForOffencesAtASharedAddress() throws {
        var shared = SharedAddresses(name: "shared", terms: try .init(badAfter: 3))
        let remote = RemotePeer.inbound(address, id: peer)
        for second in 0..<3 { shared.observe(.misbehaved(remote, .timeout), now: at(Int64(second) * 1000)) }
        #expect(shared.peers(at: address, now: at(3000)) == (known: 1, bad: 1))
        shared.observe(.behaved(remote), now: at(4000))
        #expect(shared.peers(at: address, now: at(4000)) == (known: 1, bad: 0))
        shared.observe(.misbehaved(remote, .timeout), now: at(5000))
        #expect(shared.peers(at: address, now: at(5000)) == (known: 1, bad: 1))
        shared.observe(.behaved(remote, credit: 1000), now: at(6000))
        shared.observe(.behaved(remote, credit: -1000), now: at(6000))
        #expect(shared.peers(at: address, now: at(6000)) == (known: 1, bad: 0))
    }

    @Test func anAddressIsForgivenSoonerThanThePeerThatWasThere() throws {
        let terms = try Reputation.Terms(thresholds: .init(avoid: 16, ban: 32), halfLife: .seconds(3600))
        var reputation = Reputation(name: "reputation", terms: terms)
        let remote = RemotePeer.inbound(address, id: peer)
        for _ in 0..<100 { reputation.observe(.misbehaved(remote, .protocolViolation), now: at(0)) }
        let stranger = Question(.accept, about: .inbound(address))
        let offender = Question(.secured, about: remote)
        #expect(reputation.decide(stranger, now: at(449_000)).denial?.plane == .kernel)
        #expect(reputation.decide(stranger, now: at(451_000)) == .pass)
        #expect(reputation.decide(offender, now: at(451_000)).denial != nil)
        // It takes one more offence.
        reputation.observe(.misbehaved(remote, .protocolViolation), now: at(451_000))
        #expect(reputation.decide(stranger, now: at(452_000)).denial != nil)
    }
}
