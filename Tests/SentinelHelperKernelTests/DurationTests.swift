// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import NamespaceSupport
import SentinelConfiguration
import SentinelProtocol
import Testing
import Varlink

@testable import SentinelHelper

/// How long bans last, to the millisecond, by a clock that is turned by hand.
@Suite(.timeLimit(.minutes(1))) struct DurationTests {
    typealias Terms = Configuration.Durations.Terms
    static let peer = "192.0.2.1"

    static func terms(
        first: Int, factor: Double = 3, maximum: Int = 500, forgetAfter: Int = 86_400,
        permanentAfter: Int? = nil
    ) -> Terms {
        var terms = Terms()
        terms.first = .seconds(first)
        terms.factor = factor
        terms.maximum = .seconds(maximum)
        terms.jitter = 0
        terms.forgetAfter = .seconds(forgetAfter)
        terms.permanentAfter = permanentAfter
        return terms
    }

    /// Runs a test with a helper whose first ban lasts 100 s, each further one three times as long, 500 s at most.
    private func withTurnedHelper(
        _ change: (inout Configuration) -> Void = { _ in },
        _ body: (RunningHelper, ManualClock) async throws -> Void
    ) async throws {
        let clock = ManualClock()
        let configuration = RunningHelper.configuration {
            $0.durations.fallback = Self.terms(first: 100)
            $0.durations.nodeMaximum = .seconds(1000)
            change(&$0)
        }
        try await withHelper(configuration, clock: clock.host) { helper async throws in
            try await body(helper, clock)
        }
    }

    /// How many seconds a ban has left.
    private func left(_ receipt: Receipt, _ clock: ManualClock) -> Double? {
        receipt.expires.map { Double($0.rawValue - clock.milliseconds) / 1000 }
    }

    @Test func `The most specific section says how long: check and reason, reason, check, default`()
        async throws
    {
        try await withTurnedHelper {
            $0.durations.byCheck[.dial] = Self.terms(first: 200)
            $0.durations.byReason["spam"] = Self.terms(first: 50)
            $0.durations.byCheckAndReason[.dial] = ["spam": Self.terms(first: 10)]
        } _: { helper, clock async throws in
            let receipts = try await helper.submit([
                Denial(check: .accept, subject: Self.peer, reason: "rate", validated: true),
                Denial(check: .dial, subject: "tcp:\(Self.peer):1", reason: "rate", validated: true),
                Denial(check: .accept, subject: "192.0.2.2", reason: "spam", validated: true),
                Denial(check: .dial, subject: "tcp:\(Self.peer):2", reason: "spam", validated: true),
            ])
            #expect(receipts.map { left($0, clock) } == [100, 200, 50, 10])
            #expect(try await helper.list().map(\.granted?.rawValue) == [100_000, 200_000, 50_000, 10_000])
            let elements = try await helper.namespace.nftElements("inet", "sentinel", "dial4")
            #expect(Set(elements.map(\.timeout)) == [200, 10])
        }
    }

    @Test func `Each ban after the last has ended is longer, up to the maximum, until strikes are forgotten`()
        async throws
    {
        try await withTurnedHelper { helper, clock async throws in
            var ladder: [(Double?, Int)] = []
            for _ in 1...4 {
                let receipt = try await helper.submit(.accept, Self.peer)
                ladder.append((left(receipt, clock), receipt.strikes))
                clock.advance(by: .seconds(500))
            }
            #expect(ladder.map(\.0) == [100, 300, 500, 500])
            #expect(ladder.map(\.1) == [1, 2, 3, 4])
            // A day after the last strike.
            clock.advance(by: .seconds(86_400))
            let receipt = try await helper.submit(.accept, Self.peer)
            #expect(receipt.strikes == 1)
            #expect(left(receipt, clock) == 100)
        }
    }

    @Test func `Renewing a ban is no strike, and the later end holds`() async throws {
        try await withTurnedHelper { helper, clock async throws in
            let first = try await helper.submit(.accept, Self.peer)
            clock.advance(by: .seconds(60))
            let renewed = try await helper.submit(.accept, Self.peer)
            #expect(renewed.id == first.id)
            #expect(renewed.strikes == 1)
            #expect(left(renewed, clock) == 100)
            let shorter = try await helper.submit(.accept, Self.peer, duration: 5000)
            #expect(shorter.id == first.id)
            #expect(left(shorter, clock) == 100)
            // At its very end it has ended, and the next is a strike.
            clock.advance(by: .seconds(100))
            #expect(try await helper.list() == [])
            let next = try await helper.submit(.accept, Self.peer)
            #expect(next.strikes == 2)
            #expect(left(next, clock) == 300)
        }
    }

    @Test func `From a strike on that the configuration names a ban is for good`() async throws {
        try await withTurnedHelper {
            $0.durations.fallback = Self.terms(first: 100, permanentAfter: 2)
        } _: { helper, clock async throws in
            #expect(try await left(helper.submit(.accept, Self.peer), clock) == 100)
            clock.advance(by: .seconds(100))
            let second = try await helper.submit(.accept, Self.peer)
            #expect(second.enforced && second.expires == nil)
            #expect(
                try await helper.namespace.nftElements("inet", "sentinel", "accept4").map(\.timeout) == [nil])
        }
    }

    @Test func `A node gets the duration that it wishes for, up to node_maximum`() async throws {
        try await withTurnedHelper { helper, clock async throws in
            #expect(try await left(helper.submit(.accept, Self.peer, duration: 1), clock) == 0.001)
            #expect(try await left(helper.submit(.accept, "192.0.2.2", duration: 999_999), clock) == 999.999)
            #expect(try await left(helper.submit(.accept, "192.0.2.3", duration: 1_000_001), clock) == 1000)
            let century: Int64 = 100 * 365 * 86_400_000
            #expect(try await left(helper.submit(.accept, "192.0.2.4", duration: century), clock) == 1000)
            #expect(
                try await left(helper.ban(.accept, "192.0.2.5", duration: century), clock)
                    == Double(century / 1000))
        }
    }

    @Test func `An operator shortens a ban by asking for exactly that end`() async throws {
        try await withTurnedHelper { helper, clock async throws in
            let first = try await helper.submit(.accept, Self.peer)
            #expect(try await left(helper.ban(.accept, Self.peer, duration: 7000), clock) == 100)
            let exact = try await helper.ban(.accept, Self.peer, duration: 7000, exact: true)
            #expect(exact.id == first.id)
            #expect(left(exact, clock) == 7)
            let element = try await helper.namespace.nftElements("inet", "sentinel", "accept4").first
            #expect(element?.timeout == 7)
            // What was for good has an end then, too.
            #expect(try await helper.ban(.accept, Self.peer, duration: 0).expires == nil)
            #expect(try await left(helper.ban(.accept, Self.peer, duration: 9000, exact: true), clock) == 9)
        }
    }

    @Test func `A node neither shortens an operator's ban nor takes it over`() async throws {
        try await withTurnedHelper { helper, clock async throws in
            let receipt = try await helper.ban(.accept, Self.peer, duration: 200_000)
            #expect(try await left(helper.submit(.accept, Self.peer), clock) == 200)
            let longer = try await helper.submit(.accept, Self.peer, reason: "spam", duration: 300_000)
            #expect(longer.id == receipt.id)
            #expect(left(longer, clock) == 300)
            let ban = try #require(try await helper.list().first)
            #expect(ban.byOperator && ban.reason == "operator")
            #expect(try await helper.ban(.accept, Self.peer, duration: 0).expires == nil)
            #expect(try await helper.submit(.accept, Self.peer, duration: 1000).expires == nil)
        }
    }

    @Test func `What would come next is explained`() async throws {
        try await withTurnedHelper { helper, clock async throws in
            #expect(try await helper.explain(Self.peer).next == Milliseconds(.seconds(100)))
            _ = try await helper.submit(.accept, Self.peer)
            clock.advance(by: .seconds(100))
            let after = try await helper.explain(Self.peer)
            #expect(after.bans == [])
            #expect(after.strikes == 1)
            #expect(after.next == Milliseconds(.seconds(300)))
        }
    }
}
