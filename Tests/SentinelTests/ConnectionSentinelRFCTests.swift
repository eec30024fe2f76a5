// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Sentinel
import Testing

// The RFC "Connection Sentinels", sentence by sentence. What it asks of the network stack the example node does:
//
// | "An implementation of `ConnectionSentinel` can be passed via `librad::net::peer::Config` to
//    `librad::net::peer::Peer`." | NodeGate, in all of SeedNodeTests |
// | "`allow_stream` is called whenever a new stream might be opened …" | GateDocumentationTests |
// | "… in the case of a `Deny` decision then `incoming` returns an error, terminating the entire connection." |
//    ConnectionTests `A denied stream ends the connection, as the RFC has it` |
// | "An alternative approach might be just to deny opening this stream and leave the rest of the connection intact." |
//    ConnectionTests `A denied stream may be all that is refused` |
//
// "Terminating a connection when `Deny` is returned from `allow_stream` will mean a bunch of spurious error messages …"
// and "This seems like simpler behaviour which will be easier to debug." promise nothing of a sentinel.

@Suite struct ConnectionSentinelRFCTests {
    let time = ManualTime()
    let address = numbered(7)
    let remote: RemotePeer

    init() throws {
        remote = .inbound(numbered(7), id: try peer(1))
    }

    private func sentinel(_ policies: any Policy...) throws -> PolicySentinel {
        try PolicySentinel(policies, clock: time.clock)
    }

    private func rate(burst: Int) throws -> SourceRate {
        try SourceRate(name: "rate", limits: .init(TokenRate(1, per: .seconds(1), burst: burst)))
    }

    /// Radicle's own limits of streams.
    private func streams(_ action: StreamAction = .endConnection) throws -> StreamLimits {
        try StreamLimits(
            name: "streams",
            limits: [
                .membership: .init(rate: TokenRate(1, per: .seconds(1), burst: 10), action: action),
                .git: .init(rate: TokenRate(1, per: .seconds(60), burst: 5), action: action),
            ])
    }

    @Test(
        """
        "We have observed problems when running the seed wherein some misbehaving peers create many incoming \
        connections to the seed node consuming all the CPU on the node and causing it to become unresponsive."
        """)
    func manyConnections() throws {
        let sentinel = try sentinel(rate(burst: 10))
        let denials = (0..<10_000).compactMap { _ in sentinel.allowConnection(.inbound(address)).denial }
        #expect(denials.count == 9990)
        #expect(denials.first?.plane == .kernel)
        // The others go on.
        #expect((0..<100).allSatisfy { sentinel.allowConnection(.inbound(numbered(100 + $0))).isAllowed })
    }

    @Test(
        """
        "There are multiple solutions to this - rate limiting, …"
        """)
    func rateLimiting() throws {
        let sentinel = try sentinel(rate(burst: 2))
        func passed() -> Int { (0..<10).count { _ in sentinel.allowConnection(.inbound(address)).isAllowed } }
        #expect(passed() == 2)
        time.set(at(1000))
        #expect(passed() == 1)
    }

    @Test(
        """
        "… allow/deny lists, …"
        """)
    func lists() throws {
        var deny = AccessList(name: "deny", effect: .deny)
        try deny.insert(.network(block("198.18.0.0/24")), reason: .denyListed, now: at(0))
        var allow = AccessList(name: "allow", effect: .admit)
        try allow.insert(.address(address), reason: .allowListed, now: at(0))
        let sentinel = try sentinel(allow, deny)
        #expect(sentinel.allowConnection(.inbound(address)) == .allow)
        #expect(sentinel.allowConnection(.inbound(numbered(8))).denial?.reason == .denyListed)
        #expect(sentinel.allowConnection(.inbound(numbered(0x100))) == .allow)
    }

