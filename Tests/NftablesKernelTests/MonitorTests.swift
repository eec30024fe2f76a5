// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Glibc
import NamespaceSupport
import Nftables
import Testing

@Suite struct MonitorTests {
    let namespace: NetworkNamespace

    init() async throws { namespace = try await NetworkNamespace() }

    @Test func `Changes are seen with their generation and who made them`() async throws {
        try await namespace.run {
            let monitor = try Monitor()
            let socket = try NetlinkSocket()
            try socket.makeTable()
            try socket.transact { $0.add(Fixture.elements(0..<2), to: Fixture.set) }
            try socket.transact { $0.delete(Fixture.elements(0..<1), from: Fixture.set) }
            _ = try Command(["nft", "flush", "ruleset"]).output()
            let events = try monitor.events(within: .seconds(5))
            let deleted = events.compactMap { event in
                if case .elementsDeleted(let elements, "s", _) = event { elements.map(\.key) } else { nil }
            }
            #expect(deleted.first == [Fixture.key(0)])
            let added = events.compactMap { event in
                if case .elementsAdded(let elements, "s", _) = event { elements.map(\.key) } else { nil }
            }
            #expect(added.flatMap { $0 } == [Fixture.key(0), Fixture.key(1)])
            #expect(
                events.contains {
                    if case .tableDeleted(let table) = $0 { table.name == "t" } else { false }
                })
            let last = try socket.generation()
            #expect(
                events.contains {
                    if case .generation(last, _, let name) = $0 { name == "nft" } else { false }
                })
        }
    }

    @Test func `Lost events are told`() async throws {
        try await namespace.run {
            var options = NetlinkSocket.Options()
            options.receiveBuffer = 1
            let monitor = try Monitor(options: options)
            let socket = try NetlinkSocket()
            try socket.makeTable()
            for number in 0..<50 {
                try socket.transact { $0.add(Fixture.elements(number..<number + 1), to: Fixture.set) }
            }
            #expect(try monitor.events().contains(.lost))
        }
    }

    @Test func `Elements that a rule adds for a packet make no event and leave the generation alone`()
        async throws
    {
        let namespace = namespace
        try await namespace.command(
            "nft", "-f", "-",
            input: """
                table inet t {
                    set s { type ipv4_addr; flags timeout, dynamic; timeout 1h; }
                    chain c { type filter hook input priority 0; add @s { ip saddr }; }
                }
                """)
        try await namespace.run {
            let monitor = try Monitor()
            let socket = try NetlinkSocket()
            let before = try socket.generation()
            _ = try Command(["bash", "-c", "echo x > /dev/udp/127.0.0.1/9"]).output()
            let listed = try socket.elements(of: Fixture.set)
            #expect(listed.map(\.key.description) == ["127.0.0.1"])
            #expect(try monitor.events() == [])
            #expect(try socket.generation() == before)
        }
    }
}
