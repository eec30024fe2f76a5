// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Sentinel
import SentinelProtocol
import Testing

@testable import SentinelClient

@Suite(.timeLimit(.minutes(1)))
struct PeerDialTests {
    private static let address = "/ip4/203.0.113.9/tcp/4001"
    private static let later = "/ip6/2001:db8::9/udp/4001/quic-v1"

    @Test
    func `a denied peer's endpoints are handed over, and those learned later follow`() async throws {
        let peer = try peer(1)
        try await Fixture.run { fixture in
            fixture.handOver.learn(peer: peer, addresses: [try Multiaddr(parsing: Self.address)])
            fixture.deny(peer)
            let first = await fixture.helper.next()
            #expect(first.map(\.subject) == ["tcp:203.0.113.9:4001"])
            #expect(first.map(\.check) == [.dial])
            #expect(first.map(\.peer) == [peer.description])
            fixture.handOver.learn(peer: peer, addresses: [try Multiaddr(parsing: Self.later)])
            #expect(await fixture.helper.nextSubjects() == ["udp:[2001:db8::9]:4001"])
        }
    }

    @Test
    func `later endpoints are blocked until the end that the first one's receipt says`() async throws {
        let peer = try peer(1)
        try await Fixture.run { fixture in
            let wall = fixture.time.timing.wall().rawValue
            await fixture.helper.answer(thenAlways: .enforce(expires: Timestamp(rawValue: wall + 60_000)))
            fixture.handOver.learn(peer: peer, addresses: [try Multiaddr(parsing: Self.address)])
            fixture.deny(peer)
            #expect(await fixture.helper.next().map(\.duration) == [nil])
            await fixture.waitForAnswers(1)
            fixture.time.advance(milliseconds: 20_000)
            fixture.handOver.learn(peer: peer, addresses: [try Multiaddr(parsing: Self.later)])
            #expect(await fixture.helper.next().map(\.duration) == [Milliseconds(.seconds(40))])
            await fixture.waitForAnswers(1)
            fixture.time.advance(milliseconds: 40_000)
            fixture.handOver.learn(peer: peer, addresses: [try Multiaddr(parsing: "/ip4/203.0.113.10/tcp/1")])
            // What comes next is not that endpoint: the denial is over.
            fixture.deny(source(1))
            #expect(await fixture.helper.nextSubjects() == ["10.0.0.1"])
        }
    }

    @Test
    func `a peer that may be dialled again is not blocked at endpoints learned later`() async throws {
        let peer = try peer(1)
        try await Fixture.run { fixture in
            fixture.deny(peer, for: .seconds(600))
            fixture.handOver.allowPeerDial(peer)
            fixture.handOver.learn(peer: peer, addresses: [try Multiaddr(parsing: Self.address)])
            fixture.deny(source(1))
            #expect(await fixture.helper.nextSubjects() == ["10.0.0.1"])
        }
    }

    @Test
    func `a relay's address is never blocked for the peer behind it`() async throws {
        let peer = try peer(1)
        try await Fixture.run { fixture in
            fixture.deny(peer)
            let relayed = "/ip4/203.0.113.9/tcp/1/p2p/\(try Self.relay().description)/p2p-circuit/p2p/\(peer)"
            fixture.handOver.learn(peer: peer, addresses: [try Multiaddr(parsing: relayed)])
            fixture.deny(source(1))
            #expect(await fixture.helper.nextSubjects() == ["10.0.0.1"])
        }
    }

    @Test
    func `a denied peer can't have an honest one's endpoint blocked by claiming it`() async throws {
        let (honest, denied) = (try peer(1), try peer(2))
        let address = try Multiaddr(parsing: Self.address)
        try await Fixture.run { fixture in
            fixture.handOver.connected(to: honest, at: address)
            fixture.handOver.learn(peer: denied, addresses: [address])
            fixture.deny(denied)
            fixture.handOver.learn(peer: denied, addresses: [address, try Multiaddr(parsing: Self.later)])
            #expect(await fixture.helper.nextSubjects() == ["udp:[2001:db8::9]:4001"])
            #expect(fixture.statistics.spared == 2)
        }
    }

    private static func relay() throws -> PeerID { try peer(9) }
}

struct AddressBookTests {
    private let start = MonotonicInstant(nanoseconds: 0)
    private let denial = AddressBook.PeerDenial(reason: .denyListed, detail: "", hasWish: false, until: nil)

    private func endpoint(_ number: Int) -> Endpoint {
        Endpoint(
            address: .v4(IPv4Address(bits: 0xCB00_7100 + UInt32(number))), transport: .tcp, port: 4001)
    }

    private func isDenied(_ finding: AddressBook.Finding) -> Bool {
        if case .denied = finding { true } else { false }
    }

    @Test
    func `a flood of peers doesn't push out a denied one`() throws {
        var book = AddressBook(knownPeers: 4, deniedPeers: 2, endpointsPerPeer: 2)
        let denied = try peer(255)
        _ = book.deny(denied, denial, now: start)
        for number in 0..<200 {
            _ = book.learn(endpoint(number), of: try peer(UInt8(number)), now: start)
        }
        #expect(isDenied(book.learn(endpoint(0), of: denied, now: start)))
    }

    @Test
    func `the peer that was learned least recently is forgotten first`() throws {
        var book = AddressBook(knownPeers: 2, deniedPeers: 2, endpointsPerPeer: 2)
        for number: UInt8 in [1, 2, 1, 3] {
            _ = book.learn(endpoint(Int(number)), of: try peer(number), now: start)
        }
        #expect(book.deny(try peer(1), denial, now: start).endpoints == [endpoint(1)])
        #expect(book.deny(try peer(2), denial, now: start).endpoints == [])
        #expect(book.deny(try peer(3), denial, now: start).endpoints == [endpoint(3)])
    }

    @Test
    func `a peer has so many endpoints, and a denied one gets no others for them`() throws {
        var book = AddressBook(knownPeers: 2, deniedPeers: 2, endpointsPerPeer: 2)
        let peer = try peer(1)
        for number in 0..<3 { _ = book.learn(endpoint(number), of: peer, now: start) }
        #expect(book.deny(peer, denial, now: start).endpoints == [endpoint(1), endpoint(2)])
        guard case .tooMany = book.learn(endpoint(3), of: peer, now: start) else {
            Issue.record("a third endpoint")
            return
        }
        guard case .noted = book.learn(endpoint(2), of: peer, now: start) else {
            Issue.record("twice the same endpoint")
            return
        }
    }

    @Test
    func `an endpoint that two denied peers share is blocked`() throws {
        var book = AddressBook(knownPeers: 2, deniedPeers: 2, endpointsPerPeer: 2)
        book.prove(endpoint(1), isOf: try peer(1))
        _ = book.learn(endpoint(1), of: try peer(2), now: start)
        #expect(book.deny(try peer(2), denial, now: start).endpoints == [])
        _ = book.deny(try peer(1), denial, now: start)
        #expect(book.deny(try peer(2), denial, now: start).endpoints == [endpoint(1)])
    }
}
