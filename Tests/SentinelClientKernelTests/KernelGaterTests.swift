// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import NIOCore
import NIOPosix
import Sentinel
import SentinelClient
import Testing

@Suite(.timeLimit(.minutes(1)))
struct KernelGaterTests {
    private static let listed4 = IPAddress.v4(IPv4Address(203, 0, 113, 7))
    private static let listed6 = IPAddress.v6(IPv6Address(high: 0x2001_0DB8_0000_0007, low: 7))

    @Test
    func `denials before the handshake are in the kernel's sets, later ones are not`() async throws {
        try await HelperInNamespace.run { helper in
            let gater = try Self.gater(helper)
            let running = Task { await gater.run() }
            _ = gater.interceptAccept(try inbound("/ip4/203.0.113.7/tcp/5000"))
            _ = gater.interceptAccept(try inbound("/ip6/2001:db8:0:7::7/tcp/5000"))
            await helper.waitForAnswers(2)
            #expect(try await helper.keys("accept4") == ["203.0.113.7"])
            #expect(try await helper.keys("accept6") == ["2001:db8:0:7::"])
            #expect(try await helper.keys("dial4") == [])
            #expect(try await helper.keys("dial6") == [])

            let stranger = try peer(1)
            _ = gater.interceptAddressDial(stranger, try Multiaddr(parsing: "/ip4/203.0.113.7/tcp/4001"))
            _ = gater.interceptAddressDial(
                stranger, try Multiaddr(parsing: "/ip6/2001:db8:0:7::7/udp/4001/quic-v1"))
            await helper.waitForAnswers(2)
            #expect(try await helper.keys("dial4") == ["203.0.113.7 . tcp . 4001"])
            #expect(try await helper.keys("dial6") == ["2001:db8:0:7::7 . udp . 4001"])

            let before = try await helper.allKeys()
            let (denied, addresses) = (try peer(2), try inbound("/ip4/192.0.2.9/tcp/5000"))
            let remote = RemotePeer(id: denied, addresses: addresses, direction: .inbound)
            #expect(!gater.interceptSecured(.inbound, denied, addresses).isAllowed)
            #expect(
                !gater.interceptUpgraded(Connection(id: .init(rawValue: 1), remote: remote)).decision
                    .isAllowed)
            #expect(!gater.allowStream(remote, .gossip).isAllowed)
            let unproven = ConnectionAddresses(
                local: nil, remote: try Multiaddr(parsing: "/ip4/203.0.113.7/udp/5000/quic-v1"),
                source: .unproven)
            #expect(!gater.interceptAccept(unproven).isAllowed)
            // What is answered now would have been behind them.
            _ = gater.interceptAccept(try inbound("/ip4/203.0.113.7/tcp/5001"))
            await helper.waitForAnswers(1)
            #expect(try await helper.allKeys() == before)
            #expect(gater.statistics.unvalidated == 1)
            #expect(gater.statistics.enforced == 5)
            running.cancel()
            await running.value
        }
    }

    @Test
    func `a peer's endpoints are in the sets once it is denied, and later ones follow`() async throws {
        try await HelperInNamespace.run { helper in
            let gater = try Self.gater(helper)
            let running = Task { await gater.run() }
            let denied = try peer(2)
            gater.learn(
                peer: denied,
                addresses: [
                    try Multiaddr(parsing: "/ip4/198.51.100.9/udp/4001/quic-v1"),
                    try Multiaddr(parsing: "/ip6/2001:db8:0:9::9/tcp/4001"),
                ])
            #expect(!gater.interceptPeerDial(denied).isAllowed)
            await helper.waitForAnswers(2)
            #expect(try await helper.keys("dial4") == ["198.51.100.9 . udp . 4001"])
            #expect(try await helper.keys("dial6") == ["2001:db8:0:9::9 . tcp . 4001"])
            gater.learn(peer: denied, addresses: [try Multiaddr(parsing: "/ip4/198.51.100.10/tcp/8776")])
            await helper.waitForAnswers(1)
            #expect(
                Set(try await helper.keys("dial4")) == [
                    "198.51.100.9 . udp . 4001", "198.51.100.10 . tcp . 8776",
                ])
            #expect(try await helper.keys("accept4") == [])
            running.cancel()
            await running.value
        }
    }

    @Test
    func `what was denied while the helper was away is in the sets when it has come`() async throws {
        try await HelperInNamespace.run(startsAtOnce: false) { helper in
            let gater = try Self.gater(helper)
            let running = Task { await gater.run() }
            _ = gater.interceptAccept(try inbound("/ip4/203.0.113.7/tcp/5000"))
            try await helper.start()
            await helper.waitForAnswers(1)
            #expect(try await helper.keys("accept4") == ["203.0.113.7"])
            running.cancel()
            await running.value
        }
    }

    /// A gater with a list: one peer, one address of each family.
    private static func gater(_ helper: HelperInNamespace) throws -> KernelGater<PolicySentinel> {
        let clock = HandOver.Timing.system.now
        var list = AccessList(name: "list", effect: .deny)
        for subject: AccessList.Subject in [.address(listed4), .address(listed6), .peer(try peer(2))] {
            try list.insert(subject, reason: .denyListed, for: .seconds(600), now: clock())
        }
        var configuration = HandOver.Configuration()
        configuration.socket = helper.socket
        return KernelGater(
            wrapping: try PolicySentinel([list], clock: clock), configuration,
            on: MultiThreadedEventLoopGroup.singleton, logger: helper.logger,
            observer: { helper.noticed.yield($0) })
    }
}

/// The peer whose key consists of this byte.
func peer(_ number: UInt8) throws -> PeerID {
    try PeerID(ed25519PublicKey: [UInt8](repeating: number, count: 32))
}

/// An inbound TCP connection.
func inbound(_ remote: String) throws -> ConnectionAddresses {
    ConnectionAddresses(local: nil, remote: try Multiaddr(parsing: remote), source: .handshake)
}
