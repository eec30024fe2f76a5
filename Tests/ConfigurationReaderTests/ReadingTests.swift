// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import ConfigurationReader
import Inet
import SentinelConfiguration
import Testing

private func read(_ text: String) throws -> Configuration {
    try Configuration(toml: text.utf8, file: "f")
}

private typealias Terms = Configuration.Durations.Terms

@Suite struct ReadingTests {
    @Test func `An empty file gives the defaults`() throws {
        #expect(try read("") == Configuration())
        #expect(
            try read("# nothing\n[table]\n[durations.check.accept]\n[durations.reason.x]\n")
                == Configuration())
    }

    @Test func `Every key is read`() throws {
        let configuration = try read(
            """
            [table]
            name = "second"
            hook = "ingress"
            devices = ["eth0", "eth1"]
            priority = "mangle"
            ipv6_prefix = 56
            [node]
            ports = ["tcp/4001", "udp/4001"]
            users = ["ipfs", 1000, "1001"]
            widest4 = 16
            widest6 = "none"
            [capacity]
            accept = 1
            dial = 2
            network = 3
            feed = 4
            share = 25
            [access]
            submit = ["user:ipfs", "group:1000"]
            operate = ["group:wheel"]
            [exempt]
            addresses = ["192.0.2.7", "198.51.100.0/24", "2001:db8::/32"]
            [guards]
            ssh_ports = [2222]
            ssh_login_grace = "30s"
            [socket]
            path = "/run/other.sock"
            mode = "600"
            connections = 20
            connections_per_user = 10
            reserved_connections = 3
            call_bytes = 65536
            bytes_per_user = 131072
            calls_per_second = 7
            denials_per_second = 77
            stalled_after = "5s500ms"
            [durations]
            node_maximum = "1h"
            [durations.default]
            first = "1s"
            factor = 1.5
            maximum = "1d"
            jitter = 0
            forget_after = "2d"
            permanent_after = 9
            [shadow]
            checks = ["accept", "dial", "network", "feed"]
            [log]
            level = "debug"
            """)
        var expected = Configuration()
        expected.table.name = "second"
        expected.table.hook = .ingress
        expected.table.devices = ["eth0", "eth1"]
        expected.table.priority = -150
        expected.table.ipv6Prefix = 56
        expected.node.ports = [ListeningPort(.tcp, 4001), ListeningPort(.udp, 4001)]
        expected.node.users = [.name("ipfs"), .id(1000), .id(1001)]
        expected.node.widest4 = 16
        expected.node.widest6 = nil
        expected.capacity.accept = 1
        expected.capacity.dial = 2
        expected.capacity.network = 3
        expected.capacity.feed = 4
        expected.capacity.share = 25
        expected.shadow.checks = [.accept, .dial, .network, .feed]
        expected.access.submit = [.user(.name("ipfs")), .group(.id(1000))]
        expected.access.operate = [.group(.name("wheel"))]
        expected.exempt.addresses = ["192.0.2.7", "198.51.100.0/24", "2001:db8::/32"].compactMap {
            IPNetwork($0)
        }
        expected.guards.sshPorts = [2222]
        expected.guards.loginGrace = .seconds(30)
        expected.socket.path = "/run/other.sock"
        expected.socket.mode = FileMode(bits: 0o600)
        expected.socket.connections = 20
        expected.socket.connectionsPerUser = 10
        expected.socket.reservedConnections = 3
        expected.socket.callBytes = 65_536
        expected.socket.bytesPerUser = 131_072
        expected.socket.callsPerSecond = 7
        expected.socket.denialsPerSecond = 77
        expected.socket.stalledAfter = .milliseconds(5500)
        expected.durations.nodeMaximum = .seconds(3600)
        expected.durations.fallback.first = .seconds(1)
        expected.durations.fallback.factor = 1.5
        expected.durations.fallback.maximum = .seconds(86_400)
        expected.durations.fallback.jitter = 0
        expected.durations.fallback.forgetAfter = .seconds(2 * 86_400)
        expected.durations.fallback.permanentAfter = 9
        expected.log.level = .debug
        #expect(configuration == expected)
        #expect(try Configuration(json: configuration.json.utf8) == configuration)
    }

    @Test func `The table may be the operator's`() throws {
        #expect(try read("[table]\nmode = \"shared\"").table.mode == .shared)
        #expect(try read("[table]\nmode = \"own\"").table.mode == .own)
    }

    @Test(arguments: [
        ("hook = \"prerouting\"", -300), ("hook = \"input\"", 0),
        ("hook = \"ingress\"\ndevices = [\"lo\"]", -500),
        ("hook = \"input\"\npriority = \"raw\"", -300), ("priority = -7", -7),
        ("priority = \"security\"", 50),
    ])
    func `The priority goes by the hook unless it is given`(text: String, priority: Int32) throws {
        #expect(try read("[table]\n\(text)").table.priority == priority)
    }

    @Test func `Each key of the terms comes from the most specific section that has it`() throws {
        let durations = try read(
            """
            [durations.default]
            first = "1s"
            factor = 2
            jitter = 0.5
            permanent_after = 5
            [durations.check.accept]
            first = "2s"
            maximum = "1h"
            [durations.reason.rate]
            factor = 3
            maximum = "2h"
            [durations.check.accept.reason.rate]
            jitter = 0.25
            permanent_after = "never"
            [durations.check.dial.reason.spam]
            first = "9s"
            """
        ).durations

        var fallback = Terms()
        fallback.first = .seconds(1)
        fallback.factor = 2
        fallback.jitter = 0.5
        fallback.permanentAfter = 5
        var accept = fallback
        accept.first = .seconds(2)
        accept.maximum = .seconds(3600)
        var rate = fallback
        rate.factor = 3
        rate.maximum = .seconds(7200)
        var both = rate
        both.first = .seconds(2)
        both.jitter = 0.25
        both.permanentAfter = nil
        var spam = fallback
        spam.first = .seconds(9)

        #expect(durations.terms(check: .dial, reason: "other") == fallback)
        #expect(durations.terms(check: .accept, reason: "other") == accept)
        #expect(durations.terms(check: .network, reason: "rate") == rate)
        #expect(durations.terms(check: .dial, reason: "rate") == rate)
        #expect(durations.terms(check: .accept, reason: "rate") == both)
        #expect(durations.terms(check: .dial, reason: "spam") == spam)
        #expect(durations.terms(check: .accept, reason: "spam") == accept)
        #expect(durations.byCheckAndReason == [.accept: ["rate": both], .dial: ["spam": spam]])
    }

    @Test func `A check's terms hold for a reason that says nothing about a key`() throws {
        let durations = try read(
            """
            [durations.check.accept]
            first = "1h"
            [durations.reason.rate-limit]
            factor = 2
            """
        ).durations
        let terms = durations.terms(check: .accept, reason: "rate-limit")
        #expect(terms.first == .seconds(3600))
        #expect(terms.factor == 2)
        #expect(durations.terms(check: .dial, reason: "rate-limit").first == .seconds(600))
    }

    @Test func `Terms that would hold anyway are left out`() throws {
        let durations = try read(
            """
            [durations.check.accept]
            first = "10m"
            [durations.check.dial]
            first = "1m"
            [durations.reason.rate]
            factor = 4
            [durations.check.dial.reason.rate]
            first = "10m"
            """
        ).durations
        #expect(durations.byCheck.keys.map(\.rawValue) == ["dial"])
        #expect(durations.byReason.isEmpty)
        #expect(durations.byCheckAndReason == [.dial: ["rate": Terms()]])
        #expect(durations.terms(check: .dial, reason: "rate").first == .seconds(600))
    }

    @Test func `Sections may be written in all of TOML's ways`() throws {
        let configuration = try read(
            """
            log = { level = "error" }
            durations.check.accept = { first = "1m", reason.rate = { factor = 2 } }
            [socket]
            "mode" = '0600'
            """)
        #expect(configuration.log.level == .error)
        #expect(configuration.socket.mode == FileMode(bits: 0o600))
        #expect(configuration.durations.byCheckAndReason[.accept]?["rate"]?.factor == 2)
        #expect(configuration.durations.byCheckAndReason[.accept]?["rate"]?.first == .seconds(60))
    }
}
