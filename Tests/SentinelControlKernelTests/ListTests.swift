// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Foundation
import NamespaceSupport
import Testing

/// Lists of bans, into a helper that runs and out of it.
@Suite struct ListTests {
    private func write(_ text: String, _ name: String, _ host: Host) throws -> String {
        let path = "\(host.directory)/\(name)"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    /// What is said of bans beside when they end, which the helper tells from another clock each time.
    private func withoutEnds(_ lines: String) throws -> [[String: String]] {
        try lines.split(separator: "\n").map { line in
            try object(line).filter { $0.key != "expires" }.mapValues { "\($0)" }
        }
    }

    private func ends(_ lines: String) throws -> [Int64] {
        try lines.split(separator: "\n").map { try object($0)["expires"] as? Int64 ?? 0 }.sorted()
    }

    @Test func `What a list holds is in the kernel, for the time that is left`() async throws {
        let host = try await Host()
        let helper = try await host.startHelper()
        let now = Int(Date().timeIntervalSince1970)
        let list = try write(
            """
            {"banned_nets": [
            {"version":1,"ban_created":\(now - 60),"banned_until":\(now + 3600),"address":"203.0.113.7/32"},
            {"version":1,"ban_created":\(now - 60),"banned_until":\(now + 7200),"address":"198.51.100.0/24"},
            {"version":1,"ban_created":\(now - 60),"banned_until":\(now - 1),"address":"203.0.113.8/32"},
            {"version":1,"ban_created":\(now - 60),"banned_until":\(now + 60),"address":"x.onion"},
            {"version":1,"ban_created":\(now - 60),"banned_until":\(now + 60),"address":"127.0.0.1/32"}
            ]}
            """, "banlist.json", host)
        let trial = try await host.control("import", "--dry-run", list)
        #expect(trial.status == 1)
        #expect(trial.output.contains("would ban  3"))
        #expect(try await host.keys("accept4") == [])

        let imported = try await host.control("import", list)
        #expect(imported.status == 1)
        #expect(
            imported.output.contains("list     \(list), bitcoin") || imported.output.contains("bitcoin\n"))
        #expect(imported.output.contains("banned   2\n"))
        #expect(imported.output.contains("ended    1 had ended"))
        #expect(imported.output.contains("refused  2\n"))
        #expect(imported.errors.contains("refused, no IP address: \(list) line 5, x.onion; "))
        #expect(imported.errors.contains("refused, guarded by loopback: \(list) line 6, 127.0.0.1; "))
        #expect(try await host.keys("accept4") == ["203.0.113.7"])
        #expect(try await host.keys("net4") == ["198.51.100.0/24"])
        let timeout = try await host.namespace.nftElements("inet", "sentinel", "accept4").first?.timeout
        #expect(timeout.map { (3000...3601).contains($0) } == true)

        // The same once more changes nothing; what lies in the block is no ban of its own.
        let more = try write("198.51.100.9\n203.0.113.7\n203.0.113.9\n", "plain.txt", host)
        let again = try await host.control("import", list, "--json")
        let summary = try object(again.output)
        #expect(summary["taken"] as? Int64 == 0)
        #expect(summary["already_banned"] as? Int64 == 2)
        #expect((summary["refused"] as? [[String: String]])?.map { $0["line"] } == ["5", "6"])
        let merged = try object(try await host.control("import", more, "--for", "90m", "--json").output)
        #expect(merged["within_block"] as? Int64 == 1)
        #expect(merged["taken"] as? Int64 == 2)
        #expect(merged["renewed"] as? Int64 == 1)
        #expect(Set(try await host.keys("accept4")) == ["203.0.113.7", "203.0.113.9"])
        await helper.end()
    }

    @Test func `What is exported and imported elsewhere is the same ban`() async throws {
        let host = try await Host()
        let helper = try await host.startHelper()
        for arguments in [
            ["203.0.113.7", "2001:db8::7", "--for", "1h", "--reason", "flood", "--detail", "a \"b\""],
            ["198.51.100.0/24", "--for-good"], ["tcp:203.0.113.7:8776", "--for", "2h"],
        ] {
            let socket = host.socket
            _ = try await host.namespace.run {
                try Command(["\(Host.binaries)/sentinelctl", "ban", "--socket", socket] + arguments).output()
            }
        }
        let listed = try await host.control("list", "--json").output
        let exported = try await host.control("export", "--format", "sentinel")
        #expect(exported.status == 0)
        #expect(try withoutEnds(exported.output) == withoutEnds(listed))
        let path = "\(host.directory)/bans.jsonl"
        let written = try await host.control("export", "--format", "sentinel", "--output", path)
        #expect(written.output == "")
        #expect(written.errors == "4 bans in \(path).\n")
        #expect(try withoutEnds(String(contentsOfFile: path, encoding: .utf8)) == withoutEnds(listed))
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: host.directory).count { $0.hasPrefix("bans") }
                == 1)

        for (shown, held) in zip(try ends(listed), try ends(exported.output)) {
            #expect(abs(shown - held) < 1000)
        }

        let bitcoin = try await host.control("export", "--format", "bitcoin")
        #expect(bitcoin.errors.contains("bitcoin can't hold bans of endpoints: 1 left out.\n"))
        #expect(bitcoin.output.contains("\"2001:db8::7/128\""))

        let other = try await Host()
        let second = try await other.startHelper()
        #expect(try await other.control("import", path).status == 0)
        func facts(_ lines: String) throws -> Set<[String]> {
            Set(
                try lines.split(separator: "\n").map { line in
                    let ban = try object(line)
                    return ["check", "key", "subject", "reason", "detail", "peer"].map { "\(ban[$0] ?? "")" }
                })
        }
        let arrived = try await other.control("list", "--json").output
        #expect(try facts(arrived) == facts(listed))
        for (old, new) in zip(try ends(listed), try ends(arrived)) { #expect(abs(old - new) < 1000) }
        await second.end()
        await helper.end()
    }

    @Test func `A pipe is read too, and what can't be read says why`() async throws {
        let host = try await Host()
        let helper = try await host.startHelper()
        let socket = host.socket
        let piped = try await host.namespace.run {
            try Command(
                [
                    "sh", "-c",
                    "echo 203.0.113.7 | '\(Host.binaries)/sentinelctl' import - --for 1h --reason feed",
                ],
                environment: ["SENTINEL_SOCKET": socket, "COLUMNS": "80"]
            ).run()
        }
        #expect(piped.status == 0, "\(piped.errors)")
        #expect(piped.output == "list    the standard input, plain\nbanned  1\n")
        #expect(try await host.control("list", "--json").output.contains("\"reason\":\"feed\""))
        #expect(try await host.control("import", "\(host.directory)/nosuch").status == 2)
        let cut = try write("{\"banned_nets\": [", "cut.json", host)
        let refused = try await host.control("import", cut)
        #expect(refused.status == 1)
        #expect(refused.errors.contains("\(cut) line 1: the JSON ends in the middle; "))
        await helper.end()
    }
}
