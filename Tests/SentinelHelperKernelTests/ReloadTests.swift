// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import Inet
import NamespaceSupport
import SentinelConfiguration
import SentinelProtocol
import Synchronization
import Testing
import Varlink

@testable import SentinelHelper

/// A configuration file that a test can write.
private final class File: Sendable {
    private let content = Mutex<Result<Configuration, ConfigurationError>>(.success(Configuration()))

    func write(_ configuration: Configuration) { content.withLock { $0 = .success(configuration) } }
    func write(_ error: ConfigurationError) { content.withLock { $0 = .failure(error) } }

    func read() throws(ConfigurationError) -> Configuration {
        let content = content.withLock { $0 }
        return try content.get()
    }
}

/// What a configuration does that is taken while the helper runs.
@Suite(.timeLimit(.minutes(1))) struct ReloadTests {
    private static func with(
        _ change: (inout Configuration) -> Void = { _ in }, in namespace: NetworkNamespace? = nil,
        limit: KernelFeatures = .all, _ body: (RunningHelper, Changing) async throws -> Void
    ) async throws {
        let file = File()
        try await withHelper(
            RunningHelper.configuration(change), in: namespace, limit: limit,
            source: .init(file: "sentinel.toml") { () throws(ConfigurationError) in try file.read() }
        ) { helper in
            let changing = Changing(file: file, helper: helper, base: RunningHelper.configuration(change))
            try await body(helper, changing)
        }
    }

    /// The configuration as it is, and what is made of it.
    private struct Changing {
        let file: File
        let helper: RunningHelper
        let base: Configuration

        func write(_ change: (inout Configuration) -> Void) {
            var configuration = base
            configuration.socket.path = helper.path
            change(&configuration)
            file.write(configuration)
        }

        func reload(
            dryRun: Bool? = nil, _ change: (inout Configuration) -> Void
        ) async throws -> HelperInterface.Reload.Reply {
            write(change)
            return try await helper.client.call(HelperInterface.reload, .init(dryRun: dryRun))
        }

        func refused(
            dryRun: Bool? = nil, _ change: (inout Configuration) -> Void
        ) async throws -> [String] {
            let error = await #expect(throws: VarlinkError.self) {
                _ = try await reload(dryRun: dryRun, change)
            }
            return try #require(error?.reply(as: HelperInterface.ReloadRefused.self)).problems
        }
    }

    private func handle(_ helper: RunningHelper) async throws -> Int? {
        try await helper.namespace.nftList("tables").compactMap { $0["table"] as? [String: any Sendable] }
            .first { $0["name"] as? String == "sentinel" }?["handle"] as? Int
    }

    /// Those of everything in the kernel that has one.
    private func handles(_ helper: RunningHelper) async throws -> [Int] {
        try await helper.namespace.nftList("ruleset").flatMap { $0.values }
            .compactMap { ($0 as? [String: any Sendable])?["handle"] as? Int }
    }

    private func size(_ set: String, _ helper: RunningHelper) async throws -> Int? {
        try await helper.namespace.nftList("set", "inet", "sentinel", set)
            .compactMap { $0["set"] as? [String: any Sendable] }.first?["size"] as? Int
    }

    @Test func `Nothing that changed is said to have, and the table stays the one that it is`() async throws {
        try await Self.with { helper, changing in
            #expect(try await helper.submit(.accept, "192.0.2.1").enforced)
            let before = try await handle(helper)
            let reply = try await changing.reload { _ in }
            #expect(reply.changes.isEmpty && !reply.rebuilt)
            #expect(try await handle(helper) == before)
            #expect(try await helper.keys("accept4") == ["192.0.2.1"])
        }
    }

    @Test func `Durations hold for bans to come, those in force keep their ends`() async throws {
        try await Self.with { helper, changing in
            let before = try await helper.submit(.accept, "192.0.2.1")
            let reply = try await changing.reload { $0.durations.fallback.first = .seconds(7200) }
            #expect(
                reply.changes == [
                    .init(key: "[durations.default] first", old: "\"10m\"", new: "\"2h\"")
                ])
            let kept = try #require(try await helper.list().first?.expires?.rawValue)
            // The clocks of the wall and of the loop aren't read at the same moment.
            #expect(abs(kept - (try #require(before.expires?.rawValue))) < 1000)
            let after = try await helper.submit(.accept, "192.0.2.2")
            let difference = try #require(after.expires?.rawValue) - #require(before.expires?.rawValue)
            #expect(difference > 6_000_000)
        }
    }

    @Test func `Ports, users, exempt addresses and rights are changed where they are looked up`() async throws
    {
        try await Self.with { helper, changing in
            #expect(try await helper.submit(.accept, "192.0.2.1").enforced)
            let before = try await handle(helper)
            let exempt = try #require(IPNetwork("198.51.100.0/24"))
            let reply = try await changing.reload {
                $0.node.ports = [ListeningPort(.tcp, 4001)]
                $0.node.users = [.id(7), .id(8)]
                $0.node.widest4 = 16
                $0.exempt.addresses = [exempt]
                $0.access.submit = []
            }
            #expect(
                reply.changes.map(\.key) == [
                    "[node] ports", "[node] users", "[node] widest4", "[access] submit", "[exempt] addresses",
                ])
            #expect(!reply.rebuilt)
            #expect(try await handle(helper) == before)
            #expect(try await helper.keys("node_ports") == ["tcp . 4001"])
            #expect(Set(try await helper.keys("node_users")) == ["7", "8"])
            #expect(try await helper.keys("exempt4").contains("198.51.100.0/24"))
            #expect(try await helper.keys("accept4") == ["192.0.2.1"])
            #expect(try await helper.submit(.accept, "198.51.100.1").refusal?.guardName == .exempt)
            #expect(try await helper.submit(.network, "10.9.0.0/16").enforced)
        }
    }

    @Test func `A dry run tells what would come of it, and changes nothing`() async throws {
        try await Self.with { helper, changing in
            #expect(try await helper.submit(.accept, "192.0.2.1").enforced)
            let (before, ports) = (try await handles(helper), try await helper.keys("node_ports"))
            let dry = try await changing.reload(dryRun: true) {
                $0.node.ports = [ListeningPort(.tcp, 4001)]
                $0.shadow.checks = [.accept]
                $0.access.submit = []
            }
            #expect(dry.changes.map(\.key) == ["[node] ports", "[shadow] checks", "[access] submit"])
            #expect(!dry.rebuilt && dry.shadowed == 1 && dry.enforced == nil)
            #expect(dry.file == "sentinel.toml")
            let larger = try await changing.reload(dryRun: true) { $0.capacity.accept = 100_000 }
            #expect(larger.rebuilt && larger.changes.map(\.key) == ["[capacity] accept"])
            let refused = try await changing.refused(dryRun: true) { $0.table.name = "other" }
            #expect(refused.count == 1 && refused[0].hasPrefix("[table] name: can't be changed"))
            // All of it is as it was: the table and its rules, what is in them, rights and the configuration.
            #expect(try await handles(helper) == before)
            #expect(try await helper.keys("node_ports") == ports)
            #expect(try await helper.submit(.accept, "192.0.2.2").enforced)
            #expect(try await changing.reload { _ in }.changes.isEmpty)
        }
    }

    @Test func `A reload and a dry run that are asked for at once each get their own answer`() async throws {
        try await Self.with { helper, changing in
            let client = helper.client
            changing.write { $0.log.level = .debug }
            async let reloaded = client.call(HelperInterface.reload, .init())
            async let dry = client.call(HelperInterface.reload, .init(dryRun: true))
            #expect(try await reloaded.changes.map(\.key) == ["[log] level"])
            let told = try await dry.changes.map(\.key)
            #expect(told == ["[log] level"] || told == [])
            #expect(try await client.call(HelperInterface.reload, .init(dryRun: true)).changes == [])
        }
    }

    @Test func `Who loses a right loses it on the connection that he has`() async throws {
        let nobody: UInt32 = 65_534
        let open: (inout Configuration) -> Void = {
            $0.socket.mode = FileMode(bits: 0o666)
            $0.access.submit = [.user(.id(nobody))]
        }
        try await Self.with(open) { helper, changing in
            try await helper.asUser(nobody) { client async throws in
                _ = try await client.call(HelperInterface.status)
                let error = await #expect(throws: VarlinkError.self) {
                    try await client.call(HelperInterface.reload, .init())
                }
                #expect(error?.reply(as: HelperInterface.PermissionDenied.self)?.right == .operate)
                _ = try await changing.reload { $0.access.submit = [] }
                let denied = await #expect(throws: VarlinkError.self) {
                    try await client.call(HelperInterface.status)
                }
                #expect(denied?.reply(as: HelperInterface.PermissionDenied.self)?.right == .submit)
                _ = try await changing.reload { _ in }
                _ = try await client.call(HelperInterface.status)
            }
        }
    }

    @Test func `Another capacity and another hook come with a new table that holds every ban`() async throws {
        try await Self.with { helper, changing in
            let denials = (0..<500).map {
                Denial(
                    check: .accept, subject: "192.0.\(2 + $0 / 250).\($0 % 250)", reason: "rate",
                    validated: true)
            }
            #expect(try await helper.submit(denials).allSatisfy { $0.enforced })
            #expect(try await helper.submit(.dial, "tcp:[2001:db8::1]:4001").enforced)
            // The narrower one ends later, and not in the same millisecond: it is an interval of its own.
            for (block, hours) in [("10.9.0.0/24", 1), ("10.9.0.128/25", 2)] as [(String, Int64)] {
                #expect(try await helper.ban(.network, block, duration: hours * 3_600_000).enforced)
            }
            let before = try await helper.list()
            let elements = try await helper.namespace.nftElements("inet", "sentinel", "accept4")
            let (handle, networks) = (try await handle(helper), try await helper.keys("net4"))
            let reply = try await changing.reload {
                $0.capacity.accept = 600
                $0.table.hook = .input
                $0.table.priority = 0
            }
            #expect(reply.rebuilt)
            #expect(reply.changes.map(\.key) == ["[table] hook", "[table] priority", "[capacity] accept"])
            #expect(try await self.handle(helper) != handle)
            #expect(try await size("accept4", helper) == 675)
            #expect(
                try await helper.namespace.command("nft", "list", "chain", "inet", "sentinel", "inbound")
                    .contains("hook input priority filter"))
            #expect(try await helper.list().map(Self.withoutTimes) == before.map(Self.withoutTimes))
            #expect(try await helper.keys("net4").sorted() == networks.sorted())
            let after = try await helper.namespace.nftElements("inet", "sentinel", "accept4")
            #expect(Set(after.map(\.key)) == Set(elements.map(\.key)))
            #expect(after.first?.comment == elements.first { $0.key == after.first?.key }?.comment)
            #expect(try await helper.keys("dial6").count == 1)

            // The new capacity is the one that counts: there is room for a hundred more.
            let more = (0..<101).map {
                Denial(check: .accept, subject: "192.0.9.\($0)", reason: "rate", validated: true)
            }
            let receipts = try await helper.submit(more)
            #expect(receipts.prefix(100).allSatisfy { $0.enforced })
            #expect(try await helper.status().sets.first { $0.name == "accept4" }?.capacity == 600)
            #expect(try await helper.ban(.dial, "tcp:192.0.2.254:9").enforced)
        }
    }

    @Test func `A configuration that the kernel refuses changes nothing`() async throws {
        let namespace = try await NetworkNamespace()
        try await Self.with(in: namespace, limit: .none) { helper, changing in
            #expect(try await helper.submit(.accept, "192.0.2.1").enforced)
            #expect(try await helper.status().mode == .watched)
            // Somebody else takes the table away, and has one of that name for himself.
            let pipe = NSTemporaryDirectory() + "nft-\(UUID().uuidString.prefix(8))"
            #expect(mkfifo(pipe, 0o600) == 0)
            let thief = try await namespace.start(["sh", "-c", "exec nft -i <\(pipe)"])
            let orders = try await onFreshThread { try FileHandle(forWritingTo: URL(filePath: pipe)) }
            unlink(pipe)
            let order = "delete table inet sentinel; add table inet sentinel { flags owner; }\n"
            try orders.write(contentsOf: Data(order.utf8))
            try await until { try await namespace.nftList("sets").isEmpty }
            let problems = try await changing.refused {
                $0.node.ports = [ListeningPort(.tcp, 1)]
                $0.durations.fallback.first = .seconds(1)
            }
            #expect(problems.count == 1)
            let moreProblems = try await changing.refused {
                $0.capacity.accept = 100
                $0.durations.fallback.first = .seconds(1)
            }
            #expect(moreProblems.count == 1)

            thief.signal(SIGKILL)
            try await until { (try? await helper.keys("accept4")) == ["192.0.2.1"] }
            #expect(try await helper.keys("node_ports").contains("tcp . 8776"))
            #expect(try await size("accept4", helper) ?? 0 > 1_048_576)
            #expect(try await helper.submit(.accept, "192.0.2.2").enforced)
            let granted = try #require(try await helper.list().first { $0.subject == "192.0.2.2" }).granted
            #expect(granted == Milliseconds(.seconds(600)))
            // What is asked for next is compared with what is in force.
            #expect(try await changing.reload { _ in }.changes.isEmpty)
        }
    }

    private static func withoutTimes(_ ban: Ban) -> Ban {
        var ban = ban
        ban.created = Timestamp(rawValue: 0)
        ban.expires = nil
        return ban
    }

    @Test func `What can't be changed while it runs is refused with everything else, and named`() async throws
    {
        try await Self.with { helper, changing in
            for number in 1...3 { #expect(try await helper.submit(.accept, "192.0.2.\(number)").enforced) }
            let problems = try await changing.refused {
                $0.table.name = "other"
                $0.table.ipv6Prefix = 56
                $0.socket.path = "/run/other.sock"
                $0.socket.mode = FileMode(bits: 0o600)
                $0.capacity.accept = 2
                $0.node.ports = [ListeningPort(.tcp, 1)]
            }
            #expect(
                problems.map { $0.split(separator: ":")[0] } == [
                    "[table] name", "[table] ipv6_prefix", "[socket] path", "[socket] mode", "[capacity]",
                ])
            #expect(problems.prefix(4).allSatisfy { $0.contains("restart sentineld") })
            #expect(problems[4].contains("2 is less than the 3 bans that accept4 holds"))
            #expect(try await helper.keys("node_ports").contains("tcp . 8776"))
            try await helper.expectToLive()
        }
    }

    @Test func `All that is wrong with the file is told, and nothing changes`() async throws {
        try await Self.with { helper, changing in
            changing.file.write(
                ConfigurationError([
                    .init(file: "f", line: 3, fault: "a is wrong", remedy: "do b"),
                    .init(file: "f", line: 7, key: ConfigurationKey("log", "level"), fault: "c", remedy: "d"),
                ]))
            let error = await #expect(throws: VarlinkError.self) {
                try await helper.client.call(HelperInterface.reload, .init())
            }
            #expect(
                error?.reply(as: HelperInterface.ReloadRefused.self)?.problems == [
                    "f:3: a is wrong; do b", "f:7: [log] level: c; d",
                ])
            try await helper.expectToLive()
        }
    }

    @Test func `Once released, nothing is taken any more`() async throws {
        try await Self.with { helper, changing in
            _ = try await helper.client.call(HelperInterface.release)
            let problems = try await changing.refused { $0.capacity.accept = 100 }
            #expect(problems == ["the table has been released; restart sentineld to enforce again"])
            #expect(try await helper.namespace.nftList("ruleset").isEmpty)
        }
    }

    @Test func `Bounds of callers hold from then on`() async throws {
        try await Self.with { helper, changing in
            _ = try await changing.reload {
                $0.socket.connections = 1
                $0.socket.connectionsPerUser = 1
            }
            let other = try await VarlinkClient.connect(path: helper.path, on: helper.group)
            let error = await #expect(throws: VarlinkError.self) {
                try await other.call(HelperInterface.status)
            }
            let said = error?.reply(as: ConnectionInterface.TooManyConnections.self)
            #expect(said?.scope == "user" && said?.limit == 1)
            _ = try await changing.reload { _ in }
            try await helper.expectToServe()
        }
    }

    @Test func `Many reloads at once are all answered, and the last file is the one in force`() async throws {
        try await Self.with { helper, changing in
            _ = try await changing.reload { _ in }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1...20 {
                    var configuration = changing.base
                    configuration.socket.path = helper.path
                    configuration.node.ports = [ListeningPort(.tcp, UInt16(number))]
                    changing.file.write(configuration)
                    group.addTask {
                        let client = try await VarlinkClient.connect(path: helper.path, on: helper.group)
                        _ = try await client.call(HelperInterface.reload, .init())
                        await client.close()
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await helper.keys("node_ports") == ["tcp . 20"])
        }
    }
}

extension RunningHelper {
    /// Shows that it is still what it was started as.
    fileprivate func expectToLive(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        #expect(try await status().problems.isEmpty, sourceLocation: sourceLocation)
        #expect(try await ban(.dial, "tcp:192.0.2.254:9").enforced, sourceLocation: sourceLocation)
    }
}
