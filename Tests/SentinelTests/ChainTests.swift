// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Sentinel
import Synchronization
import TestRandom
import Testing

/// Says what chance has given it to say, always the same to the same question, and notes what it hears.
private struct Diced: Policy {
    struct Hearing: Hashable, Sendable {
        var question: Question
        var denial: Denial?
        var share: Share
    }

    private final class Book: Sendable {
        let asked = Mutex(0)
        let hearings = Mutex<[Hearing]>([])
        let shares = Mutex<[Share]>([])
    }

    let name: String
    let isFixed: Bool
    private let seed: UInt64
    /// In a hundred questions.
    private let denials: UInt64
    private let admissions: UInt64
    private let reviews: UInt64
    private let book = Book()

    init(_ name: String, _ random: inout Seeded, isFixed: Bool = false, reviews: UInt64 = 0) {
        self.name = name
        self.isFixed = isFixed
        self.reviews = reviews
        seed = random.next()
        denials = random.next() % 40
        admissions = random.next() % 20
    }

    private func dice(_ question: borrowing Question, _ salt: UInt64) -> UInt64 {
        let low = question.ipAddress?.bytes.reduce(UInt64(0)) { $0 &* 31 &+ UInt64($1) } ?? 7
        let id = question.remote.id?.bytes.reduce(UInt64(0)) { $0 &* 31 &+ UInt64($1) } ?? 7
        var random = Seeded(seed ^ salt ^ low ^ id &* 3 ^ UInt64(question.check.rawValue) << 40)
        return random.next() % 100
    }

    func verdict(_ question: borrowing Question) -> Verdict {
        let roll = dice(question, 0)
        if roll < denials { return .deny(question.denial(by: name, reason: .rate, basis: .address)) }
        return roll < denials + admissions ? .admit : .pass
    }

    mutating func decide(_ question: borrowing Question, now: MonotonicInstant) -> Verdict {
        guard question.share.contains(.rest) else { return .pass }
        book.asked.withLock { $0 += 1 }
        return verdict(question)
    }

    mutating func review(
        _ denial: borrowing Denial, of question: borrowing Question, now: MonotonicInstant
    ) -> Review {
        guard question.share.contains(.rest) else { return .uphold }
        let roll = dice(question, 99)
        if roll < reviews { return .spare("\(name) spares") }
        guard roll < 2 * reviews else { return .uphold }
        var amended = copy denial
        amended.detail += " amended by \(name)"
        return .amend(amended)
    }

    mutating func observe(_ question: borrowing Question, denial: Denial?, now: MonotonicInstant) {
        let hearing = Hearing(question: copy question, denial: denial, share: question.share)
        book.hearings.withLock { $0.append(hearing) }
    }

    mutating func observe(_ event: borrowing Event, now: MonotonicInstant) {
        let share = event.share
        book.shares.withLock { $0.append(share) }
    }

    var asked: Int { book.asked.withLock { $0 } }

    /// What it has heard since the last time.
    func takeHearings() -> [Hearing] {
        book.hearings.withLock { hearings in
            defer { hearings = [] }
            return hearings
        }
    }

    func takeShares() -> [Share] {
        book.shares.withLock { shares in
            defer { shares = [] }
            return shares
        }
    }
}

@Suite struct ChainTests {
    private func chain(_ random: inout Seeded, reviews: UInt64 = 0) -> [Diced] {
        (0..<Int(1 + random.next() % 6)).map {
            Diced("policy-\($0)", &random, isFixed: random.chance(30), reviews: reviews)
        }
    }

    private func questions(_ seed: UInt64, _ count: Int) throws -> [Question] {
        try History.steps(seed, count).compactMap {
            if case .question(let question) = $0.step { question } else { nil }
        }
    }

    @Test(arguments: seeds)
    func `The first denial decides, and who admits ends the asking`(seed: UInt64) throws {
        var random = Seeded(seed)
        for _ in 0..<20 {
            let policies = chain(&random)
            let sentinel = try PolicySentinel(policies, clock: { at(0) })
            for question in try questions(random.next(), 100) {
                let first = policies.lazy.map { $0.verdict(question) }.first { $0 != .pass }
                let expected = first?.denial.map { Decision.deny($0) } ?? .allow
                #expect(sentinel.decide(question) == expected)
            }
        }
    }

