// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Glibc
import Inet
import NamespaceSupport
import SentinelProtocol
import SentineldSupport
import Testing
import Varlink

/// sentineld's own life: what it leaves when it ends or is killed, and finds when it starts again.
@Suite(.timeLimit(.minutes(1))) struct LifeTests {
    static let port: UInt16 = 8776

    /// The table's handle: another table of the same name has another.
    private func handle(_ namespace: NetworkNamespace) async throws -> Int? {
        let objects = try await namespace.nftList("tables")
        return objects.compactMap { $0["table"] as? [String: any Sendable] }
            .first { $0["name"] as? String == "sentinel" }?["handle"] as? Int
    }

    private func elements(_ namespace: NetworkNamespace, _ set: String = "accept4") async throws
        -> [ListedElement]
    {
        try await namespace.nftElements("inet", "sentinel", set).sorted { $0.key < $1.key }
    }

    @Test func `Killed, it leaves a ban of 2 s that ends by itself, and the client is served again`()
        async throws
    {
        let link = try await Link()
        let listener = try await link.node.run {
            let listener = try TestSocket(.tcp, at: Link.address(Link.node4), port: Self.port)
            try listener.listen()
            return listener
        }
        let client = Link.peers4[0]
        let sentineld = try await RunningSentineld.start(in: link.node, Place())
        #expect(try await link.connect(from: client, to: Link.node4, port: Self.port) == .ok)
        let other = Link.peers4[1]
        #expect(try await sentineld.submit(.accept, other).enforced)
        #expect(try await sentineld.submit(.accept, client, duration: 2000).enforced)
        #expect(try await sentineld.end(by: SIGKILL) == .killed(signal: SIGKILL))

        #expect(try await link.connect(from: other, to: Link.node4, port: Self.port) == .timedOut)
        try await until { try await elements(link.node).map(\.key) == [other] }
        #expect(try await link.connect(from: client, to: Link.node4, port: Self.port) == .ok)
        #expect(try await link.connect(from: other, to: Link.node4, port: Self.port) == .timedOut)
        #expect(try await handle(link.node) != nil, "the table itself stays")
        withExtendedLifetime(listener) {}
    }

    @Test func `Killed and started again, it takes over the same table with its bans`() async throws {
        let namespace = try await NetworkNamespace()
        let place = try Place()
        let first = try await RunningSentineld.start(in: namespace, place)
        for subject in ["192.0.2.1", "192.0.2.2"] {
            #expect(try await first.submit(.accept, subject, peer: "PeerA").enforced)
        }
        #expect(try await first.submit(.dial, "udp:[2001:db8::1]:4001", duration: 60_000).enforced)
        let bans = try await first.list()
        let (table, before) = (try await handle(namespace), try await elements(namespace))
        try await first.end(by: SIGKILL)

        let second = try await RunningSentineld.start(in: namespace, place)
        #expect(try await handle(namespace) == table)
        let after = try await elements(namespace)
        #expect(after.map(\.key) == before.map(\.key) && after.map(\.comment) == before.map(\.comment))
        for (after, before) in zip(after, before) {
            #expect(after.timeout == before.timeout)
            #expect(try #require(after.expires) <= #require(before.expires))
        }
        let adopted = try await second.list()
        #expect(Set(adopted.map(\.key)) == Set(bans.map(\.key)))
        for ban in adopted {
            let before = try #require(bans.first { $0.key == ban.key })
            #expect(ban.strikes == before.strikes && ban.peer == before.peer && ban.reason == before.reason)
            #expect(ban.caller == before.caller && ban.byOperator == before.byOperator)
            // Between reading the kernel's clock and our own some time may pass.
            #expect(try #require(ban.expires?.rawValue) <= #require(before.expires?.rawValue) + 1000)
        }
        // It is the ban that it was: renewing it is no strike.
        let renewed = try await second.submit(.accept, "192.0.2.1", duration: 86_400_000)
        #expect(renewed.enforced && renewed.strikes == 1)
        try await second.end(by: SIGTERM)
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func `Told to end, it does so without an error, and the table stays`(signal: Int32) async throws {
        let namespace = try await NetworkNamespace()
        let place = try Place()
        let sentineld = try await RunningSentineld.start(in: namespace, place)
        #expect(try await sentineld.submit(.accept, "192.0.2.1").enforced)
        let table = try await handle(namespace)
        #expect(try await sentineld.end(by: signal) == .exited(0))
        #expect(try await handle(namespace) == table)
        #expect(try await elements(namespace).map(\.key) == ["192.0.2.1"])
        #expect(access(place.socket, F_OK) != 0, "the socket is gone")
    }

    @Test func `A second one of the same network ends with 1, and says who has the table`() async throws {
        let namespace = try await NetworkNamespace()
        let first = try await RunningSentineld.start(in: namespace, Place())
        #expect(try await first.submit(.accept, "192.0.2.1").enforced)
        let place = try Place()
        let second = try await namespace.start([
            try Place.program("sentineld"), "--config", place.configuration,
        ])
        #expect(try await second.end() == .exited(1))
        let complaint = try await second.complaints()
        #expect(complaint.contains("inet sentinel"))
        #expect(complaint.contains("owned by the process with netlink port \(first.process.processID)"))
        #expect(try await first.list().count == 1)
        #expect(try await elements(namespace).count == 1)
        try await first.end(by: SIGTERM)
    }

    @Test func `A second one at the same socket ends with 1, and the first goes on`() async throws {
        let place = try Place()
        let first = try await RunningSentineld.start(in: NetworkNamespace(), place)
        let other = try await NetworkNamespace()
        let second = try await other.start([try Place.program("sentineld"), "--config", place.configuration])
        #expect(try await second.end() == .exited(1))
        #expect(try await second.complaints().contains(place.socket))
        #expect(try await first.submit(.accept, "192.0.2.1").enforced)
        try await first.end(by: SIGTERM)
    }

    @Test func `A flush of the ruleset leaves the table, its rules and its bans`() async throws {
        let namespace = try await NetworkNamespace()
        let sentineld = try await RunningSentineld.start(in: namespace, Place())
        #expect(try await sentineld.submit(.accept, "192.0.2.1").enforced)
        try await namespace.command("nft", "add", "table", "inet", "other")
        let rules = try await namespace.command("nft", "--terse", "list", "table", "inet", "sentinel")
        try await namespace.command("nft", "flush", "ruleset")
        #expect(try await namespace.nftList("tables").count == 1)
        #expect(try await namespace.command("nft", "--terse", "list", "table", "inet", "sentinel") == rules)
        #expect(try await elements(namespace).map(\.key) == ["192.0.2.1"])
        try await sentineld.end(by: SIGTERM)
    }

    @Test func `Released, it removes the table and takes no denials until it is started again`() async throws
    {
        let namespace = try await NetworkNamespace()
        let place = try Place()
        let sentineld = try await RunningSentineld.start(in: namespace, place)
        #expect(try await sentineld.submit(.accept, "192.0.2.1").enforced)
        _ = try await sentineld.client.call(HelperInterface.release)
        #expect(try await namespace.nftList("ruleset").isEmpty)
        let refusal = try #require(try await sentineld.submit(.accept, "192.0.2.1").refusal)
        #expect(refusal.code == .released && refusal.message.contains("restart sentineld"))
        #expect(try await sentineld.status().mode == .released)
        #expect(try await sentineld.end(by: SIGTERM) == .exited(0))
        #expect(try await namespace.nftList("ruleset").isEmpty)

        let again = try await RunningSentineld.start(in: namespace, place)
        #expect(try await again.submit(.accept, "192.0.2.1").enforced)
        #expect(try await elements(namespace).count == 1)
        try await again.end(by: SIGTERM)
    }

    @Test func `An address that the host gets while it runs is guarded from then on`() async throws {
        let namespace = try await NetworkNamespace()
        let sentineld = try await RunningSentineld.start(in: namespace, Place())
        for (address, block, set) in [
            ("203.0.113.7", "203.0.113.7/24", "exempt4"), ("2001:db8:7::1", "2001:db8:7::1/64", "exempt6"),
        ] {
            #expect(try await !elements(namespace, set).map(\.key).contains(address))
            try await namespace.command("ip", "address", "add", block, "dev", "lo")
            try await until { try await elements(namespace, set).map(\.key).contains(address) }
            let refusal = try await sentineld.submit(.accept, address).refusal
            #expect(refusal?.guardName == .ownAddress)
            try await namespace.command("ip", "address", "del", block, "dev", "lo")
            try await until { try await !elements(namespace, set).map(\.key).contains(address) }
            #expect(try await sentineld.submit(.accept, address).enforced)
        }
        try await sentineld.end(by: SIGTERM)
    }
}
