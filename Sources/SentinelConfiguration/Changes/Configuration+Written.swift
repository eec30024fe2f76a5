// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

extension Configuration {
    /// Every key with its value, in the order of the file. A test holds it complete: what isn't in here wouldn't be
    /// seen to change.
    var written: [(key: ConfigurationKey, value: WrittenValue)] {
        var values = WrittenValues()
        table.write(to: &values)
        node.write(to: &values)
        capacity.write(to: &values)
        shadow.write(to: &values)
        access.write(to: &values)
        exempt.write(to: &values)
        socket.write(to: &values)
        durations.write(to: &values)
        guards.write(to: &values)
        for feed in feeds { feed.write(to: &values) }
        ledger.write(to: &values)
        log.write(to: &values)
        return values.all
    }
}

/// Collects keys and their values.
struct WrittenValues {
    private(set) var all: [(key: ConfigurationKey, value: WrittenValue)] = []
    private var section = ConfigurationKey()

    /// The section of what comes next.
    mutating func begin(_ keys: String...) { section = ConfigurationKey(keys.map { .key($0) }) }

    mutating func add(_ key: String, _ value: some CustomStringConvertible) {
        all.append((section.appending(key), .plain("\(value)")))
    }

    /// A text, in quotes.
    mutating func add(quoted value: some CustomStringConvertible, as key: String) {
        add(key, value.description.quotedInMessage)
    }

    mutating func add(_ key: String, _ value: Duration) { add(quoted: DurationText(value), as: key) }

    /// A list of texts, each in quotes.
    mutating func add(_ key: String, _ values: [some CustomStringConvertible]) {
        all.append((section.appending(key), .list(values.map(\.description.quotedInMessage))))
    }
}

extension Configuration.Table {
    fileprivate func write(to values: inout WrittenValues) {
        values.begin("table")
        values.add(quoted: mode.rawValue, as: "mode")
        values.add(quoted: name, as: "name")
        values.add(quoted: hook.rawValue, as: "hook")
        values.add("devices", devices)
        values.add("priority", priority)
        values.add("ipv6_prefix", ipv6Prefix)
    }
}

extension Configuration.Node {
    fileprivate func write(to values: inout WrittenValues) {
        values.begin("node")
        values.add("ports", ports)
        values.add("users", users)
        values.add("widest4", widest4.map(String.init) ?? "\"none\"")
        values.add("widest6", widest6.map(String.init) ?? "\"none\"")
    }
}

extension Configuration.Capacity {
    fileprivate func write(to values: inout WrittenValues) {
        values.begin("capacity")
        values.add("accept", accept)
        values.add("dial", dial)
        values.add("network", network)
        values.add("feed", feed)
        values.add("feed_network", feedNetwork)
        values.add("share", share)
    }
}

extension Configuration.Shadow {
    fileprivate func write(to values: inout WrittenValues) {
        values.begin("shadow")
        values.add("checks", checks)
    }
}

extension Configuration.Access {
    fileprivate func write(to values: inout WrittenValues) {
        values.begin("access")
        values.add("submit", submit)
        values.add("operate", operate)
    }
}

extension Configuration.Exempt {
    fileprivate func write(to values: inout WrittenValues) {
        values.begin("exempt")
        values.add("addresses", addresses.map { NetworkText($0) })
    }
}

extension Configuration.Socket {
    fileprivate func write(to values: inout WrittenValues) {
        values.begin("socket")
        values.add(quoted: path, as: "path")
        values.add(quoted: mode, as: "mode")
        values.add("connections", connections)
        values.add("connections_per_user", connectionsPerUser)
        values.add("reserved_connections", reservedConnections)
        values.add("call_bytes", callBytes)
        values.add("bytes_per_user", bytesPerUser)
        values.add("calls_per_second", callsPerSecond)
        values.add("denials_per_second", denialsPerSecond)
        values.add("stalled_after", stalledAfter)
    }
}

extension Configuration.Durations {
    fileprivate func write(to values: inout WrittenValues) {
        values.begin("durations")
        values.add("node_maximum", nodeMaximum)
        values.begin("durations", "default")
        fallback.write(to: &values)
        for check in Configuration.Check.allCases {
            guard let terms = byCheck[check] else { continue }
            values.begin("durations", "check", check.rawValue)
            terms.write(to: &values)
        }
        for (reason, terms) in byReason.sorted(by: { $0.key < $1.key }) {
            values.begin("durations", "reason", reason)
            terms.write(to: &values)
        }
        for check in Configuration.Check.allCases {
            for (reason, terms) in (byCheckAndReason[check] ?? [:]).sorted(by: { $0.key < $1.key }) {
                values.begin("durations", "check", check.rawValue, "reason", reason)
                terms.write(to: &values)
            }
        }
    }
}

extension Configuration.Durations.Terms {
    fileprivate func write(to values: inout WrittenValues) {
        values.add("first", first)
        values.add("factor", factor)
        values.add("maximum", maximum)
        values.add("jitter", jitter)
        values.add("forget_after", forgetAfter)
        values.add("permanent_after", permanentAfter.map(String.init) ?? "\"never\"")
    }
}

extension Configuration.Log {
    fileprivate func write(to values: inout WrittenValues) {
        values.begin("log")
        values.add(quoted: level.rawValue, as: "level")
    }
}

extension Configuration.Guards {
    fileprivate func write(to values: inout WrittenValues) {
        values.begin("guards")
        values.add("ssh_ports", sshPorts.map(String.init))
        values.add("ssh_login_grace", loginGrace)
    }
}

extension Configuration.Feed {
    /// Under its name, by which it stays the same wherever it stands in the file.
    fileprivate func write(to values: inout WrittenValues) {
        values.begin("feed", name)
        values.add(quoted: path, as: "path")
        values.add(quoted: format?.rawValue ?? "auto", as: "format")
        values.add(quoted: maxAge.map { DurationText($0).description } ?? "none", as: "max_age")
    }
}

extension Configuration.Ledger {
    fileprivate func write(to values: inout WrittenValues) {
        values.begin("ledger")
        values.add(quoted: directory ?? "none", as: "directory")
        values.add("history", history)
        values.add("events", events)
    }
}
