// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import NamespaceSupport
import SentineldSupport
import Testing

/// A node with its policies in a file, and a directory for both.
private final class RunningNode: Sendable {
    let process: RunningProcess
    private let namespace: NetworkNamespace
    private let directory: String

    /// Starts it in a namespace and waits until it listens.
    init(_ policies: String, in namespace: NetworkNamespace) async throws {
        self.namespace = namespace
        directory = FileManager.default.temporaryDirectory.path + "/node-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        try Data(policies.utf8).write(to: URL(filePath: "\(directory)/policies.toml"))
        // What it prints is read while it runs.
        process = try await namespace.start([
            "sh", "-c", "exec \"$@\" >\(directory)/output", "sh", try Place.program("seed-node"), "listen",
            "--address", "127.0.0.1", "--port", "8776", "--policies", "\(directory)/policies.toml",
        ])
        _ = try await line("policies", number: 0)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    var file: String { "\(directory)/policies.toml" }

    /// The lines of an event, so far.
    private func lines(_ event: String) throws -> [[String: Any]] {
        let text = (try? String(contentsOfFile: "\(directory)/output", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { line in
            let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return object.flatMap { $0["event"] as? String == event ? $0 : nil }
        }
    }

    /// Waits for a line of an event, counted from 0; gives it as text.
    func line(_ event: String, number: Int) async throws -> [String: String] {
        try await until { () async throws -> [String: String]? in
            guard process.isRunning else { throw SupportError(try await process.complaints()) }
            let lines = try lines(event)
            return lines.count > number ? lines[number].mapValues { "\($0)" } : nil
        }
    }

    /// How many questions each policy has denied, by what is printed last, when it has ended.
    func denied() throws -> [String: Int] {
        let policies = try #require(try lines("stopped").last?["policies"] as? [[String: Any]])
        return Dictionary(
            uniqueKeysWithValues: try policies.map {
                (try #require($0["name"] as? String), try #require($0["denied"] as? Int))
            })
    }

    /// Puts another text into the file and has it read; gives what is said of it.
    func reload(_ policies: String, number: Int) async throws -> [String: String] {
        try Data(policies.utf8).write(to: URL(filePath: file))
        process.signal(SIGHUP)
        return try await line("policies", number: number)
    }

    /// What comes of a dial.
    func dial() async throws -> String {
        let program = try Place.program("seed-node")
        let result = try await namespace.run {
            try Command([
                program, "dial", "tcp:127.0.0.1:8776", "--stream", "gossip", "--count", "1",
            ]).run()
        }
        let line = try #require(result.output.split(separator: "\n").first)
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        return try #require(object?["result"] as? String)
    }
}

/// A chain with one rate, of which two dials take all.
private func policies(_ name: String, _ more: String = "") -> String {
    """
    [[policy]]
    kind = "rate"
    name = "\(name)"
    exempt_loopback = false
    tiers = [{ family = "ipv4", prefix = 32, rate = "2/d" }]
    \(more)
    """
}

/// A node whose policies are read again while it runs.
@Suite(.timeLimit(.minutes(1))) struct PoliciesTests {
    @Test func `A changed file takes effect and keeps what was counted, a broken one changes nothing`()
        async throws
    {
        let namespace = try await NetworkNamespace()
        let node = try await RunningNode(policies("first"), in: namespace)
        #expect(try await node.line("policies", number: 0)["result"] == "applied")
        #expect(try await node.dial() == "ok")
        #expect(try await node.dial() == "ok")
        #expect(try await node.dial() == "refused")

        // The same policy in another chain: what it has counted is still there.
        let list = "[[policy]]\nkind = \"deny\"\naddresses = [\"203.0.113.7\"]"
        let applied = try await node.reload(policies("first", list), number: 1)
        #expect(applied["result"] == "applied" && applied["problems"] == nil)
        #expect(try await node.dial() == "refused")

        // One that is broken, by what is behind a policy that would have let the dial pass.
        let refused = try await node.reload(
            policies("second", list.replacing("113.7", with: "113.700")), number: 2)
        #expect(refused["result"] == "refused")
        #expect(refused["problems"]?.contains("\(node.file):8: [[policy]] addresses: ") == true)
        #expect(try await node.dial() == "refused")

        // Another policy begins with nothing.
        let third = try await node.reload(policies("second", list), number: 3)
        #expect(third["result"] == "applied")
        #expect(try await node.dial() == "ok")

        // The first one again: it is another from now on, but for its name.
        _ = try await node.reload(
            policies("second", list.replacing("203.0.113.7", with: "127.0.0.1")), number: 4)
        #expect(try await node.dial() == "refused")
        node.process.signal(SIGTERM)
        #expect(try await node.process.end() == .exited(0))
        #expect(try node.denied() == ["second": 0, "deny": 1])
    }

    @Test func `A file that is broken from the start ends it with 2, and other options beside it with 64`()
        async throws
    {
        let namespace = try await NetworkNamespace()
        let place = try Place { _ in "[[policy]]\nkind = \"dney\"" }
        let program = try Place.program("seed-node")
        let broken = try await namespace.start([program, "listen", "--policies", place.configuration])
        #expect(try await broken.end() == .exited(2))
        #expect(try await broken.complaints().hasPrefix("\(place.configuration):2: [[policy]] kind: "))
        let mixed = try await namespace.start([
            program, "listen", "--policies", place.configuration, "--rate", "5", "--deny", "192.0.2.0/24",
        ])
        #expect(try await mixed.end() == .exited(64))
        #expect(try await mixed.complaints().contains("leave out --rate, --deny"))
    }
}
