// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import SentinelConfiguration
import Testing

/// What validation says about the default after a change.
private func problems(_ change: (inout Configuration) -> Void) throws -> [String] {
    var configuration = Configuration()
    change(&configuration)
    let error = try #require(throws: ConfigurationError.self) { try configuration.validate() }
    return error.problems.map(\.description)
}

@Suite struct ValidationTests {
    @Test(arguments: ["", "1a", "a b", "a;b", "é", "a\n", String(repeating: "a", count: 32), "-a", "{"])
    func `A table's name is one that nft takes`(name: String) throws {
        #expect(
            try problems { $0.table.name = name } == [
                "[table] name: \(ConfigurationKey.quoted(name)) is no name for a table; write a letter, then "
                    + "letters, digits, \"_\", \"-\" and \".\", at most 31 in all"
            ])
    }

    @Test func `Devices go with the hook`() throws {
        #expect(
            try problems { $0.table.devices = ["eth0"] } == [
                "[table] devices: has no meaning with the hook \"prerouting\"; remove it, or set hook = \"ingress\""
            ])
        #expect(
            try problems { $0.table.hook = .ingress } == [
                "[table] devices: is empty, but the hook is \"ingress\"; name the devices that packets come in by, "
                    + "as devices = [\"eth0\"]"
            ])
    }

    @Test(arguments: ["", ".", "..", "a/b", "a:b", "a b", "sixteen-letters-", "é", "\u{7F}"])
    func `A device's name is one that the kernel takes`(name: String) throws {
        let found = try problems {
            $0.table.hook = .ingress
            $0.table.devices = ["lo", name]
        }
        #expect(
            found == [
                "[table] devices: \(ConfigurationKey.quoted(name)) is no name of a network device; write one that "
                    + "`ip link` shows, as \"eth0\""
            ])
    }

    @Test func `What is in shadow is said once, and in a table of one's own`() throws {
        let key = "[shadow] checks:"
        #expect(
            try problems { $0.shadow.checks = [.dial, .dial] } == [
                "\(key) \"dial\" is in the list twice; remove one of them"
            ])
        #expect(
            try problems { $0.shadow.checks = [.all, .accept] } == [
                "\(key) \"all\" has the others in it; write checks = [\"all\"], or those that are meant without it"
            ])
        #expect(
            try problems {
                $0.shadow.checks = [.accept]
                $0.table.mode = .shared
            } == [
                "\(key) has no meaning with the mode \"shared\"; remove it and have your ruleset's rules count without "
                    + "a drop or reject, or set mode = \"own\""
            ])
        var configuration = Configuration()
        configuration.shadow.checks = [.all]
        try configuration.validate()
        #expect(Configuration.ShadowedCheck.allCases.allSatisfy { configuration.shadow.contains($0) })
        configuration.shadow.checks = [.accept, .feed]
        try configuration.validate()
        #expect(configuration.shadow.contains(.feed) && !configuration.shadow.contains(.dial))
    }

    @Test func `Where packets are looked at in a table of the operator's is his ruleset's to say`() throws {
        var configuration = Configuration()
        configuration.table.mode = .shared
        try configuration.validate()
        let remedy = "remove it and say in your ruleset what it said, or set mode = \"own\""
        #expect(
            try problems {
                $0.table.mode = .shared
                $0.table.hook = .input
                $0.table.priority = 5
            } == [
                "[table] hook: has no meaning with the mode \"shared\"; \(remedy)",
                "[table] priority: has no meaning with the mode \"shared\"; \(remedy)",
            ])
    }

    @Test func `Numbers keep to their ranges`() throws {
        #expect(
            try problems {
                $0.table.ipv6Prefix = 31
                $0.node.widest4 = 7
                $0.node.widest6 = 129
                $0.capacity.accept = 0
                $0.capacity.dial = -1
                $0.capacity.network = .max
                $0.capacity.feed = 8_388_609
                $0.capacity.share = 0
                $0.socket.connections = 65_537
                $0.socket.connectionsPerUser = 0
                $0.socket.callBytes = 4095
                $0.socket.reservedConnections = 0
                $0.socket.bytesPerUser = 65_535
                $0.socket.callsPerSecond = 0
                $0.socket.denialsPerSecond = 1_000_001
                $0.socket.stalledAfter = .milliseconds(999)
            } == [
                "[table] ipv6_prefix: 31 is out of range; it is from 32 to 128",
                "[node] widest4: 7 is out of range; it is from 8 to 32",
                "[node] widest6: 129 is out of range; it is from 16 to 128",
                "[capacity] accept: 0 is out of range; it is from 1 to 8388608",
                "[capacity] dial: -1 is out of range; it is from 1 to 8388608",
                "[capacity] network: 9223372036854775807 is out of range; it is from 1 to 8388608",
                "[capacity] feed: 8388609 is out of range; it is from 1 to 8388608",
                "[capacity] share: 0 is out of range; it is from 1 to 100",
                "[socket] connections: 65537 is out of range; it is from 1 to 65536",
                "[socket] connections_per_user: 0 is out of range; it is from 1 to 65536",
                "[socket] reserved_connections: 0 is out of range; it is from 1 to 1024",
                "[socket] call_bytes: 4095 is out of range; it is from 4096 to 16777216",
                "[socket] bytes_per_user: 65535 is out of range; it is from 65536 to 1073741824",
                "[socket] calls_per_second: 0 is out of range; it is from 1 to 1000000",
                "[socket] denials_per_second: 1000001 is out of range; it is from 1 to 1000000",
                "[socket] stalled_after: \"999ms\" is out of range; it is from \"1s\" to \"1d\"",
            ])
    }

    @Test func `SSH's ports and its time to log in keep to their ranges`() throws {
        #expect(
            try problems {
                $0.guards.sshPorts = [22, 0, 22]
                $0.guards.loginGrace = .seconds(86_401)
            } == [
                "[guards] ssh_ports: \"22\" is in the list twice; remove one of them",
                "[guards] ssh_ports: 0 is out of range; a port is from 1 to 65535",
                "[guards] ssh_login_grace: \"1d1s\" is out of range; it is from \"1s\" to \"1d\"",
            ])
        var none = Configuration()
        none.guards.sshPorts = []
        try none.validate()
        #expect(
            try problems { $0.guards.sshPorts = Array(1...17) } == [
                "[guards] ssh_ports: has 17 entries; it has 16 at most"
            ])
    }

    @Test func `No user has more connections than there may be`() throws {
        #expect(
            try problems { $0.socket.connections = 63 } == [
                "[socket] connections_per_user: 64 is more than all connections there may be, 63; lower it, or raise "
                    + "connections"
            ])
    }

    @Test func `What is held for a user has room for a call`() throws {
        #expect(
            try problems { $0.socket.bytesPerUser = 1_000_000 } == [
                "[socket] bytes_per_user: 1000000 is less than a single call may have, 1048576; raise it, or lower "
                    + "call_bytes"
            ])
    }

    @Test(arguments: [
        "", "run/x", "/", "/run/", "/run//x", "/run/../x", "/run/./x", "/a\u{0}", "/a\nb", "@abstract",
    ])
    func `A socket has an absolute path`(path: String) throws {
        #expect(
            try problems { $0.socket.path = path } == [
                "[socket] path: \(ConfigurationKey.quoted(path)) is no absolute path of a file; write one from the "
                    + "root without \".\", \"..\" or \"//\", as \"/run/sentinel/sentinel.sock\""
            ])
    }

    @Test func `A socket's path has 107 bytes at most`() throws {
        var configuration = Configuration()
        configuration.socket.path = "/" + String(repeating: "é", count: 53)
        try configuration.validate()
        #expect(
            try problems { $0.socket.path = "/" + String(repeating: "a", count: 107) } == [
                "[socket] path: is 108 bytes long; a socket's path has 107 bytes at most"
            ])
    }

    @Test func `Something must be protected, and somebody must operate`() throws {
        #expect(
            try problems {
                $0.node.ports = []
                $0.node.users = []
                $0.access.operate = []
            } == [
                "[node] ports: is empty, and so is users: no ban could touch anything; name the node's ports, as "
                    + "ports = [\"tcp/8776\"], or its users",
                "[access] operate: is empty: nobody could lift a ban; name an operator at least, as operate = "
                    + "[\"user:root\"]",
            ])
        var configuration = Configuration()
        configuration.node.ports = []
        try configuration.validate()
    }

    @Test func `Lists have no more than their count, and nothing twice`() throws {
        #expect(
            try problems { $0.node.ports = (1...1025).map { ListeningPort(.udp, UInt16($0)) } } == [
                "[node] ports: has 1025 entries; it has 1024 at most"
            ])
        #expect(
            try problems { $0.access.submit = [.user(.id(7)), .group(.id(7)), .user(.id(7))] } == [
                "[access] submit: \"user:7\" is in the list twice; remove one of them"
            ])
    }

    @Test func `Terms keep to what a schedule takes`() throws {
        #expect(
            try problems {
                $0.durations.nodeMaximum = .zero
                $0.durations.fallback.first = .milliseconds(Int64.min)
                $0.durations.fallback.factor = .nan
                $0.durations.fallback.jitter = 1
                $0.durations.fallback.forgetAfter = .seconds(36_500 * 86_400 + 1)
                $0.durations.fallback.permanentAfter = 0
            } == [
                "[durations] node_maximum: \"0s\" is out of range; it is from \"1ms\" to \"36500d\"",
                "[durations.default] first: \"0s\" is out of range; it is from \"1ms\" to \"36500d\"",
                "[durations.default] factor: nan is out of range; it is 1 for bans of the same length, or 1.01 and "
                    + "more for growing ones",
                "[durations.default] jitter: 1.0 is out of range; it is a share, from 0 to below 1",
                "[durations.default] forget_after: \"36500d1s\" is out of range; it is from \"1ms\" to \"36500d\"",
                "[durations.default] permanent_after: 0 is out of range; strikes count from 1; for none write "
                    + "\"never\"",
            ])
    }

    @Test func `Terms are checked for each check and reason`() throws {
        var terms = Configuration.Durations.Terms()
        terms.maximum = .seconds(1)
        let fault = "maximum: \"1s\" is less than the first ban's \"10m\"; raise it, or lower first"
        #expect(
            try problems {
                $0.durations.byCheck[.dial] = terms
                $0.durations.byReason["rate"] = terms
                $0.durations.byCheckAndReason[.network] = ["rate": terms]
            } == [
                "[durations.check.dial] \(fault)", "[durations.reason.rate] \(fault)",
                "[durations.check.network.reason.rate] \(fault)",
            ])
    }

    @Test(arguments: ["", "Rate", "rate limit", "rate_limit", "é", String(repeating: "a", count: 49)])
    func `A reason is a code`(reason: String) throws {
        let found = try problems { $0.durations.byReason[reason] = $0.durations.fallback }
        #expect(
            found == [
                "[durations.reason] \(ConfigurationKey.written(reason)): \(ConfigurationKey.quoted(reason)) is no "
                    + "code of a reason; a code has 1 to 48 of the letters a to z, digits and \"-\""
            ])
    }

    @Test func `There are 128 reasons at most`() throws {
        let found = try problems { configuration in
            let terms = configuration.durations.fallback
            for number in 0..<129 { configuration.durations.byReason["r\(number)"] = terms }
        }
        #expect(found == ["durations: has sections for 129 reasons; it has 128 at most"])
    }
}
