// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet

extension Configuration.Table {
    /// The longest name of a network device (`IFNAMSIZ` without the NUL).
    static let longestDevice = 15

    func check(_ findings: inout Findings) {
        let section = ConfigurationKey("table")
        let name = name.unicodeScalars
        findings.require(
            name.count <= 31 && name.first.map(Self.isLetter) == true
                && name.allSatisfy { Self.isLetter($0) || "0123456789_-.".unicodeScalars.contains($0) },
            section.appending("name"), "\(self.name.quotedInMessage) is no name for a table",
            "write a letter, then letters, digits, \"_\", \"-\" and \".\", at most 31 in all")
        findings.require(ipv6Prefix, in: 32...128, section.appending("ipv6_prefix"))

        let devicesKey = section.appending("devices")
        let hookKey = section.appending("hook")
        findings.require(devices, atMost: 256, devicesKey)
        if mode == .shared {
            let modeKey = section.appending("mode")
            let remedy = "remove it and say in your ruleset what it said, or set mode = \"own\""
            findings.require(
                hook == .prerouting, hookKey, "has no meaning with the mode \"shared\"", remedy,
                with: [modeKey])
            findings.require(
                priority == hook.defaultPriority, section.appending("priority"),
                "has no meaning with the mode \"shared\"", remedy, with: [modeKey])
        }
        findings.require(
            hook == .ingress || devices.isEmpty, devicesKey,
            "has no meaning with the hook \"\(hook.rawValue)\"", "remove it, or set hook = \"ingress\"",
            with: [hookKey])
        findings.require(
            hook != .ingress || !devices.isEmpty, devicesKey, "is empty, but the hook is \"ingress\"",
            "name the devices that packets come in by, as devices = [\"eth0\"]", with: [hookKey])
        for (index, device) in devices.enumerated() {
            findings.require(
                Self.isDevice(device), devicesKey.appending(index),
                "\(device.quotedInMessage) is no name of a network device",
                "write one that `ip link` shows, as \"eth0\"")
        }
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
    }

    /// As `dev_valid_name` in the kernel, and without what a terminal would act on.
    private static func isDevice(_ name: String) -> Bool {
        (1...longestDevice).contains(name.utf8.count) && name != "." && name != ".."
            && name.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x2F && $0 != 0x3A }
    }
}

extension Configuration.Node {
    /// Prefix lengths of the widest block of IPv4 addresses that may be configured.
    static let widest4Range = 8...32
    /// The same of IPv6 addresses.
    static let widest6Range = 16...128

    func check(_ findings: inout Findings) {
        let ports = ConfigurationKey("node", "ports")
        let users = ConfigurationKey("node", "users")
        findings.require(self.ports, atMost: 1024, ports)
        findings.require(self.users, atMost: 1024, users)
        for (index, port) in self.ports.enumerated() {
            findings.require(
                port.number > 0, ports.appending(index), "0 is out of range", "a port is from 1 to 65535")
        }
        findings.require(
            !(self.ports.isEmpty && self.users.isEmpty), ports,
            "is empty, and so is users: no ban could touch anything",
            "name the node's ports, as ports = [\"tcp/8776\"], or its users", with: [users])
        if let widest4 {
            findings.require(widest4, in: Self.widest4Range, ConfigurationKey("node", "widest4"))
        }
        if let widest6 {
            findings.require(widest6, in: Self.widest6Range, ConfigurationKey("node", "widest6"))
        }
    }
}

extension Configuration.Capacity {
    /// Of bans in a set.
    static let range = 1...8_388_608

    func check(_ findings: inout Findings) {
        for (key, value) in [
            ("accept", accept), ("dial", dial), ("network", network), ("feed", feed),
            ("feed_network", feedNetwork),
        ] {
            findings.require(value, in: Self.range, ConfigurationKey("capacity", key))
        }
        findings.require(share, in: 1...100, ConfigurationKey("capacity", "share"))
    }
}

extension Configuration.Shadow {
    func check(_ findings: inout Findings, _ table: Configuration.Table) {
        let key = ConfigurationKey("shadow", "checks")
        findings.require(checks, atMost: Configuration.ShadowedCheck.allCases.count, key)
        findings.require(
            !checks.contains(.all) || Set(checks).count == 1, key, "\"all\" has the others in it",
            "write checks = [\"all\"], or those that are meant without it")
        findings.require(
            checks.isEmpty || table.mode == .own, key, "has no meaning with the mode \"shared\"",
            "remove it and have your ruleset's rules count without a drop or reject, or set mode = \"own\"",
            with: [ConfigurationKey("table", "mode")])
    }
}

