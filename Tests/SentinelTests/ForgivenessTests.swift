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
}
