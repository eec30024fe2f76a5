// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import NamespaceSupport
import SentinelConfiguration
import SentinelProtocol
import Testing
import Varlink

@testable import SentinelHelper

/// Full sets: who makes room for whom.
@Suite(.timeLimit(.minutes(5))) struct CapacityTests {
    static let hour: Int64 = 3_600_000

    private func configuration(accept: Int, share: Int = 50) -> Configuration {
        RunningHelper.configuration {
            $0.capacity.accept = accept
            $0.capacity.share = share
            $0.socket.mode = FileMode(bits: 0o666)
            $0.access.submit = [.user(.id(1001)), .user(.id(1002))]
        }
    }

    private func address(_ number: Int) -> String { "198.18.\(number / 250).\(number % 250 + 1)" }

    private func addresses(_ bans: [Ban]) -> Set<String> { Set(bans.map(\.key)) }

    /// Events until one of a kind, that one with them.
    private func events(_ watcher: inout Watcher, count: Int) async throws -> [String] {
        var found: [String] = []
        while found.count < count {
            let event = try await watcher.next()
            found.append("\(event.kind) \(event.ban?.key ?? "")")
        }
        return found
    }

    @Test func `The ban that ends soonest makes room, in the newcomer's own transaction`() async throws {
        try await withHelper(configuration(accept: 3)) { helper async throws in
            for (number, hours) in [(1, 2), (2, 1), (3, 3)] as [(Int, Int64)] {
                #expect(
                    try await helper.submit(.accept, "192.0.2.\(number)", duration: hours * Self.hour)
                        .enforced)
            }
            var watcher = try await helper.watch()
            let before = try await helper.status().generation
            #expect(try await helper.submit(.accept, "192.0.2.4", duration: 4 * Self.hour).enforced)
            #expect(try await helper.status().generation == before + 1)
            #expect(try await events(&watcher, count: 2) == ["evicted 192.0.2.2", "banned 192.0.2.4"])
            let expected: Set = ["192.0.2.1", "192.0.2.3", "192.0.2.4"]
            #expect(Set(try await helper.keys("accept4")) == expected)
            #expect(addresses(try await helper.list()) == expected)
            // Its strike is remembered.
            #expect(try await helper.explain("192.0.2.2").strikes == 1)
            #expect(try await helper.submit(.accept, "192.0.2.2", duration: 5 * Self.hour).strikes == 2)
            #expect(try await events(&watcher, count: 2) == ["evicted 192.0.2.1", "banned 192.0.2.2"])
        }
    }

    @Test func `Who would end before all of its caller's bans is refused, and nothing makes room`()
        async throws
    {
        try await withHelper(configuration(accept: 2)) { helper async throws in
            _ = try await helper.submit(.accept, "192.0.2.1", duration: 2 * Self.hour)
            _ = try await helper.submit(.accept, "192.0.2.2", duration: 3 * Self.hour)
            let refusal = try #require(
                try await helper.submit(.accept, "192.0.2.3", duration: Self.hour).refusal)
            #expect(refusal.code == .full)
            #expect(refusal.message.contains("accept4 holds 2 bans"))
            #expect(refusal.message.contains("raise [capacity] accept"))
            #expect(Set(try await helper.keys("accept4")) == ["192.0.2.1", "192.0.2.2"])
            #expect(try await helper.list().count == 2)
        }
    }

    @Test func `A node's ban makes room for an operator's, an operator's for nobody`() async throws {
        try await withHelper(configuration(accept: 2)) { helper async throws in
            let short: Int64 = 60_000
            #expect(try await helper.submit(.accept, "192.0.2.1", duration: 2 * Self.hour).enforced)
            #expect(try await helper.ban(.accept, "192.0.2.2", duration: short).enforced)
            #expect(try await helper.submit(.accept, "192.0.2.3", duration: 3 * Self.hour).enforced)
            #expect(Set(try await helper.keys("accept4")) == ["192.0.2.2", "192.0.2.3"])
            #expect(try await helper.ban(.accept, "192.0.2.4", duration: short).enforced)
            #expect(Set(try await helper.keys("accept4")) == ["192.0.2.2", "192.0.2.4"])
            for receipt in [
                try await helper.submit(.accept, "192.0.2.5", duration: 9 * Self.hour),
                try await helper.ban(.accept, "192.0.2.5", duration: 9 * Self.hour),
            ] {
                let refusal = try #require(receipt.refusal)
                #expect(refusal.code == .full)
                #expect(refusal.message.contains("operators' don't; lift some"))
            }
            #expect(try await helper.lift(Filter(subject: "192.0.2.4")).count == 1)
            #expect(try await helper.submit(.accept, "192.0.2.5").enforced)
        }
    }

    /// Has a user submit so many bans, all of the same length, and returns how many were enforced.
    private func flood(
        _ helper: RunningHelper, as user: UInt32, _ numbers: Range<Int>, duration: Int64 = 3_600_000
    ) async throws -> Int {
        let denials = numbers.map { BatchTests.denial(address($0), duration: duration) }
        return try await helper.asUser(user) { client in
            var enforced = 0
            for denial in denials {
                let receipts = try await client.call(HelperInterface.submit, .init(denials: [denial]))
                    .receipts
                enforced += receipts.count { $0.enforced }
            }
            return enforced
        }
    }

    private func counts(_ helper: RunningHelper) async throws -> [Int] {
        let bans = try await helper.list()
        return ["user:1001", "user:1002"].map { caller in bans.count { $0.caller == caller } }
    }

    @Test func `A node gets its share of a full set from the one that has most, and no more`() async throws {
        try await withHelper(configuration(accept: 10)) { helper async throws in
            #expect(try await flood(helper, as: 1001, 0..<10) == 10)
            // Its bans are shorter than all that are there; of the other's they make room all the same.
            #expect(try await flood(helper, as: 1002, 100..<103, duration: 60_000) == 3)
            #expect(try await counts(helper) == [7, 3])
            #expect(try await flood(helper, as: 1002, 103..<120) == 17)
            #expect(try await counts(helper) == [5, 5])
            // And the other way round: a flood pushes out none of the other's.
            let before = addresses(try await helper.list(Filter(caller: "user:1002")))
            #expect(try await flood(helper, as: 1001, 200..<230) == 30)
            #expect(addresses(try await helper.list(Filter(caller: "user:1002"))) == before)
            #expect(try await counts(helper) == [5, 5])
            #expect(try await helper.keys("accept4").count == 10)
        }
    }

    @Test func `With a smaller share a node gets less from others`() async throws {
        try await withHelper(configuration(accept: 10, share: 20)) { helper async throws in
            #expect(try await flood(helper, as: 1001, 0..<10) == 10)
            #expect(try await flood(helper, as: 1002, 100..<110) == 10)
            #expect(try await counts(helper) == [8, 2])
            #expect(try await flood(helper, as: 1002, 110..<111, duration: 60_000) == 0)
        }
    }

    @Test func `In one batch as many make room as are needed, and one that comes again is banned again`()
        async throws
    {
        try await withHelper(configuration(accept: 3)) { helper async throws in
            for number in 1...3 {
                _ = try await helper.submit(
                    .accept, "192.0.2.\(number)", duration: Int64(number) * Self.hour)
            }
            var watcher = try await helper.watch()
            let receipts = try await helper.submit([
                BatchTests.denial("192.0.2.7", duration: 7 * Self.hour),
                BatchTests.denial("192.0.2.1", duration: 8 * Self.hour),
                BatchTests.denial("192.0.2.3", duration: 9 * Self.hour),
                BatchTests.denial("192.0.2.8", duration: 9 * Self.hour),
            ])
            #expect(receipts.map(\.enforced) == [true, true, true, false])
            #expect(receipts.map(\.strikes) == [1, 2, 1, 0])
            #expect(
                Set(try await events(&watcher, count: 5)) == [
                    "evicted 192.0.2.1", "evicted 192.0.2.2", "banned 192.0.2.7", "banned 192.0.2.1",
                    "renewed 192.0.2.3",
                ])
            let expected: Set = ["192.0.2.1", "192.0.2.3", "192.0.2.7"]
            #expect(Set(try await helper.keys("accept4")) == expected)
            #expect(addresses(try await helper.list()) == expected)
        }
    }

    @Test func `Blocks make room as well`() async throws {
        let configuration = RunningHelper.configuration { $0.capacity.network = 2 }
        try await withHelper(configuration) { helper async throws in
            for (block, hours) in [("198.51.100.0/24", 2), ("198.51.100.64/26", 1), ("192.0.2.0/24", 3)]
                as [(String, Int64)]
            {
                #expect(try await helper.submit(.network, block, duration: hours * Self.hour).enforced)
            }
            #expect(try await helper.keys("net4").sorted() == ["192.0.2.0/24", "198.51.100.0/24"])
            #expect(try await helper.list().count == 2)
        }
    }

    @Test(arguments: [KernelFeatures.none, .all])
    func `A set that has expired is filled again at once, and no ban is lost`(limit: KernelFeatures)
        async throws
    {
        let configuration = RunningHelper.configuration { $0.capacity.accept = 1000 }
        try await withHelper(configuration, limit: limit) { helper async throws in
            // Until the kernel hasn't cleared away yet what expired a moment ago.
            var hasWaited = false
            var round = 0
            while !hasWaited {
                round += 1
                let first = round % 2 * 2000
                let short = try await helper.submit(
                    (0..<1000).map { BatchTests.denial(address(first + $0), duration: 200) })
                try await until { try await helper.list().isEmpty }
                let again = try await helper.submit(
                    (1000..<2000).map { BatchTests.denial(address(first + $0), duration: Self.hour) })
                for receipt in short + again {
                    #expect(receipt.id != nil)
                    #expect(receipt.enforced || receipt.refusal?.code == .pending, "\(receipt)")
                }
                hasWaited = (short + again).contains { !$0.enforced }
                try await until { try await helper.keys("accept4").count == 1000 }
                #expect(try await helper.list().count == 1000)
                #expect(try await helper.status().problems.allSatisfy { !$0.contains("wait for") })
                #expect(try await helper.lift(Filter()).count == 1000)
            }
        }
    }

    @Test func `A ban that waits for its place can be renewed and lifted`() async throws {
        let configuration = RunningHelper.configuration { $0.capacity.accept = 1000 }
        try await withHelper(configuration) { helper async throws in
            var waiting: [Receipt] = []
            while waiting.count < 2 {
                _ = try await helper.submit(
                    (0..<1000).map { BatchTests.denial(address($0), duration: 300) })
                try await until { try await helper.list().isEmpty }
                let receipts = try await helper.submit(
                    (1000..<2000).map { BatchTests.denial(address($0), duration: Self.hour) })
                waiting = receipts.filter { !$0.enforced }
                if waiting.count < 2 { _ = try await helper.lift(Filter()) }
            }
            let renewed = try await helper.submit(.accept, waiting[0].subject, duration: 2 * Self.hour)
            #expect(renewed.id == waiting[0].id)
            #expect(renewed.enforced == (renewed.refusal == nil))
            #expect(try await helper.lift(Filter(subject: waiting[1].subject)).count <= 1)
            try await until { try await helper.keys("accept4").contains(waiting[0].subject) }
            #expect(try await !helper.keys("accept4").contains(waiting[1].subject))
        }
    }

    /// So many distinct sources; a torture run takes a million and more: SENTINEL_TORTURE=1000000.
    @Test func `Distinct sources without end fill a set to its capacity, and operators' bans stay`()
        async throws
    {
        let sources = Torture.count ?? 6000
        let capacity = max(500, sources / 20)
        let configuration = RunningHelper.configuration {
            $0.capacity.accept = capacity
            $0.capacity.dial = 100
            $0.capacity.network = 100
        }
        try await withHelper(configuration) { helper async throws in
            let operators = (0..<50).map { "203.0.113.\($0)" }
            #expect(
                try await helper.ban(
                    operators.map {
                        BanRequest(
                            check: .accept, subject: $0, duration: Milliseconds(rawValue: 2 * Self.hour))
                    }
                ).allSatisfy { $0.enforced })
            let before = try await helper.namespace.nftElements("inet", "sentinel", "accept4")
            var number = 0
            while number < sources {
                let batch = (number..<min(number + min(1000, capacity / 2), sources)).map {
                    BatchTests.denial("10.\($0 >> 16).\($0 >> 8 & 255).\($0 & 255)", duration: Self.hour)
                }
                let receipts = try await helper.submit(batch)
                #expect(
                    receipts.allSatisfy { $0.id != nil },
                    "\(receipts.first { $0.id == nil }.debugDescription)")
                number += batch.count
            }
            let status = try await helper.status()
            #expect(status.bans == capacity)
            // The last ones are there, and all of the operators'.
            let found = try await helper.list(Filter(reason: "operator"))
            #expect(addresses(found) == Set(operators))
            let last = "10.\((sources - 1) >> 16).\((sources - 1) >> 8 & 255).\((sources - 1) & 255)"
            #expect(try await helper.list(Filter(subject: last)).count == 1)
            try await until { try await helper.status().problems.allSatisfy { !$0.contains("wait for") } }
            guard capacity <= 20_000 else { return }
            let after = try await helper.namespace.nftElements("inet", "sentinel", "accept4")
            #expect(after.count == capacity)
            #expect(Set(before.map(\.key)).isSubset(of: after.map(\.key)))
        }
    }
}

/// How much more than in short a torture run does.
enum Torture {
    /// SENTINEL_TORTURE: how many times.
    static var count: Int? { ProcessInfo.processInfo.environment["SENTINEL_TORTURE"].flatMap { Int($0) } }
}
