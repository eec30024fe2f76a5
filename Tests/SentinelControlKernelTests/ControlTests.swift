// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import NamespaceSupport
import Testing

/// The executables sentineld and sentinelctl, in a network namespace of their own. Needs root and nftables; fails
/// without them rather than passing unseen.
@Suite struct ControlTests {
    @Test func `What is banned is in the kernel, is listed and explained, and is gone when lifted`()
        async throws
    {
        let host = try await Host()
        let helper = try await host.startHelper()

        let banned = try await host.control(
            "ban", "203.0.113.7", "2001:db8::7", "198.51.100.0/24", "tcp:192.0.2.1:8776", "--for", "1h30m")
        #expect(banned.status == 0, "\(banned.errors)")
        #expect(banned.output.split(separator: "\n").count { $0.hasPrefix("banned  ") } == 4)
        #expect(banned.output.contains("(in 1 h "))
        #expect(try await host.keys("accept4") == ["203.0.113.7"])
        #expect(try await host.keys("accept6") == ["2001:db8::"])
        #expect(try await host.keys("net4") == ["198.51.100.0/24"])
        #expect(try await host.keys("dial4") == ["192.0.2.1 . tcp . 8776"])
        let timeout = try await host.namespace.nftElements("inet", "sentinel", "accept4").first?.timeout
        #expect(timeout.map { (1...5400).contains($0) } == true)

        let list = try await host.control("list")
        #expect(list.output.hasPrefix("KEY "))
        for key in ["203.0.113.7", "2001:db8::/64", "198.51.100.0/24", "tcp:192.0.2.1:8776"] {
            #expect(list.output.contains("\n\(key) "))
        }
        let lines = try await host.control("list", "--json").output.split(separator: "\n")
        #expect(
            Set(try lines.map { try object($0)["set"] as? String }) == [
                "accept4", "accept6", "net4", "dial4",
            ])

