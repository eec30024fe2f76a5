// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelConfiguration
internal import TOMLDocument

extension Configuration {
    /// Takes over what the file says.
    mutating func fill(from file: SectionReader) {
        table.fill(from: file.section("table"))
        node.fill(from: file.section("node"))
        capacity.fill(from: file.section("capacity"))
        shadow.fill(from: file.section("shadow"))
        access.fill(from: file.section("access"))
        exempt.fill(from: file.section("exempt"))
        guards.fill(from: file.section("guards"))
        fillFeeds(from: file)
        socket.fill(from: file.section("socket"))
        durations.fill(from: file.section("durations"))
        ledger.fill(from: file.section("ledger"))
        log.fill(from: file.section("log"))
        file.finish(.section)
    }
}

extension Configuration.Table {
    mutating func fill(from section: SectionReader) {
        section.read("mode", .word, example: "\"own\"", into: &mode)
        section.read("name", .string, example: "\"sentinel\"", into: &name)
        section.read("hook", .word, example: "\"prerouting\"", into: &hook)
        section.read("devices", listOf: .string, example: "[\"eth0\"]", into: &devices)
        priority = hook.defaultPriority
        section.read("priority", .priority, example: "\"raw\"", into: &priority)
        section.read("ipv6_prefix", .integer, example: "64", into: &ipv6Prefix)
        section.finish()
    }
}

extension Configuration.Node {
    mutating func fill(from section: SectionReader) {
        section.read("ports", listOf: .text, example: "[\"tcp/8776\", \"udp/8776\"]", into: &ports)
        section.read("users", listOf: .account, example: "[\"seed\"]", into: &users)
        section.read("widest4", .prefixLength, example: "24", into: &widest4)
        section.read("widest6", .prefixLength, example: "48", into: &widest6)
        section.finish()
    }
}

extension Configuration.Capacity {
    mutating func fill(from section: SectionReader) {
        section.read("accept", .integer, example: "1048576", into: &accept)
        section.read("dial", .integer, example: "262144", into: &dial)
        section.read("network", .integer, example: "65536", into: &network)
        section.read("feed", .integer, example: "4194304", into: &feed)
        section.read("feed_network", .integer, example: "131072", into: &feedNetwork)
        section.read("share", .integer, example: "50", into: &share)
        section.finish()
    }
}

extension Configuration.Shadow {
    mutating func fill(from section: SectionReader) {
        section.read("checks", listOf: .word, example: "[\"accept\", \"network\"]", into: &checks)
        section.finish()
    }
}

extension Configuration.Access {
    mutating func fill(from section: SectionReader) {
        section.read("submit", listOf: .text, example: "[\"user:seed\"]", into: &submit)
        section.read("operate", listOf: .text, example: "[\"user:root\", \"group:sentinel\"]", into: &operate)
        section.finish()
    }
}

extension Configuration.Exempt {
    mutating func fill(from section: SectionReader) {
        section.read(
            "addresses", listOf: .network, example: "[\"192.0.2.0/24\", \"2001:db8::1\"]", into: &addresses)
        section.finish()
    }
}

extension Configuration.Guards {
    mutating func fill(from section: SectionReader) {
        section.read("ssh_ports", listOf: .port, example: "[22]", into: &sshPorts)
        section.read("ssh_login_grace", .duration, example: "\"2m\"", into: &loginGrace)
        section.finish()
    }
}

extension Configuration.Socket {
    mutating func fill(from section: SectionReader) {
        section.read("path", .string, example: "\"/run/sentinel/sentinel.sock\"", into: &path)
        section.read("mode", .text, example: "\"0660\"", into: &mode)
        section.read("connections", .integer, example: "256", into: &connections)
        section.read("connections_per_user", .integer, example: "64", into: &connectionsPerUser)
        section.read("reserved_connections", .integer, example: "16", into: &reservedConnections)
        section.read("call_bytes", .integer, example: "1048576", into: &callBytes)
        section.read("bytes_per_user", .integer, example: "33554432", into: &bytesPerUser)
        section.read("calls_per_second", .integer, example: "1000", into: &callsPerSecond)
        section.read("denials_per_second", .integer, example: "10000", into: &denialsPerSecond)
        section.read("stalled_after", .duration, example: "\"60s\"", into: &stalledAfter)
        section.finish()
    }
}

extension Configuration.Ledger {
    mutating func fill(from section: SectionReader) {
        section.read("directory", .directory, example: "\"/var/lib/sentinel\"", into: &directory)
        section.read("history", .duration, example: "\"90d\"", into: &history)
        section.read("events", .integer, example: "1000000", into: &events)
        section.finish()
    }
}

extension Configuration.Log {
    mutating func fill(from section: SectionReader) {
        section.read("level", .word, example: "\"info\"", into: &level)
        section.finish()
    }
}
