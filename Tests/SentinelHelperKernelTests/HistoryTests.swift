// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import NamespaceSupport
import Nftables
import SentinelConfiguration
import SentinelProtocol
import TestRandom
import Testing
import Varlink

@testable import SentinelHelper

/// Random histories of bans, renewals, lifts and expiries: book and kernel agree, and each end is told once.
@Suite(.timeLimit(.minutes(2))) struct HistoryTests {
    static let subjects: [(check: SentinelProtocol.Check, subject: String)] =
        (1...8).map { (.accept, "192.0.2.\($0)") } + (1...4).map { (.dial, "tcp:192.0.2.\($0):1") }
        + ["198.51.100.0/24", "198.51.100.0/25", "198.51.100.192/26", "203.0.113.0/28"].map { (.network, $0) }

    /// In milliseconds: jiffies, and what the clocks of two processes are read apart.
    static let tolerance: Int64 = 25

    private func wall() -> Int64 { HostClock.system.wall() }

    /// Each ban that has more than a moment left is in the kernel, until the same moment; and nothing else is.
    private func expectAgreement(_ helper: RunningHelper, _ what: Comment) async throws {
        // The book is asked before and after: what changes in between says nothing.
        let before = try await helper.list()
        let began = wall()
        let sets = try await helper.client.call(HelperInterface.sets, .init(elements: true)).sets
        let ended = wall()
        let after = try await helper.list()
        for set in sets where ["accept4", "dial4"].contains(set.name) {
            let elements = Dictionary(
                (set.elements ?? []).map { ($0.key, $0) }, uniquingKeysWith: { a, _ in a })
            let bans = before.filter { ban in
                ban.set == set.name
                    && after.contains { $0.id == ban.id && Self.isSame($0.expires, ban.expires) }
            }
            for ban in bans {
                let left = ban.expires.map { $0.rawValue - ended }
                if let left, left < Self.tolerance { continue }
                let element = try #require(elements[ban.key], "\(what): \(ban) isn't in the kernel")
                guard let expires = ban.expires?.rawValue else {
                    #expect(element.remaining == nil, what)
                    continue
                }
                let remaining = try #require(element.remaining?.rawValue, what)
                #expect(began + remaining <= expires + Self.tolerance, "\(what): \(ban.key) stays too long")
                #expect(ended + remaining >= expires - Self.tolerance, "\(what): \(ban.key) goes too soon")
            }
            let known = Set((before + after).map(\.key))
            for element in elements.values
            where element.remaining.map({ $0.rawValue > Self.tolerance }) ?? true {
                #expect(known.contains(element.key), "\(what): \(element.key) is nobody's")
            }
        }
    }

    /// Ends are told by two clocks, which are read one after the other.
    private static func isSame(_ a: Timestamp?, _ b: Timestamp?) -> Bool {
        guard let a, let b else { return a == b }
        return abs(a.rawValue - b.rawValue) <= 2
    }

    private func step(_ helper: RunningHelper, _ generator: inout Seeded) async throws {
        let (check, subject) = Self.subjects.randomElement(using: &generator) ?? Self.subjects[0]
        let duration = Int64.random(in: 5...500, using: &generator)
        switch Int.random(in: 0..<10, using: &generator) {
        case 0..<5: _ = try await helper.submit(check, subject, duration: duration)
        case 5: _ = try await helper.submit(check, subject, reason: "spam", duration: duration)
        case 6: _ = try await helper.ban(check, subject, duration: duration, exact: true)
        case 7:
            let other = Self.subjects.randomElement(using: &generator) ?? Self.subjects[0]
            _ = try await helper.submit([
                BatchTests.denial(check, subject, duration: duration),
                BatchTests.denial(other.check, other.subject, duration: 2 * duration),
            ])
        case 8: _ = try await helper.lift(Filter(subject: subject))
        default: try await Task.sleep(for: .milliseconds(Int.random(in: 0...60, using: &generator)))
        }
    }

    @Test(arguments: [KernelFeatures.none, .all], 0..<3 as Range<UInt64>)
    func `Book and kernel agree, and each ban's end is told once, not before the kernel lets pass`(
        limit: KernelFeatures, seed: UInt64
    ) async throws {
        var generator = Seeded(seed)
        try await withHelper(limit: limit) { helper async throws in
            var watcher = try await helper.watch()
            for round in 0..<120 {
                try await step(helper, &generator)
                if round % 4 == 0 { try await expectAgreement(helper, "seed \(seed), round \(round)") }
            }
            // A last one, which is the last to end.
            let last = try await helper.submit(.accept, "192.0.2.99", duration: 2000)
            var states: [Int64: [EventKind]] = [:]
            var isOver = false
            while !isOver {
                let event = try await watcher.next()
                let ban = try #require(event.ban)
                states[ban.id, default: []].append(event.kind)
                isOver = ban.id == last.id && event.kind == .expired
            }
            for (id, kinds) in states {
                #expect(kinds.first == .banned, "ban \(id): \(kinds)")
                #expect([.expired, .lifted].contains(kinds.last), "ban \(id): \(kinds)")
                #expect(kinds.dropFirst().dropLast().allSatisfy { $0 == .renewed }, "ban \(id): \(kinds)")
            }
            #expect(try await helper.list() == [])
            for set in ["accept4", "dial4", "net4"] { #expect(try await helper.keys(set) == []) }
        }
    }

    @Test(arguments: [KernelFeatures.none, .all])
    func `What is told as expired matches no packet any more, what is told as lifted neither`(
        limit: KernelFeatures
    ) async throws {
        try await withHelper(limit: limit) { helper async throws in
            var watcher = try await helper.watch()
            let socket = Witness(namespace: helper.namespace)
            for round in 0..<60 {
                let address = "192.0.2.\(round + 1)"
                let denials = [
                    BatchTests.denial(address, duration: 10 + Int64(round)),
                    BatchTests.denial(.network, "198.51.\(round).0/24", duration: 10 + Int64(round)),
                ]
                _ = try await helper.submit(denials)
                if round % 5 == 0 { _ = try await helper.lift(Filter(subject: address)) }
                var ended: Set<String> = []
                while ended.count < 2 {
                    let event = try await watcher.next()
                    guard [.expired, .lifted].contains(event.kind), let ban = event.ban else { continue }
                    #expect(
                        try await !socket.matches(ban),
                        "round \(round): \(event.kind) \(ban.key) is still there")
                    ended.insert(ban.key)
                }
            }
        }
    }
}

/// Asks the kernel itself.
struct Witness: Sendable {
    let namespace: NetworkNamespace

    func matches(_ ban: Ban) async throws -> Bool {
        let address = IPNetwork(ban.key)?.first ?? IPAddress(ban.key)
        let key = ElementKey(try #require(address))
        let set = NamedSet.named(ban.set, in: Table(.inet, "sentinel"))
        return try await namespace.run { try NetlinkSocket().element(key, of: set) != nil }
    }
}
