// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import NamespaceSupport
import SentinelProtocol
import SentineldSupport
import Testing
import Varlink

/// sentineld's configuration, read again while it runs.
@Suite(.timeLimit(.minutes(1))) struct ReloadTests {
    private func ports(_ namespace: NetworkNamespace) async throws -> [String] {
        try await namespace.nftElements("inet", "sentinel", "node_ports").map(\.key)
    }

    private func write(_ text: String, to place: Place) throws {
        // As an editor does: another file in its place.
        try Data(text.utf8).write(to: URL(filePath: place.configuration), options: .atomic)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: place.configuration)
    }

    @Test func `A SIGHUP takes a file that is right, and one that is wrong changes nothing`() async throws {
        let namespace = try await NetworkNamespace()
        let place = try Place()
        let sentineld = try await RunningSentineld.start(in: namespace, place)
        #expect(try await sentineld.submit(.accept, "192.0.2.1").enforced)
        let text = try String(contentsOfFile: place.configuration, encoding: .utf8)

        try write(text.replacing("[node]\n", with: "[node]\nports = [\"tcp/4001\"]\n"), to: place)
        sentineld.process.signal(SIGHUP)
        try await until { try await ports(namespace) == ["tcp . 4001"] }

        // Another port, and two mistakes.
        let wrong = text.replacing(
            "[node]\n", with: "[node]\nports = [\"tcp/4002\"]\nprots = []\nwidest4 = 7\n")
        try write(wrong, to: place)
        sentineld.process.signal(SIGHUP)
        let error = await #expect(throws: VarlinkError.self) {
            try await sentineld.client.call(HelperInterface.reload, .init())
        }
        let problems = try #require(error?.reply(as: HelperInterface.ReloadRefused.self)).problems
        #expect(problems.count == 2)
        #expect(problems.allSatisfy { $0.contains(place.configuration) })
        #expect(problems.contains { $0.contains("prots") } && problems.contains { $0.contains("widest4") })
        #expect(try await ports(namespace) == ["tcp . 4001"])

        try write(text, to: place)
        let reply = try await sentineld.client.call(HelperInterface.reload, .init())
        #expect(reply.changes.map(\.key) == ["[node] ports"])
        #expect(reply.changes.first?.old == "[\"tcp/4001\"]")
        #expect(try await ports(namespace).count == 2)
        #expect(try await sentineld.list().map(\.subject) == ["192.0.2.1"])
        #expect(try await sentineld.end(by: SIGTERM) == .exited(0))
        let log = try await sentineld.process.complaints()
        #expect(log.contains("notice: configured key=\"[node] ports\""))
        #expect(log.contains("error: can't reload, nothing has changed: \(place.configuration)"))
    }

    @Test func `The level of its log changes with it`() async throws {
        let namespace = try await NetworkNamespace()
        let place = try Place { $0 + "\n[log]\nlevel = \"error\"\n" }
        let sentineld = try await RunningSentineld.start(in: namespace, place)
        _ = try await sentineld.client.call(
            HelperInterface.ban, .init(bans: [BanRequest(check: .accept, subject: "192.0.2.1")]))
        let text = try String(contentsOfFile: place.configuration, encoding: .utf8)
        try write(text.replacing("\"error\"", with: "\"notice\""), to: place)
        #expect(
            try await sentineld.client.call(HelperInterface.reload, .init()).changes == [
                .init(key: "[log] level", old: "\"error\"", new: "\"notice\"")
            ])
        _ = try await sentineld.client.call(
            HelperInterface.ban, .init(bans: [BanRequest(check: .accept, subject: "192.0.2.2")]))
        try await sentineld.end(by: SIGTERM)
        let log = try await sentineld.process.complaints()
        #expect(!log.contains("192.0.2.1") && log.contains("192.0.2.2"))
    }
}