    @Test(
        """
        "… more complex reputation systems etc."
        """)
    func reputation() throws {
        let sentinel = try sentinel(
            Reputation(name: "reputation", terms: .init(thresholds: .init(), halfLife: .seconds(60))))
        for _ in 0..<4 {
            #expect(sentinel.allowConnection(remote) == .allow)
            sentinel.observe(.misbehaved(remote, .protocolViolation))
        }
        #expect(sentinel.allowConnection(remote).denial?.reason == .reputation)
        #expect(
            sentinel.allowConnection(.inbound(numbered(8), id: try peer(1))).denial?.reason == .reputation)
        time.set(at(61_000))
        #expect(sentinel.allowConnection(remote) == .allow)
    }

    @Test(
        """
        "To support these solutions `librad` must expose a mechanism for determining whether to accept a connection."
        """)
    func mechanism() throws {
        let sentinel: any ConnectionSentinel = try sentinel(rate(burst: 1))
        #expect(sentinel.allowConnection(.inbound(address)) == .allow)
        #expect(!sentinel.allowConnection(.inbound(address)).isAllowed)
        // Whoever has written a gater has written a sentinel.
        let gater: any ConnectionSentinel = GaterSentinel(try self.sentinel(rate(burst: 1)))
        #expect(gater.allowConnection(.inbound(address)) == .allow)
        #expect(!gater.allowConnection(.inbound(address)).isAllowed)
    }

    @Test(
        """
        "The librad network stack runs several different services, each of these has different performance \
        characteristics and is likely to warrant different filtering policies."
        """)
    func services() throws {
        let sentinel = try sentinel(streams())
        func passed(_ type: StreamType) -> Int {
            (0..<100).count { _ in sentinel.allowStream(remote, type).isAllowed }
        }
        #expect(passed(.git) == 5)
        #expect(passed(.membership) == 10)
        #expect(passed(.gossip) == 100)
        #expect(passed(.interrogation) == 100)
    }

    @Test(
        """
        "On that basis we expose the following interface for applications to decide whether a connection or a stream \
        should be accepted"
        """)
    func interface() throws {
        let sentinel = try sentinel(rate(burst: 1), streams())
        let decisions = [
            sentinel.allowConnection(remote), sentinel.allowStream(remote, .git),
            sentinel.allowConnection(remote),
        ]
        #expect(decisions.map(\.isAllowed) == [true, true, false])
    }

    @Test(
        """
        "enum Decision { Allow, Deny{reason: String} }"
        """)
    func reasons() throws {
        let sentinel = try sentinel(rate(burst: 1))
        _ = sentinel.allowConnection(remote)
        let denial = try #require(sentinel.allowConnection(remote).denial)
        #expect(
            denial.description
                == "accept denied by rate, rate-limit: comes more often than one in 1.0 seconds, 1 at once")
    }

    @Test(
        """
        "This `ConnectionSentinel` is notified when a connection is established and when new streams are opened."
        """)
    func notified() throws {
        let limits = try ConnectionLimits(name: "connections", limits: .init(peer: .init(inbound: 1)))
        let open = try StreamLimits(name: "streams", limits: [.git: .init(open: 1)])
        let sentinel = try sentinel(limits, open)
        for _ in 0..<3 {
            #expect(sentinel.allowConnection(remote) == .allow)
            #expect(sentinel.allowStream(remote, .git) == .allow)
        }
        sentinel.connectionEstablished(remote)
        #expect(sentinel.allowConnection(remote).denial?.reason == .connectionLimit)
        sentinel.streamOpened(remote, .git)
        #expect(sentinel.allowStream(remote, .git).denial?.reason == .streamLimit)
        sentinel.streamClosed(remote, .git)
        #expect(sentinel.allowStream(remote, .git) == .allow)
    }

    @Test(
        """
        "`allow_connection` is called whenever a new connection might be established and if it returns \
        `Decision::Deny` then the connection is rejected."
        """, arguments: [Direction.inbound, .outbound, .unknown])
    func anyConnection(direction: Direction) throws {
        var deny = AccessList(name: "deny", effect: .deny)
        try deny.insert(.peer(peer(1)), reason: .denyListed, now: at(0))
        let sentinel = try sentinel(deny)
        var remote = remote
        remote.direction = direction
        let denial = try #require(sentinel.allowConnection(remote).denial)
        #expect(denial.check == [.inbound: .accept, .outbound: .addressDial, .unknown: .secured][direction])
        remote.id = try peer(2)
        #expect(sentinel.allowConnection(remote) == .allow)
    }

    @Test(
        """
        "`allow_stream` is called whenever a new stream might be opened …, in the case of a `Deny` decision then \
        `incoming` returns an error, terminating the entire connection."
        """)
    func entireConnection() throws {
        let sentinel = try sentinel(streams())
        for _ in 0..<5 { #expect(sentinel.allowStream(remote, .git) == .allow) }
        let denial = try #require(sentinel.allowStream(remote, .git).denial)
        #expect(denial.streamAction == .endConnection)
        #expect(denial.plane == .userSpace)
    }

    @Test(
        """
        "An alternative approach might be just to deny opening this stream and leave the rest of the connection \
        intact."
        """)
    func streamOnly() throws {
        let sentinel = try sentinel(streams(.refuseStream))
        for _ in 0..<5 { #expect(sentinel.allowStream(remote, .git) == .allow) }
        #expect(sentinel.allowStream(remote, .git).denial?.streamAction == .refuseStream)
        #expect(sentinel.allowStream(remote, .membership) == .allow)
    }

    @Test(
        """
        "This would potentially allow the peer to open a stream later after some rate limiting window has expired."
        """)
    func later() throws {
        let sentinel = try sentinel(streams(.refuseStream))
        for _ in 0..<5 { #expect(sentinel.allowStream(remote, .git) == .allow) }
        for _ in 0..<100 { #expect(!sentinel.allowStream(remote, .git).isAllowed) }
        time.set(at(60_000))
        #expect(sentinel.allowStream(remote, .git) == .allow)
        #expect(!sentinel.allowStream(remote, .git).isAllowed)
    }

    @Test(
        """
        "The current peer implementation doesn't behave like this though, it just closes the entire connection if \
        the open stream fails."
        """)
    func unlessToldOtherwise() throws {
        #expect(try StreamLimits.Limit(open: 1).action == .endConnection)
        #expect(Denial(at: .stream, by: "any", reason: .rate).streamAction == .endConnection)
    }
}
