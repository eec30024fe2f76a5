// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import SentinelConfiguration
import Testing

/// A configuration that differs from the default in every value.
func changed() throws -> Configuration {
    var configuration = Configuration()
    configuration.table.name = "second"
    configuration.table.hook = .ingress
    configuration.table.devices = ["eth0", "eth1"]
    configuration.table.priority = -500
    configuration.table.ipv6Prefix = 56
    configuration.node.ports = [ListeningPort(.tcp, 4001)]
    configuration.node.users = [.id(1000)]
    configuration.node.widest4 = 20
    configuration.node.widest6 = nil
    configuration.capacity.accept = 1
    configuration.capacity.dial = 2
    configuration.capacity.network = 3
    configuration.capacity.feed = 4
    configuration.capacity.feedNetwork = 6
    configuration.capacity.share = 20
    configuration.shadow.checks = [.accept, .network]
    configuration.access.submit = [.user(.id(1000))]
    configuration.access.operate = [.group(.name("wheel"))]
    configuration.exempt.addresses = [
        try #require(IPNetwork("192.0.2.0/24")), try #require(IPNetwork("::2/128")),
    ]
    configuration.guards.sshPorts = [22, 2222]
    configuration.guards.loginGrace = .seconds(30)
    configuration.feeds = [
        .init(name: "drop", path: "/srv/drop"),
        .init(name: "own", path: "/srv/own", format: .bitcoinRPC, maxAge: .seconds(86_400)),
    ]
    configuration.socket.path = "/run/other.sock"
    configuration.socket.mode = FileMode(bits: 0o600)
    configuration.socket.connections = 20
    configuration.socket.connectionsPerUser = 10
    configuration.socket.callBytes = 65_536
    configuration.socket.reservedConnections = 3
    configuration.socket.bytesPerUser = 131_072
    configuration.socket.callsPerSecond = 7
    configuration.socket.denialsPerSecond = 77
    configuration.socket.stalledAfter = .milliseconds(5500)
    configuration.ledger.directory = "/srv/ledger"
    configuration.ledger.history = .seconds(60)
    configuration.ledger.events = 5
    configuration.log.level = .debug
    configuration.durations.nodeMaximum = .seconds(60)
    var terms = Configuration.Durations.Terms()
    terms.first = .milliseconds(1500)
    configuration.durations.fallback = terms
    terms.factor = 1.25
    configuration.durations.byCheck[.accept] = terms
    terms.maximum = .seconds(86_400)
    terms.jitter = 0.3
    configuration.durations.byReason["rate"] = terms
    terms.forgetAfter = .seconds(3600)
    terms.permanentAfter = 5
    configuration.durations.byCheckAndReason[.dial] = ["rate": terms]
    return configuration
}