        let explained = try await host.controlJSON("explain", "203.0.113.7")
        #expect(explained["inbound"] as? Int64 == 0)
        #expect(explained["outbound"] as? Int64 == 1)
        #expect(try await host.control("explain", "203.0.113.7").output.contains("accept4 decides"))
        #expect(try await host.control("explain", "203.0.113.7").output.contains("granted  1 h 30 min"))
        #expect(
            try await host.control("explain", "203.0.113.8").output.contains("passes to the node's ports"))

        let trial = try await host.control("lift", "203.0.113.7", "--dry-run")
        #expect(trial.output.hasSuffix("1 ban would be lifted.\n"))
        #expect(try await host.keys("accept4") == ["203.0.113.7"])
        let lifted = try await host.control("lift", "203.0.113.7")
        #expect(lifted.status == 0)
        #expect(try await host.keys("accept4") == [])
        let again = try await host.control("lift", "203.0.113.7")
        #expect(again.status == 0)
        #expect(again.output == "")
        #expect(again.errors == "No ban of 203.0.113.7.\n")
        let unordered = ["198.51.100.100", "198.51.100.9", "198.51.100.20"]
        #expect(try await host.control(["ban"] + unordered).status == 0)
        let ordered = try await host.control("sets", "accept4", "--json").output.split(separator: "\n")
        #expect(
            try ordered.map { try object($0)["key"] as? String } == [
                "198.51.100.9", "198.51.100.20", "198.51.100.100",
            ])
        #expect(try await host.control("lift", "--all").output.hasSuffix("6 bans lifted.\n"))
        #expect(try await host.control("list").errors == "No bans in force.\n")
        await helper.end()
    }

    @Test func `Sets show the packets that the kernel refused`() async throws {
        let host = try await Host()
        let outside = try await NetworkNamespace()
        try await host.namespace.connect(
            to: outside, addresses: ["10.9.0.1/24"], otherAddresses: ["10.9.0.2/24"])
        let helper = try await host.startHelper()
        #expect(try await host.control("ban", "10.9.0.2", "--for", "1h").status == 0)
        // A refused connection to a port that isn't the node's is an answer. The first one makes the neighbours known
        // to each other, the second comes behind the datagram: on one processor, packets keep their order.
        let answer = "{ : < /dev/tcp/10.9.0.1/1; } 2> /dev/null"
        _ = try await outside.run {
            let script = "\(answer); echo x > /dev/udp/10.9.0.1/8776; \(answer)"
            return try Command(["taskset", "-c", "0", "bash", "-c", script]).run()
        }
        let listed = try await host.namespace.nftElements("inet", "sentinel", "accept4").first
        #expect(listed?.packets == 1)
        let element = try object(try await host.control("sets", "accept4", "--json").output)
        #expect(element["key"] as? String == "10.9.0.2")
        #expect(element["packets"] as? Int64 == 1)
        #expect(element["bytes"] as? Int64 == listed?.bytes.map(Int64.init))
        let text = try await host.control("sets", "accept4").output.split(separator: "\n")
        let summary = try await host.control("sets").output.split(separator: "\n")
        #expect(summary.first?.hasPrefix("SET ") == true && summary.count == 15)
        let row = try #require(summary.first { $0.hasPrefix("accept4 ") })
        #expect(
            row.split(separator: " ").map(String.init)[1...] == [
                "1", "1,048,576", "<1", "%", "1", "30", "B", "rhash", "ipv4_addr",
            ], "\(row)")
        let top = try await host.control("sets", "accept4", "--top", "1", "--json")
        #expect(try object(top.output)["packets"] as? Int64 == 1)
        let metrics = try await host.control("metrics")
        #expect(
            metrics.status == 0
                && metrics.output.contains("\nsentinel_refused_packets_total{set=\"accept4\"} 1\n"))
        #expect(
            metrics.output.contains(
                "sentinel_events_total{kind=\"banned\",check=\"accept\",reason=\"operator\"} 1\n"))
        #expect(text.first == "accept4  1 of 1,048,576 elements, ipv4_addr, timeout")
        #expect(text.last?.contains("  1   30 B  ") == true, "\(text)")
        await helper.end()
    }

    @Test func `A list of several pages is whole, and ends quietly when nobody reads on`() async throws {
        let host = try await Host()
        let helper = try await host.startHelper()
        let count = 2300
        let subjects = (0..<count).map { "10.20.\($0 / 250).\($0 % 250)" }
        let socket = host.socket
        let arguments = ["\(Host.binaries)/sentinelctl", "ban", "--socket", socket, "--for", "1h"] + subjects
        _ = try await host.namespace.run { try Command(arguments).output() }
        let lines = try await host.control("list", "--json").output.split(separator: "\n")
        #expect(Set(try lines.map { try object($0)["key"] as? String }) == Set(subjects))
        let head = try await host.namespace.run {
            try Command(
                ["bash", "-c", "'\(Host.binaries)/sentinelctl' list | head -n 1; echo ${PIPESTATUS[0]}"],
                environment: ["SENTINEL_SOCKET": socket, "COLUMNS": "80"]
            ).run()
        }
        #expect(head.output.hasPrefix("KEY "))
        #expect(head.output.hasSuffix("\n0\n"))
        #expect(head.errors == "")
        await helper.end()
    }

    @Test func `Watch tells events, and goes on when the helper is back`() async throws {
        let host = try await Host()
        let first = try await host.startHelper()
        let watch = try await host.startControl("watch")
        _ = try await watch.line(.errors, containing: "Watching")
        #expect(try await host.control("ban", "203.0.113.7", "--for", "1h").status == 0)
        #expect(try await watch.line(.output, containing: "banned").contains("203.0.113.7"))
        await first.end()
        _ = try await watch.line(.errors, containing: "went away")
        let second = try await host.startHelper()
        _ = try await watch.line(.errors, containing: "Watching again")
        #expect(try await host.control("lift", "203.0.113.7").status == 0)
        #expect(try await watch.line(.output, containing: "lifted").contains("203.0.113.7"))
        await watch.end()
        await second.end()
    }

    @Test func `Status tells the mode; after a release there is no table`() async throws {
        let host = try await Host()
        let helper = try await host.startHelper()
        let status = try await host.controlJSON("status")
        #expect((status["mode"] as? String)?.hasPrefix("owned") == true)
        #expect(try await host.control("status").output.contains("table       inet sentinel"))
        let unasked = try await host.control("release")
        #expect(unasked.status == 2)
        #expect(try await host.namespace.nftList("tables").count == 1)
        #expect(try await host.control("release", "--yes").status == 0)
        #expect(try await host.namespace.nftList("tables").isEmpty)
        let refused = try await host.control("ban", "203.0.113.7")
        #expect(refused.status == 1)
        #expect(refused.errors.contains("restart sentineld"))
        #expect(try await host.control("sets").status == 1)
        await helper.end()
    }

    @Test func `Exit statuses tell refusals, permission, and a helper that is not there`() async throws {
        let host = try await Host()
        let absent = try await host.control("status")
        #expect(absent.status == 3)
        #expect(absent.errors.contains(host.socket))
        let helper = try await host.startHelper()
        let guarded = try await host.control("ban", "127.0.0.1", "203.0.113.7")
        #expect(guarded.status == 1)
        #expect(guarded.errors.contains("loopback"))
        #expect(try await host.keys("accept4") == ["203.0.113.7"])
        #expect(try await host.control("sets", "nosuch").status == 2)
        #expect(try await host.control("explain", "nonsense").status == 2)
        let nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        let denied = try await host.control("status", as: nobody)
        #expect(denied.status == 4)
        #expect(denied.errors.contains("[access]"))
        try await host.namespace.command("chmod", "0600", host.socket)
        let unconnected = try await host.control("status", as: nobody)
        #expect(unconnected.status == 4)
        #expect(unconnected.errors.contains("may not speak to the helper"))
        await helper.end()
    }
}