    @Test(arguments: seeds)
    func `Nobody behind who has decided is asked`(seed: UInt64) throws {
        var random = Seeded(seed)
        let policies = chain(&random)
        let sentinel = try PolicySentinel(policies, clock: { at(0) })
        var asked = [Int](repeating: 0, count: policies.count)
        for question in try questions(seed, 300) {
            _ = sentinel.decide(question)
            let decider = policies.firstIndex { $0.verdict(question) != .pass } ?? policies.count - 1
            for index in 0...decider { asked[index] += 1 }
        }
        #expect(policies.map(\.asked) == asked)
    }

    @Test(arguments: seeds)
    func `Every policy observes every decision once for each share`(seed: UInt64) throws {
        var random = Seeded(seed)
        let policies = chain(&random, reviews: 10)
        let sentinel = try PolicySentinel(policies, clock: { at(0) })
        var splits = 0
        for question in try questions(seed, 400) {
            let decision = sentinel.decide(question)
            for policy in policies {
                let hearings = policy.takeHearings()
                #expect(
                    hearings.allSatisfy {
                        $0.denial == decision.denial && $0.question.remote == question.remote
                    })
                expectOnce(hearings.map(\.share))
                splits += hearings.count - 1
            }
        }
        // Most addresses and peers that meet are kept account of by different instances.
        #expect(splits > 100)
    }

    @Test(arguments: seeds)
    func `Every policy hears of every event once for each share, and of protections everywhere`(seed: UInt64)
        throws
    {
        var random = Seeded(seed)
        let policies = chain(&random)
        let sentinel = try PolicySentinel(policies, clock: { at(0) })
        for case .event(let event) in try History.steps(seed, 1000).map(\.step) {
            sentinel.observe(event)
            for policy in policies {
                let shares = policy.takeShares()
                expectOnce(shares.filter { !$0.isEmpty })
                switch event.kind {
                case .protected, .unprotected: #expect(shares.count == PolicySentinel.instanceCount)
                default: #expect(!shares.contains([]))
                }
            }
        }
    }

    /// Each share is there, and none twice.
    private func expectOnce(_ shares: [Share]) {
        #expect(shares.reduce(into: Share()) { $0.formUnion($1) } == .all)
        #expect(shares.map { $0.rawValue.nonzeroBitCount }.reduce(0, +) == 3)
    }

    @Test(arguments: seeds)
    func `Reviews, shadows and order are as they are documented`(seed: UInt64) throws {
        var random = Seeded(seed)
        for _ in 0..<20 {
            let policies = chain(&random, reviews: 15).map { policy -> any Policy in
                random.chance(30) ? Shadowed(policy) : policy
            }
            let sentinel = try PolicySentinel(policies, clock: { at(0) })
            var plain = PlainChain(policies: policies)
            for question in try questions(random.next(), 100) {
                #expect(sentinel.rule(on: question) == plain.rule(on: question, now: at(0)))
            }
        }
    }

    @Test(arguments: seeds)
    func `Shadows never change a decision`(seed: UInt64) throws {
        var random = Seeded(seed)
        var shadows = 0
        for _ in 0..<20 {
            let policies = chain(&random, reviews: 15).map { policy -> any Policy in
                random.chance(50) ? Shadowed(policy) : policy
            }
            shadows += policies.count { $0.isShadow }
            let sentinel = try PolicySentinel(policies, clock: { at(0) })
            let other = try PolicySentinel(policies.filter { !$0.isShadow }, clock: { at(0) })
            for question in try questions(random.next(), 100) {
                #expect(sentinel.rule(on: question) == other.rule(on: question))
            }
        }
        #expect(shadows > 10)
    }

    @Test(arguments: seeds)
    func `Shadows of every policy that there is change no decision over a whole history`(seed: UInt64) throws
    {
        let time = ManualTime()
        let shadows: [any Policy] = [
            Shadowed(try FullChain.rate("rate-2", burst: 1)),
            Shadowed(try FullChain.reputation("reputation-2")),
            Shadowed(try FullChain.connections("connections-2", total: 1)),
            Shadowed(try FullChain.streams("streams-2")), Shadowed(try FullChain.widening("widening-2")),
            Shadowed(try FullChain.shared("shared-2")),
        ]
        let policies = try FullChain.policies()
        let mixed = shadows.prefix(3) + policies.prefix(3) + shadows.dropFirst(3) + policies.dropFirst(3)
        let hash = HashSeed(seed, 1)
        let plain = try PolicySentinel(try seeded(FullChain.policies(), hash), clock: time.clock)
        let shadowed = try PolicySentinel(seeded(Array(mixed), hash), clock: time.clock)
        for (step, now) in try History.steps(seed, 3000) {
            time.set(now)
            #expect(plain.take(step)?.decision.isAllowed == shadowed.take(step)?.decision.isAllowed)
        }
        let counted = shadowed.tallies.filter { $0.name.hasSuffix("-2") }
        #expect(counted.allSatisfy { $0.denied == 0 && $0.spared == 0 && $0.admitted == 0 })
        #expect(counted.contains { $0.shadow > 0 })
    }

    @Test(arguments: seeds)
    func `That there are several instances can't be seen`(seed: UInt64) throws {
        let time = ManualTime()
        let hash = HashSeed(seed, 1)
        // Connection limits share what all have together between copies, hence a chain of its own for each.
        let sentinel = try PolicySentinel(seeded(FullChain.policies(), hash), clock: time.clock)
        var plain = PlainChain(policies: try seeded(FullChain.policies(), hash))
        for (step, now) in try History.steps(seed, 4000) {
            time.set(now)
            #expect(sentinel.take(step) == plain.take(step, now), "\(step)")
        }
    }

    @Test func `The histories come up against every policy that there is`() throws {
        var outcomes: Set<String> = []
        for seed in 1...6 as ClosedRange<UInt64> {
            let time = ManualTime()
            let sentinel = try PolicySentinel(
                seeded(FullChain.policies(), HashSeed(seed, 1)), clock: time.clock)
            for (step, now) in try History.steps(seed, 4000) {
                time.set(now)
                _ = sentinel.take(step)
            }
            for tally in sentinel.tallies {
                if tally.denied > 0 { outcomes.insert(tally.name) }
                if tally.spared > 0 { outcomes.insert("\(tally.name) spared") }
            }
        }
        #expect(
            outcomes.isSuperset(of: [
                "list", "reputation", "rate", "connections", "streams", "widening", "shared", "rate spared",
                "reputation spared",
            ]))
        #expect(!outcomes.contains("list spared"))
    }
}

