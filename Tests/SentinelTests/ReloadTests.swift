// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Sentinel
import Synchronization
import TestRandom
import Testing

/// What another chain keeps of what there was.
@Suite struct ReloadTests {
    private static let names = ["list", "reputation", "rate", "connections", "streams", "widening", "shared"]

    /// The policies of these names, fresh.
    private func policies(_ names: [String], _ seed: UInt64) throws -> [any Policy] {
        let all = try seeded(FullChain.policies(), HashSeed(seed, 1))
        return names.compactMap { name in all.first { $0.name == name } }
    }

    @Test(arguments: names, seeds)
    func `Each policy decides after a reload as it would have without`(name: String, seed: UInt64) throws {
        // With a list, so that there is something for those to go by that count what others deny.
        let names = name == "list" ? [name] : ["list", name]
        try compare(seed, names) { _, _ in names }
    }

    @Test(arguments: seeds)
    func `The whole chain decides after reloads as it would have without`(seed: UInt64) throws {
        try compare(seed, Self.names) { _, _ in Self.names }
    }

    @Test(arguments: seeds)
    func `Another order changes the order only`(seed: UInt64) throws {
        try compare(seed, Self.names) { names, random in names.shuffled(using: &random) }
    }

    /// Reloads with what `next` says every 200 steps, and compares with a plain chain whose policies only ever
    /// change their places.
    private func compare(
        _ seed: UInt64, _ names: [String], _ next: ([String], inout Seeded) -> [String]
    ) throws {
        let time = ManualTime()
        var random = Seeded(seed)
        let sentinel = try PolicySentinel(policies(names, seed), clock: time.clock)
        var plain = PlainChain(policies: try policies(names, seed))
        var names = names
        for (index, (step, now)) in try History.steps(seed, 2000).enumerated() {
            time.set(now)
            if index % 200 == 199 {
                names = next(names, &random)
                // Under another seed, as a node has it.
                try sentinel.replacePolicies(policies(names, seed &+ UInt64(index)))
                plain.policies = names.compactMap { name in plain.policies.first { $0.name == name } }
                #expect(sentinel.policyNames == names)
            }
            #expect(sentinel.take(step) == plain.take(step, now), "step \(index)")
        }
    }

    @Test(arguments: seeds)
    func `A policy becomes a shadow and a real one again without forgetting`(seed: UInt64) throws {
        let time = ManualTime()
        var random = Seeded(seed)
        let sentinel = try PolicySentinel(policies(Self.names, seed), clock: time.clock)
        var plain = PlainChain(policies: try policies(Self.names, seed))
        for (index, (step, now)) in try History.steps(seed, 2000).enumerated() {
            time.set(now)
            if index % 100 == 99 {
                let isShadow = Self.names.map { _ in random.chance(40) }
                let fresh = try policies(Self.names, seed)
                try sentinel.replacePolicies(zip(fresh, isShadow).map { $1 ? Shadowed($0) : $0 })
                plain.policies = zip(plain.policies, isShadow).map { policy, isShadow in
                    let bare = (policy as? Shadowed)?.policy ?? policy
                    return isShadow ? Shadowed(bare) : bare
                }
            }
            #expect(sentinel.take(step) == plain.take(step, now), "step \(index)")
        }
    }

    @Test(arguments: seeds)
    func `A policy that comes or goes changes nothing in those that stay`(seed: UInt64) throws {
        let time = ManualTime()
        var random = Seeded(seed)
        let sentinel = try PolicySentinel(policies(Self.names, seed), clock: time.clock)
        var plain = PlainChain(policies: try policies(Self.names, seed))
        // All together are counted by one account that goes with the policy: it stays.
        let leaving = Self.names.filter { $0 != "connections" && $0 != "shared" }
        for (index, (step, now)) in try History.steps(seed, 2000).enumerated() {
            time.set(now)
            if index % 100 == 99 {
                let gone = random.chance(50) ? leaving.randomElement(using: &random) : nil
                let names = Self.names.filter { $0 != gone }
                let fresh = try policies(names, seed)
                try sentinel.replacePolicies(fresh)
                plain.policies = fresh.map { fresh in
                    plain.policies.first { $0.name == fresh.name } ?? fresh
                }
            }
            #expect(sentinel.take(step) == plain.take(step, now), "step \(index)")
        }
    }

