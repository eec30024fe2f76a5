// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import Inet
import NamespaceSupport
import Testing

/// sentinelctl changes the configuration of a sentineld that runs.
@Suite(.timeLimit(.minutes(2))) struct ConfigurationTests {
    private static let durations = """

        # How long bans last.
        [durations.default]
        first = "10m" # short
        jitter = 0

        [exempt]
        addresses = ["192.0.2.0/24"]

        """

    /// How long the ban of an address was granted for, and how long its element in the kernel lasts, in seconds.
    private static func granted(_ host: Host, _ address: String) async throws -> [Int64] {
        #expect(try await host.control("ban", address).status == 0)
        let ban = try object(try await host.control("list", "--subject", address, "--json").output)
        let element = try await host.namespace.nftElements("inet", "sentinel", "accept4").first {
            $0.key == address
        }
        let granted = try #require(ban["granted"] as? Int64) / 1000
        // What is left when the kernel is told of it, in whole seconds.
        let timeout = Int64(try #require(element?.timeout))
        return [granted, (granted - 1...granted).contains(timeout) ? granted : timeout]
    }

    @Test func `A duration that is set holds for the next ban, and one that is undone doesn't`() async throws
    {
        let host = try await Host()
        let helper = try await host.startHelper(Self.durations)
        let file = try host.configurationText()
        #expect(try await Self.granted(host, "203.0.113.1") == [600, 600])
        let set = try await host.control(
            "durations", "set", "--reason", "operator", "--first", "2h", "--config", host.configuration)
        #expect(set.status == 0, "\(set.errors)")
        #expect(set.output.contains("+  any    operator     2 h"), "\(set.output)")
        #expect(set.output.contains("and in force"))
        #expect(try await Self.granted(host, "203.0.113.2") == [7200, 7200])
        #expect(
            try host.configurationText()
                == file.replacing(
                    "jitter = 0\n", with: "jitter = 0\n\n[durations.reason.operator]\nfirst = \"2h\"\n"))
        // What was banned before ends when it would have.
        let before = try object(
            try await host.control("list", "--subject", "203.0.113.1", "--json").output)
        #expect(before["granted"] as? Int64 == 600_000)
        let undone = try await host.control("durations", "undo", "--config", host.configuration)
        #expect(undone.status == 0, "\(undone.errors)")
        #expect(try await Self.granted(host, "203.0.113.3") == [600, 600])
        #expect(try host.configurationText() == file)
        await helper.end()
    }

    @Test func `What would be wrong is not written, and the helper goes on as before`() async throws {
        let host = try await Host()
        let helper = try await host.startHelper(Self.durations)
        let file = try host.configurationText()
        let wrong = try await host.control(
            "durations", "set", "--first", "8d", "--config", host.configuration)
        #expect(wrong.status == 1)
        #expect(wrong.errors.contains("[durations.default]"))
        #expect(try host.configurationText() == file)
        #expect(try await Self.granted(host, "203.0.113.1") == [600, 600])
        await helper.end()
    }

    @Test func `Where the helper refuses the file, the old one is back`() async throws {
        let host = try await Host()
        let helper = try await host.startHelper(Self.durations)
        let mended = try host.configurationText() + "[table]\nname = \"other\"\n"
        try Data(mended.utf8).write(to: URL(filePath: host.configuration))
        let refused = try await host.control(
            "durations", "set", "--first", "1h", "--config", host.configuration)
        #expect(refused.status == 1)
        #expect(refused.errors.contains("[table] name"))
        #expect(refused.errors.contains("is as it was"))
        #expect(try host.configurationText() == mended)
        #expect(try await Self.granted(host, "203.0.113.1") == [600, 600])
        await helper.end()
    }

    @Test func `A file that sentineld hasn't been started with is found out, and is as it was`() async throws
    {
        let host = try await Host()
        let helper = try await host.startHelper(Self.durations)
        let other = "\(host.directory)/other.toml"
        try Data(try host.configurationText().utf8).write(to: URL(filePath: other))
        for arguments in [["durations", "set", "--first", "1h"], ["exempt", "add", "203.0.113.7"]] {
            let refused = try await host.control(arguments + ["--config", other])
            #expect(refused.status == 1)
            #expect(refused.errors.contains("sentineld has read \(host.configuration), not \(other)"))
            #expect(try String(contentsOfFile: other, encoding: .utf8) == host.configurationText())
        }
        await helper.end()
    }

    @Test func `While sentineld isn't running, a change holds from its start`() async throws {
        let host = try await Host()
        try await host.startHelper(Self.durations).end()
        let set = try await host.control("durations", "set", "--first", "1h", "--config", host.configuration)
        #expect(set.status == 0)
        #expect(set.output.contains("holds from its next start"))
        let helper = try await host.startHelper(nil)
        #expect(try await Self.granted(host, "203.0.113.1") == [3600, 3600])
        await helper.end()
    }

    @Test func `Who may not write the file is told so, and nothing changes`() async throws {
        let host = try await Host()
        let helper = try await host.startHelper(Self.durations)
        let file = try host.configurationText()
        let nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        for socket in [host.socket, "/nonexistent/sentinel.sock"] {
            let denied = try await host.control(
                ["durations", "set", "--first", "1h", "--config", host.configuration, "--socket", socket],
                as: nobody)
            #expect(denied.status == 4, "\(denied.errors)")
            #expect(denied.errors.contains(host.configuration) && denied.errors.contains("sudo"))
        }
        #expect(try host.configurationText() == file)
        #expect(
            try !FileManager.default.contentsOfDirectory(atPath: host.directory).contains {
                $0.contains(".new")
            })
        await helper.end()
    }

    @Test func `Changes at once are made one after the other, and none is lost`() async throws {
        let host = try await Host()
        let helper = try await host.startHelper(Self.durations)
        let addresses = (1...6).map { "198.51.100.\($0)" }
        try await withThrowingTaskGroup(of: Int32.self) { group in
            for address in addresses {
                group.addTask {
                    try await host.control("exempt", "add", address, "--config", host.configuration).status
                }
            }
            for try await status in group { #expect(status == 0) }
        }
        let lines = try await host.control("exempt", "--json").output.split(separator: "\n")
        let exempt = try lines.map { try object($0) }.filter { $0["guard"] as? String == "exempt" }
        #expect(Set(exempt.compactMap { $0["network"] as? String }) == Set(addresses + ["192.0.2.0/24"]))
        let names = try FileManager.default.contentsOfDirectory(atPath: host.directory)
        #expect(!names.contains { $0.hasSuffix(".new") || $0.hasSuffix(".old") || $0.hasSuffix(".older") })
        await helper.end()
    }

    @Test func `An exempt address gets through its ban and takes no other, until it is taken off`()
        async throws
    {
        let host = try await Host()
        let outside = try await NetworkNamespace()
        try await host.namespace.connect(
            to: outside, addresses: ["10.9.0.1/24"], otherAddresses: ["10.9.0.2/24"])
        let helper = try await host.startHelper(Self.durations)
        let node = try #require(IPAddress("10.9.0.1"))
        let client = try #require(IPAddress("10.9.0.2"))
        let listener = try await host.namespace.run {
            let listener = try TestSocket(.tcp, at: node, port: 8776)
            try listener.listen()
            return listener
        }
        func knock() async throws -> TestSocket.Outcome {
            try await outside.run { try TestSocket(.tcp, at: client).connect(to: node, port: 8776) }
        }
        #expect(try await knock() == .ok)
        #expect(try await host.control("ban", "10.9.0.2", "--for", "1h").status == 0)
        #expect(try await knock() == .timedOut)

        let added = try await host.control(
            "exempt", "add", "10.9.0.2", "--note", "monitoring", "--config", host.configuration)
        #expect(added.status == 0, "\(added.errors)")
        #expect(added.output.contains("10.9.0.2 is exempt"))
        #expect(added.output.contains("1 ban there without effect on what is guarded"), "\(added.output)")
        #expect(try host.configurationText().contains("    \"10.9.0.2\" # monitoring\n"))
        // It is beside the host's own address, so both are one element.
        #expect(try await host.keys("exempt4").contains { $0.hasSuffix("10.9.0.2") })
        #expect(try await knock() == .ok)
        let refused = try await host.control("ban", "10.9.0.2", "--for", "2h")
        #expect(refused.status == 1)
        #expect(
            refused.errors.contains("guarded") && refused.errors.contains("(exempt)"), "\(refused.errors)")
        let listed = try await host.control("exempt").output
        #expect(listed.contains("\n10.9.0.2 ") && listed.contains("the configuration"), "\(listed)")
        #expect(listed.contains("\n10.9.0.1 ") && listed.contains("this host's address"), "\(listed)")

        let removed = try await host.control("exempt", "remove", "10.9.0.2", "--config", host.configuration)
        #expect(removed.status == 0, "\(removed.errors)")
        #expect(removed.output.contains("1 ban there in effect again"), "\(removed.output)")
        #expect(try await knock() == .timedOut)
        withExtendedLifetime(listener) {}
        await helper.end()
    }
}
