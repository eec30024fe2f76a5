// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import Inet
import NamespaceSupport
import Nftables
import SentinelConfiguration
import SentinelProtocol
import Testing
import Varlink

@testable import SentinelHelper

/// Lists that are banned as one.
@Suite(.timeLimit(.minutes(5))) struct ImportTests {
    static let hour: Int64 = 3_600_000

    private func part(
        _ check: SentinelProtocol.Check = .accept, _ subjects: String..., reason: String? = "list",
        duration: Int64? = hour
    ) -> ImportPart {
        ImportPart(
            check: check, subjects: subjects.joined(separator: " "), reason: reason,
            duration: duration.map { Milliseconds(rawValue: $0) })
    }

    private func addresses(_ range: Range<Int>, in net: String = "10") -> [String] {
        range.map { "\(net).\($0 >> 16 & 255).\($0 >> 8 & 255).\($0 & 255)" }
    }

    @Test func `All kinds of subjects of both families are banned, in one transaction`() async throws {
        try await withHelper { helper async throws in
            let before = try await helper.status().generation
            let first = try await helper.name([
                part(.accept, "192.0.2.1", "2001:db8:1:2:3::4", "/ip4/192.0.2.2/tcp/8776"),
                part(.network, "198.51.100.0/24", "2001:db8:9::/48"),
            ])
            #expect(first.refused == [] && first.result == nil)
            #expect(try await helper.list() == [])
            #expect(try await helper.keys("accept4") == [])
            #expect(try await helper.status().generation == before)
            let reply = try await helper.name(
                [
                    part(.dial, "tcp:203.0.113.5:8776", "udp:[2001:db8::5]:4001", duration: 0),
                    part(.accept, "192.0.2.3", reason: nil, duration: nil),
                ], last: true)
            #expect(reply.refused == [])
            #expect(reply.result == ImportResult(bans: 8, pending: 0, durable: false))
            #expect(try await helper.status().generation == before + 1)
            #expect(Set(try await helper.keys("accept4")) == ["192.0.2.1", "192.0.2.2", "192.0.2.3"])
            #expect(try await helper.keys("accept6") == ["2001:db8:1:2::"])
            #expect(try await helper.keys("dial4") == ["203.0.113.5 . tcp . 8776"])
            #expect(try await helper.keys("dial6") == ["2001:db8::5 . udp . 4001"])
            #expect(try await helper.keys("net4") == ["198.51.100.0/24"])
            let bans = try await helper.list()
            #expect(bans.count == 8 && Set(bans.map(\.id)).count == 8)
            #expect(bans.allSatisfy { $0.byOperator && $0.strikes == 1 })
            let block = try #require(bans.first { $0.key == "2001:db8:1:2::/64" })
            #expect(block.subject == "2001:db8:1:2:3::4" && block.granted?.rawValue == Self.hour)
            #expect(bans.first { $0.key == "tcp:203.0.113.5:8776" }?.expires == nil)
            #expect(bans.first { $0.key == "192.0.2.3" }?.reason == "operator")
            let element = try #require(
                try await helper.namespace.nftElements("inet", "sentinel", "accept4").first {
                    $0.key == "192.0.2.1"
                })
            #expect(element.comment?.hasPrefix("list by operator user:") == true)
            // The list is done with: the next is another.
            let next = try await helper.name([part(.accept, "192.0.2.9")], last: true)
            #expect(next.result?.bans == 1)
        }
    }

    @Test func `What can't be banned is refused by its number, and all else is banned`() async throws {
        let configuration = RunningHelper.configuration { $0.exempt.addresses = [IPNetwork("192.0.2.8/32")!] }
        try await withHelper(configuration) { helper async throws in
            let first = try await helper.name([
                part(.accept, "192.0.2.1", "nobody", "192.0.2.0/24"),
                part(.accept, "192.0.2.2", reason: "NO REASON"),
            ])
            #expect(first.refused.map(\.index) == [1, 2, 3])
            #expect(first.refused.map(\.subject) == ["nobody", "192.0.2.0/24", "192.0.2.2"])
            #expect(first.refused.allSatisfy { $0.refusal.code == .malformed })
            let last = try await helper.name(
                [part(.network, "192.0.2.0/24"), part(.accept, "192.0.2.8", "192.0.2.3", "127.0.0.1")],
                last: true)
            #expect(last.refused.map(\.index) == [4, 5, 7])
            #expect(last.refused.map(\.refusal.guardName) == [.exempt, .exempt, .loopback])
            #expect(last.refused[0].refusal.message.contains("192.0.2.8"))
            #expect(last.result?.bans == 2)
            #expect(Set(try await helper.keys("accept4")) == ["192.0.2.1", "192.0.2.3"])
        }
    }

    @Test func `What is named twice is one ban, with the latest end`() async throws {
        try await withHelper { helper async throws in
            let reply = try await helper.name(
                [
                    part(.accept, "192.0.2.1", "2001:db8:1:2::3", duration: Self.hour),
                    part(
                        .accept, "192.0.2.1", "::ffff:192.0.2.1", "2001:db8:1:2::4", duration: 9 * Self.hour),
                    part(.accept, "192.0.2.1", duration: 2 * Self.hour),
                ], last: true)
            #expect(reply.result?.bans == 6)
            let bans = try await helper.list()
            #expect(bans.map(\.key).sorted() == ["192.0.2.1", "2001:db8:1:2::/64"])
            #expect(bans.allSatisfy { $0.granted?.rawValue == 9 * Self.hour && $0.strikes == 1 })
            for set in ["accept4", "accept6"] {
                let element = try await helper.namespace.nftElements("inet", "sentinel", set)[0]
                #expect(try #require(element.timeout) > 8 * 3600)
            }
        }
    }

    @Test func `A list whose connection ends before its last call leaves nothing behind`() async throws {
        try await withHelper { helper async throws in
            let other = try await VarlinkClient.connect(path: helper.path, on: helper.group)
            _ = try await other.call(
                HelperInterface.importBans, .init(parts: [part(.accept, "192.0.2.1")], last: false))
            await other.close()
            let reply = try await helper.name([part(.accept, "192.0.2.2")], last: true)
            #expect(reply.result?.bans == 1)
            #expect(try await helper.keys("accept4") == ["192.0.2.2"])
            #expect(try await helper.list().map(\.key) == ["192.0.2.2"])
        }
    }

    @Test func `Bans in force are renewed, keep their ids and strikes, and go on counting as one`()
        async throws
    {
        try await withHelper { helper async throws in
            let node = try await helper.submit(.accept, "192.0.2.1", duration: Self.hour)
            let block = try await helper.ban(.network, "198.51.100.0/24", duration: 9 * Self.hour)
            let reply = try await helper.name(
                [
                    part(.accept, "192.0.2.1", "192.0.2.2", duration: 5 * Self.hour),
                    part(.network, "198.51.100.0/24", duration: 5 * Self.hour),
                ], last: true)
            #expect(reply.result?.bans == 3)
            let bans = try await helper.list()
            let renewed = try #require(bans.first { $0.key == "192.0.2.1" })
            #expect(renewed.id == node.id && renewed.strikes == 1 && renewed.byOperator)
            #expect(renewed.granted?.rawValue == 5 * Self.hour)
            // The later end holds.
            let wide = try #require(bans.first { $0.key == "198.51.100.0/24" })
            #expect(wide.id == block.id && wide.granted?.rawValue == 9 * Self.hour)
            #expect(bans.count == 3)
            let element = try #require(
                try await helper.namespace.nftElements("inet", "sentinel", "accept4").first {
                    $0.key == "192.0.2.1"
                })
            #expect(try #require(element.timeout) > 4 * 3600)
        }
    }

    @Test func `In a full set nodes' bans make room, operators' don't, and who has no place is refused`()
        async throws
    {
        let configuration = RunningHelper.configuration { $0.capacity.accept = 4 }
        try await withHelper(configuration) { helper async throws in
            for (number, hours) in [(1, 3), (2, 1), (3, 2)] as [(Int, Int64)] {
                _ = try await helper.submit(.accept, "192.0.2.\(number)", duration: hours * Self.hour)
            }
            var watcher = try await helper.watch()
            let first = try await helper.name([part(.accept, "10.0.0.1", "10.0.0.2")], last: true)
            #expect(first.result?.bans == 2 && first.refused == [])
            #expect(try await watcher.next(.evicted).ban?.key == "192.0.2.2")
            #expect(
                Set(try await helper.keys("accept4")) == ["192.0.2.1", "192.0.2.3", "10.0.0.1", "10.0.0.2"])
            #expect(try await helper.explain("192.0.2.2").strikes == 1)
            let second = try await helper.name(
                [part(.accept, "10.0.0.3", "10.0.0.4", "10.0.0.5")], last: true)
            #expect(second.result?.bans == 2)
            #expect(second.refused.map(\.index) == [2])
            #expect(second.refused[0].refusal.code == .full)
            #expect(second.refused[0].refusal.message.contains("[capacity] accept"))
            #expect(Set(try await helper.keys("accept4")) == Set(addresses(1..<5)))
            #expect(try await helper.list().count == 4)
        }
    }

    @Test func `It is told as one, to who watches and in the history`() async throws {
        try await withDirectory { directory async throws in
            let configuration = RunningHelper.configuration { $0.ledger.directory = directory }
            try await withHelper(configuration) { helper async throws in
                var watcher = try await helper.watch()
                let reply = try await helper.name([part(.accept, "192.0.2.1", "192.0.2.2")], last: true)
                #expect(reply.result == ImportResult(bans: 2, pending: 0, durable: true))
                let event = try await watcher.next()
                #expect(event.kind == .imported && event.ban == nil)
                #expect(event.message == "2 bans of a list at accept, list")
                #expect(event.check == .accept && event.reason == "list" && event.count == 2)
                let history = try await helper.client.call(HelperInterface.history, .init()).events
                #expect(history.map(\.kind) == [.imported])
                #expect(history[0].message == event.message && history[0].actor == event.actor)
                #expect(history[0].count == 2 && history[0].reason == "list")
                let of = try await helper.client.call(
                    HelperInterface.history, .init(filter: .init(subject: "192.0.2.1"))
                ).events
                #expect(of == [])
                let counts = try await helper.client.call(HelperInterface.counters).events
                #expect(counts.map(\.kind) == [.banned] && counts.map(\.count) == [2])
                // Its bans end like any other, and then have their own event.
                _ = try await helper.lift(.init(subject: "192.0.2.1"))
                #expect(try await watcher.next().kind == .lifted)
                let kinds = try await helper.client.call(
                    HelperInterface.history, .init(kinds: [.imported, .lifted])
                ).events.map(\.kind)
                #expect(kinds == [.lifted, .imported])
            }
        }
    }

    @Test func `In shadow a list is only counted, and is said to be`() async throws {
        let configuration = RunningHelper.configuration { $0.shadow.checks = [.accept] }
        try await withHelper(configuration) { helper async throws in
            let reply = try await helper.name(
                [part(.accept, "192.0.2.1", "192.0.2.2"), part(.dial, "tcp:192.0.2.1:8776")], last: true)
            #expect(reply.result?.bans == 3)
            let bans = try await helper.list()
            #expect(bans.filter { $0.shadowed == true }.map(\.key) == ["192.0.2.1", "192.0.2.2"])
            #expect(try await helper.explain("192.0.2.1").inbound)
            let shadow = try await helper.client.call(HelperInterface.shadow, .init())
            #expect(shadow.bans == 2)
        }
    }

    @Test func `Bounds and rights`() async throws {
        let configuration = RunningHelper.configuration {
            $0.capacity.accept = 20_000
            ($0.capacity.dial, $0.capacity.network, $0.capacity.feed) = (10, 10, 10)
            $0.socket.mode = FileMode(bits: 0o666)
            $0.access.submit = [.user(.id(1001))]
        }
        try await withHelper(configuration) { helper async throws in
            let many = addresses(0..<20_001).joined(separator: " ")
            await #expect(throws: VarlinkError.self) {
                try await helper.name([part(.accept, many)], last: true)
            }
            #expect(try await helper.list() == [])
            _ = try await helper.asUser(1001) { client in
                await #expect(throws: VarlinkError.self) {
                    try await client.call(
                        HelperInterface.importBans, .init(parts: [part(.accept, "192.0.2.1")], last: true))
                }
            }
            let empty = try await helper.name([], last: true)
            #expect(empty.result == ImportResult(bans: 0, pending: 0, durable: false))
            try await helper.expectToServe()
        }
    }

    @Test func `A long list comes in many calls, ends when it says, and outlives the helper`() async throws {
        try await withDirectory { directory async throws in
            let configuration = RunningHelper.configuration { $0.ledger.directory = directory }
            let all = addresses(0..<30_000)
            try await withHelper(configuration) { helper async throws in
                for start in stride(from: 0, to: all.count, by: 10_000) {
                    let reply = try await helper.name(
                        [part(.accept, all[start..<start + 10_000].joined(separator: " "))],
                        last: start == 20_000)
                    #expect(reply.refused == [])
                }
                let elements = try await helper.namespace.nftElements("inet", "sentinel", "accept4")
                #expect(Set(elements.map(\.key)) == Set(all))
                // Each ends when the book says so.
                #expect(elements.allSatisfy { abs(($0.expires ?? 0) - 3600) < 120 })
                #expect(try await helper.status().bans == 30_000)
            }
            try await withHelper(configuration) { helper async throws in
                #expect(try await helper.status().bans == 30_000)
                #expect(Set(try await helper.keys("accept4")) == Set(all))
                let next = try #require(try await helper.submit(.accept, "192.0.2.8").id)
                #expect(next > 30_000)
            }
        }
    }

    /// The last of a large import come to the kernel later than was written down, and end as much later: here by a clock
    /// that is ahead at the next start.
    @Test(arguments: [5, 100]) func `A start writes anew only what ends much later than it should`(
        seconds: Int64
    )
        async throws
    {
        try await withDirectory { directory async throws in
            let namespace = try await NetworkNamespace()
            let configuration = RunningHelper.configuration { $0.ledger.directory = directory }
            let all = addresses(0..<17_000)
            func timeouts() async throws -> [ElementKey: Duration] {
                try await namespace.run {
                    let set = NamedSet(
                        Table(.inet, "sentinel"), "accept4", key: KeyType(.ipv4Address), flags: .timeout)
                    return Dictionary(
                        try NetlinkSocket().elements(of: set).map { ($0.key, $0.timeout ?? .zero) }
                    ) { one, _ in one }
                }
            }
            try await withHelper(configuration, in: namespace) { helper async throws in
                _ = try await helper.name([part(.accept, all.joined(separator: " "))], last: true)
            }
            let before = try await timeouts()
            #expect(before.count == all.count)
            var ahead = HostClock.system
            ahead.monotonic = { HostClock.system.monotonic() + seconds * 1000 }
            try await withHelper(configuration, in: namespace, clock: ahead) { helper async throws in
                #expect(try await helper.status().bans == all.count)
            }
            // What is written anew gets what is left as its timeout.
            let after = try await timeouts()
            #expect(after.count == all.count)
            #expect(before.filter { after[$0.key] == $0.value }.count == (seconds == 5 ? all.count : 0))
        }
    }

    /// The table of a run that was killed when the kernel had an import and the ledger had not.
    @Test(arguments: [true, false])
    func `Of an import that the ledger doesn't have nothing is left after the next start`(isMarked: Bool)
        async throws
    {
        try await withDirectory { directory async throws in
            let namespace = try await NetworkNamespace()
            let base = addresses(0..<17_000)
            let configuration = RunningHelper.configuration { $0.ledger.directory = directory + "/new" }
            try FileManager.default.createDirectory(
                atPath: directory + "/new", withIntermediateDirectories: true)
            try await withHelper(configuration, in: namespace) { helper async throws in
                _ = try await helper.name([part(.accept, base.joined(separator: " "))], last: true)
            }
            try FileManager.default.copyItem(atPath: directory + "/new", toPath: directory + "/old")
            try await withHelper(configuration, in: namespace) { helper async throws in
                _ = try await helper.name([part(.accept, "192.0.2.1", "192.0.2.2")], last: true)
                #expect(try await helper.keys("accept4").count == base.count + 2)
            }
            // What the transaction of an import brings along, and takes away when the ledger has it.
            if isMarked {
                try await namespace.run {
                    _ = try Command(["nft", "add set inet sentinel importing { type ipv4_addr; }"]).run()
                }
            }
            var old = configuration
            old.ledger.directory = directory + "/old"
            try await withHelper(old, in: namespace) { helper async throws in
                let keys = Set(try await helper.keys("accept4"))
                // Without the mark nothing tells: a set as large as this one isn't listed.
                #expect(keys == Set(isMarked ? base : base + ["192.0.2.1", "192.0.2.2"]))
                #expect(try await helper.status().bans == base.count)
                let sets = try await namespace.run { try Command(["nft", "list", "sets"]).run().output }
                #expect(!sets.contains("importing"))
            }
        }
    }
}

extension RunningHelper {
    /// Names a part of a list.
    fileprivate func name(
        _ parts: [ImportPart], last: Bool = false
    ) async throws -> HelperInterface.Import.Reply {
        try await client.call(HelperInterface.importBans, .init(parts: parts, last: last))
    }
}