/// The same policies, with small tables that lie under a seed of one's own.
func seeded(_ policies: [any Policy], _ seed: HashSeed) throws -> [any Policy] {
    try policies.map { policy in
        switch policy {
        case let shadow as Shadowed: return Shadowed(try seeded([shadow.policy], seed)[0])
        case let rate as SourceRate:
            return try SourceRate(
                name: rate.name, limits: rate.limits, checks: rate.checks, plane: rate.plane, capacity: 8192,
                seed: seed)
        case let limits as ConnectionLimits:
            return try ConnectionLimits(
                name: limits.name, limits: limits.limits, plane: limits.plane, capacity: 8192, seed: seed)
        case let streams as StreamLimits:
            return try StreamLimits(
                name: streams.name, limits: streams.limits, others: streams.others, capacity: 8192, seed: seed
            )
        case let reputation as Reputation:
            return Reputation(
                name: reputation.name, terms: reputation.terms, plane: reputation.plane, capacity: 8192,
                seed: seed)
        case let widening as Widening:
            return try Widening(name: widening.name, terms: widening.terms, capacity: 8192, seed: seed)
        case let shared as SharedAddresses:
            return SharedAddresses(name: shared.name, terms: shared.terms, capacity: 8192, seed: seed)
        default: return policy
        }
    }
}