@Suite struct ConfigurationTests {
    @Test func `The default is valid, and its JSON is this`() throws {
        try Configuration().validate()
        let json = try Configuration().json
        #expect(
            json == """
                {"access":{"operate":["user:root","group:sentinel"],"submit":["user:seed"]},\
                "capacity":{"accept":1048576,"dial":262144,"feed":4194304,"feed_network":131072,"network":65536,"share":50},\
                "durations":{"by_check":{},"by_check_and_reason":{},"by_reason":{},\
                "default":{"factor":4,"first":600000,"forget_after":2592000000,"jitter":0.1,"maximum":604800000},\
                "node_maximum":604800000},"exempt":{"addresses":[]},"feeds":[],\
                "guards":{"ssh_login_grace":120000,"ssh_ports":[22]},\
                "ledger":{"directory":"/var/lib/sentinel","events":1000000,"history":7776000000},"log":{"level":"info"},\
                "node":{"ports":["tcp/8776","udp/8776"],"users":["seed"],"widest4":24,"widest6":48},"shadow":{"checks":[]},\
                "socket":{"bytes_per_user":33554432,"call_bytes":1048576,"calls_per_second":1000,\
                "connections":256,"connections_per_user":64,"denials_per_second":10000,"mode":"0660",\
                "path":"/run/sentinel/sentinel.sock","reserved_connections":16,"stalled_after":60000},\
                "table":{"devices":[],"hook":"prerouting","ipv6_prefix":64,"mode":"own","name":"sentinel","priority":-300}}
                """)
    }

    @Test func `JSON reads back as the same configuration`() throws {
        let configuration = try changed()
        try configuration.validate()
        #expect(try Configuration(json: configuration.json.utf8) == configuration)
        #expect(try Configuration(json: Configuration().json.utf8) == Configuration())
    }

    @Test(arguments: [
        (
            "\"level\":\"info\"", "\"level\":\"info\",\"colour\":\"red\"",
            "the configuration has keys that this version doesn't know"
        ),
        (
            "\"priority\":-300", "\"priority\":-300,\"zone\":1",
            "the configuration has keys that this version doesn't know"
        ),
        (",\"priority\":-300", "", "table: has no priority"),
        (
            "\"mode\":\"0660\"", "\"mode\":\"rw\"",
            "[socket] mode: can't be decoded: \"rw\" is no mode; write octal digits from \"0000\" to \"0777\", as "
                + "\"0660\""
        ),
        ("\"tcp/8776\"", "8776", "[node] ports: can't be decoded: "),
        ("\"prerouting\"", "\"forward\"", "[table] hook: can't be decoded: "),
        (
            "\"prerouting\"", "\"pr\\routing\"",
            "[table] hook: can't be decoded: Cannot initialize Hook from invalid String value pr\\u{D}outing;"
        ),
    ])
    func `JSON of another version is refused`(text: String, replacement: String, message: String) throws {
        var json = try Configuration().json
        json.replaceSubrange(try #require(json.firstRange(of: text)), with: replacement)
        let error = try #require(throws: ConfigurationError.self) { try Configuration(json: json.utf8) }
        #expect(error.description.hasPrefix(message), "\(error)")
        #expect(error.problems[0].remedy == "install sentineld and sentinel-config from the same release")
    }

    @Test(arguments: ["", "{}", "[]", "null", "{\"table\":", "\u{0}", "not JSON"])
    func `What is no configuration is refused`(json: String) {
        #expect(throws: ConfigurationError.self) { try Configuration(json: json.utf8) }
    }

    @Test func `The most specific terms hold`() throws {
        let durations = try changed().durations
        #expect(durations.terms(check: .dial, reason: "rate").permanentAfter == 5)
        #expect(durations.terms(check: .accept, reason: "rate").jitter == 0.3)
        #expect(durations.terms(check: .accept, reason: "other") == durations.byCheck[.accept])
        #expect(durations.terms(check: .network, reason: "other") == durations.fallback)
    }

    /// sentineld takes 1 MiB of JSON at most, so no configuration that it would accept may be larger.
    @Test func `The largest valid configuration has less than a mebibyte of JSON`() throws {
        var configuration = try changed()
        configuration.table.devices = (0..<256).map { "device\(100_000_000 + $0)" }
        configuration.node.ports = (0..<1024).map { ListeningPort(.tcp, UInt16(50_000 + $0)) }
        let name = String(repeating: "n", count: 28)
        configuration.node.users = (0..<1024).map { .name("\(name)\(1000 + $0)") }
        configuration.access.submit = (0..<256).map { .group(.name("\(name)\(1000 + $0)")) }
        configuration.access.operate = configuration.access.submit
        configuration.exempt.addresses = (0..<16_384).map {
            let address = IPv6Address(
                high: 0x2001_1111_1111_1111, low: 0x1111_1111_1111_1000 + UInt64($0) << 1)
            return IPNetwork(containing: .v6(address), prefixLength: 127)
        }
        let code = String(repeating: "r", count: 44)
        var terms = Configuration.Durations.Terms()
        terms.first = .milliseconds(1_000_000_000_001)
        terms.maximum = .milliseconds(3_153_599_999_999)
        terms.forgetAfter = terms.maximum
        terms.factor = 1.0123456789012345
        terms.jitter = 0.012345678901234567
        terms.permanentAfter = .max
        let reasons = Dictionary(uniqueKeysWithValues: (0..<128).map { ("\(code)\(1000 + $0)", terms) })
        configuration.durations.byReason = reasons
        configuration.durations.byCheckAndReason = [.accept: reasons, .dial: reasons, .network: reasons]
        try configuration.validate()
        let size = try configuration.json.utf8.count
        #expect(size < 1 << 20 && size > 1 << 19)
    }
}