extension Configuration.Access {
    func check(_ findings: inout Findings) {
        findings.require(submit, atMost: 256, ConfigurationKey("access", "submit"))
        let operate = ConfigurationKey("access", "operate")
        findings.require(self.operate, atMost: 256, operate)
        findings.require(
            !self.operate.isEmpty, operate, "is empty: nobody could lift a ban",
            "name an operator at least, as operate = [\"user:root\"]")
    }
}

extension Configuration.Exempt {
    func check(_ findings: inout Findings) {
        findings.require(addresses, atMost: 16_384, ConfigurationKey("exempt", "addresses"))
    }
}

extension Configuration.Guards {
    /// LoginGraceTime's own bounds, but for 0, which sets no bound to a login.
    static let loginGraceRange = Duration.seconds(1)...Duration.seconds(86_400)

    func check(_ findings: inout Findings) {
        let section = ConfigurationKey("guards")
        let ports = section.appending("ssh_ports")
        findings.require(sshPorts, atMost: 16, ports)
        for (index, port) in sshPorts.enumerated() {
            findings.require(
                port > 0, ports.appending(index), "0 is out of range", "a port is from 1 to 65535")
        }
        let range = Self.loginGraceRange
        findings.require(
            range.contains(loginGrace), section.appending("ssh_login_grace"),
            "\"\(DurationText(loginGrace))\" is out of range",
            "it is from \"\(DurationText(range.lowerBound))\" to \"\(DurationText(range.upperBound))\"")
    }
}

extension Configuration.Socket {
    /// The longest path of a Unix socket (`sun_path` without the NUL).
    static let longestPath = 107

    func check(_ findings: inout Findings) {
        let section = ConfigurationKey("socket")
        findings.require(
            path.isAbsolutePath,
            section.appending("path"), "\(path.quotedInMessage) is no absolute path of a file",
            "write one from the root without \".\", \"..\" or \"//\", as \"/run/sentinel/sentinel.sock\"")
        findings.require(
            path.utf8.count <= Self.longestPath, section.appending("path"),
            "is \(path.utf8.count) bytes long", "a socket's path has \(Self.longestPath) bytes at most")
        let connectionsKey = section.appending("connections")
        findings.require(connections, in: 1...65_536, connectionsKey)
        let perUserKey = section.appending("connections_per_user")
        findings.require(connectionsPerUser, in: 1...65_536, perUserKey)
        findings.require(
            connectionsPerUser <= connections, perUserKey,
            "\(connectionsPerUser) is more than all connections there may be, \(connections)",
            "lower it, or raise connections", with: [connectionsKey])
        findings.require(reservedConnections, in: 1...1024, section.appending("reserved_connections"))
        let callKey = section.appending("call_bytes")
        findings.require(callBytes, in: 4096...16_777_216, callKey)
        let bytesKey = section.appending("bytes_per_user")
        findings.require(bytesPerUser, in: 65_536...1_073_741_824, bytesKey)
        findings.require(
            bytesPerUser >= callBytes, bytesKey,
            "\(bytesPerUser) is less than a single call may have, \(callBytes)",
            "raise it, or lower call_bytes", with: [callKey])
        findings.require(callsPerSecond, in: 1...1_000_000, section.appending("calls_per_second"))
        findings.require(denialsPerSecond, in: 1...1_000_000, section.appending("denials_per_second"))
        findings.require(
            stalledAfter >= .seconds(1) && stalledAfter <= .seconds(86_400),
            section.appending("stalled_after"), "\"\(DurationText(stalledAfter))\" is out of range",
            "it is from \"1s\" to \"1d\"")
    }
}

extension Configuration.Ledger {
    /// How many events may be kept.
    static let eventRange = 0...100_000_000

    func check(_ findings: inout Findings) {
        let section = ConfigurationKey("ledger")
        if let directory {
            findings.require(
                directory.isAbsolutePath, section.appending("directory"),
                "\(directory.quotedInMessage) is no absolute path of a directory",
                "write one from the root without \".\", \"..\" or \"//\", as \"/var/lib/sentinel\", or \"none\""
            )
        }
        findings.require(history, section.appending("history"))
        findings.require(events, in: Self.eventRange, section.appending("events"))
    }
}

extension String {
    /// Whether it is a path from the root, in one way of writing it only.
    var isAbsolutePath: Bool {
        let components = split(separator: "/", omittingEmptySubsequences: false)
        return components.count > 1 && components[0].isEmpty
            && components.dropFirst().allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
            && utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }
}
