// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Testing

@testable import SentinelHelper

@Suite struct OperatorSessionsTests {
    static func connection(_ cookie: UInt64, _ address: String, silence: Int64 = 0) throws
        -> OperatorSessions.Connection
    {
        .init(cookie: cookie, remote: try #require(IPAddress(address)), silence: silence)
    }

    private func update(
        _ sessions: inout OperatorSessions, at now: Int64, _ connections: [OperatorSessions.Connection]
    ) -> [String] {
        _ = sessions.update(connections, loginGrace: 120_000, at: now)
        return sessions.addresses.map(\.description)
    }

    @Test func `A connection counts once it is older than a login may take`() throws {
        var sessions = OperatorSessions()
        let connection = try Self.connection(1, "192.0.2.1")
        #expect(update(&sessions, at: 1000, [connection]) == [])
        #expect(update(&sessions, at: 121_000, [connection]) == [])
        #expect(update(&sessions, at: 121_001, [connection]) == ["192.0.2.1"])
    }

    @Test func `One that was silent for longer counts at once`() throws {
        var sessions = OperatorSessions()
        let old = try Self.connection(1, "192.0.2.1", silence: 120_001)
        let young = try Self.connection(2, "192.0.2.2", silence: 120_000)
        #expect(update(&sessions, at: 1_000_000, [old, young]) == ["192.0.2.1"])
        // It isn't younger for having been used since.
        #expect(
            update(&sessions, at: 1_001_000, [try Self.connection(2, "192.0.2.2")]) == [
                "192.0.2.1", "192.0.2.2",
            ])
    }

    @Test func `Who connects again and again has no old connection`() throws {
        var sessions = OperatorSessions()
        for step in 0..<100 {
            let connection = try Self.connection(UInt64(step), "192.0.2.1")
            #expect(update(&sessions, at: Int64(step) * 100_000, [connection]) == [])
        }
    }

    @Test func `An address stays for a minute after its last session`() throws {
        var sessions = OperatorSessions()
        let connection = try Self.connection(1, "192.0.2.1", silence: 200_000)
        #expect(update(&sessions, at: 1_000_000, [connection]) == ["192.0.2.1"])
        #expect(update(&sessions, at: 1_059_999, []) == ["192.0.2.1"])
        #expect(update(&sessions, at: 1_060_000, []) == [])
    }

    @Test func `No more addresses than there may be, those of the oldest sessions, and no more connections`()
        throws
    {
        var sessions = OperatorSessions()
        let many = try (0..<3000).map {
            try Self.connection(UInt64($0), "10.0.\($0 / 256).\($0 % 256)", silence: 500_000 - Int64($0))
        }
        let found = update(&sessions, at: 1_000_000, many)
        #expect(found == (0..<OperatorSessions.mostAddresses).map { "10.0.0.\($0)" })
        // They keep their places.
        let older = try Self.connection(5000, "192.0.2.1", silence: 900_000)
        #expect(update(&sessions, at: 1_001_000, many + [older]) == found)
    }
}

@Suite struct ResolversTests {
    @Test(arguments: [
        ("nameserver 192.0.2.1", ["192.0.2.1"]),
        ("# nameserver 192.0.2.1\n;nameserver 192.0.2.2\nnameserver\t192.0.2.3 # near\n", ["192.0.2.3"]),
        ("nameserver fe80::1%eth0\r\nnameserver ::ffff:192.0.2.1\r\n", ["192.0.2.1", "fe80::1"]),
        ("nameserver\nnameserver dns.example\nnameservers 192.0.2.1\nNAMESERVER 192.0.2.1\n", []),
        ("", []), ("\u{0}\u{FFFD}nameserver 1", []),
    ])
    func `Name servers are read as the system's resolver reads them`(text: String, servers: [String]) {
        #expect(Resolvers.servers(text).map(\.description).sorted() == servers)
    }

    @Test func `Of more name servers than anybody has the rest is left out`() {
        let text = (0..<1000).map { "nameserver 10.0.\($0 / 256).\($0 % 256)\n" }.joined()
        #expect(Resolvers.servers(text).count == 64)
    }
}