    @Test func `Under another rate the tokens that are used stay used`() throws {
        let address = numbered(7)
        func rate(_ count: Int, burst: Int) throws -> SourceRate {
            try SourceRate(
                name: "rate", limits: .init(TokenRate(count, per: .seconds(1), burst: burst)))
        }
        let sentinel = try PolicySentinel([rate(1, burst: 10)], clock: { at(0) })
        func passed() -> Int {
            (0..<100).count { _ in sentinel.allowConnection(.inbound(address)).isAllowed }
        }
        #expect(passed() == 10)
        try sentinel.replacePolicies([rate(1000, burst: 15)])
        #expect(passed() == 5)
        try sentinel.replacePolicies([Shadowed(rate(1, burst: 17))])
        #expect(passed() == 100)
        try sentinel.replacePolicies([rate(1, burst: 20)])
        #expect(passed() == 3)
    }

    @Test func `What is counted of each policy goes on being counted, also as a shadow`() throws {
        func rate(_ name: String) throws -> SourceRate {
            try SourceRate(name: name, limits: .init(TokenRate(1, per: .seconds(1), burst: 1)))
        }
        let sentinel = try PolicySentinel([rate("one"), rate("two")], clock: { at(0) })
        for _ in 0..<4 { _ = sentinel.allowConnection(.inbound(numbered(1))) }
        try sentinel.replacePolicies([rate("new"), Shadowed(rate("one"))])
        for _ in 0..<2 { _ = sentinel.allowConnection(.inbound(numbered(1))) }
        #expect(sentinel.tallies.map(\.name) == ["new", "one"])
        #expect(sentinel.tallies.map(\.denied) == [1, 3])
        #expect(sentinel.tallies.map(\.shadow) == [0, 1])
    }

    @Test func `A chain with two policies of one name changes nothing`() throws {
        let sentinel = try PolicySentinel(FullChain.policies(), clock: { at(0) })
        let twice = [try FullChain.rate("same"), try FullChain.rate("same")]
        #expect(throws: SentinelError.self) { try sentinel.replacePolicies(twice) }
        #expect(sentinel.policyNames == Self.names)
    }

    @Test func `What a policy of another type has remembered is of no use`() throws {
        let sentinel = try PolicySentinel(FullChain.policies(), clock: { at(0) })
        let others: [any Policy] = [
            try FullChain.rate("list"), try FullChain.streams("reputation"), try FullChain.reputation("rate"),
            try FullChain.widening("connections"), try FullChain.shared("streams"),
            try FullChain.connections("widening"),
            AccessList(name: "shared", effect: .deny, keepsEntries: true),
        ]
        try sentinel.replacePolicies(others)
        #expect(sentinel.policyNames == others.map(\.name))
        #expect(sentinel.allowConnection(.inbound(numbered(9))).isAllowed)
    }

    /// Counts how often it takes over.
    private struct Fixed: Policy {
        let name = "fixed"
        let isFixed = true
        let adoptions: Counter

        final class Counter: Sendable {
            let count = Atomic<Int>(0)
        }

        mutating func decide(_ question: borrowing Question, now: MonotonicInstant) -> Verdict { .pass }
        mutating func adopt(_ predecessor: any Policy, now: MonotonicInstant) {
            adoptions.count.wrappingAdd(1, ordering: .relaxed)
        }
    }

    @Test func `What is the same in all instances takes over once, and stays one in memory`() throws {
        let counter = Fixed.Counter()
        let sentinel = try PolicySentinel([Fixed(adoptions: counter)], clock: { at(0) })
        try sentinel.replacePolicies([Fixed(adoptions: counter)])
        #expect(counter.count.load(ordering: .relaxed) == 1)
    }

    @Test func `Chains can be replaced while policies are looked at and questions are asked`() async throws {
        let list = AccessList(name: "list", effect: .deny)
        let rate = try SourceRate(
            name: "rate", limits: .init(TokenRate(1, per: .seconds(1), burst: 1)), capacity: 64)
        let sentinel = try PolicySentinel([list, rate], clock: { at(0) })
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                for _ in 0..<300 {
                    try sentinel.replacePolicies([rate])
                    try sentinel.replacePolicies([list, rate])
                }
                return true
            }
            group.addTask {
                (0..<300).allSatisfy { _ in
                    sentinel.withPolicy("rate", as: SourceRate.self) { policy, _ in policy.name }
                        == [String](repeating: "rate", count: PolicySentinel.instanceCount)
                }
            }
            group.addTask {
                _ = sentinel.allowConnection(.inbound(numbered(1)))
                return (0..<300).allSatisfy { _ in !sentinel.allowConnection(.inbound(numbered(1))).isAllowed
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }
}
