// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Sentinel
import TestRandom
import Testing

private func terms(
    first: Duration = .seconds(60), factor: Double = 2, maximum: Duration = .seconds(86_400),
    jitter: Double = 0, forgetAfter: Duration = .seconds(604_800), permanentAfter: Int? = nil
) -> DurationSchedule.Terms {
    DurationSchedule.Terms(
        first: first, factor: factor, maximum: maximum, jitter: jitter, forgetAfter: forgetAfter,
        permanentAfter: permanentAfter)
}

@Suite struct DurationScheduleTests {
    @Test func `Each strike lasts the factor longer, up to the maximum`() throws {
        let schedule = try DurationSchedule(terms())
        let minutes = (1...13).map { schedule.longest(strikes: $0) }
        #expect(minutes.prefix(4) == [.seconds(60), .seconds(120), .seconds(240), .seconds(480)])
        #expect(minutes.last == .seconds(86_400))
    }

    @Test(arguments: [Int.min, -1, 0, 1])
    func `The first strike counts as one, and so does less`(strikes: Int) throws {
        #expect(try DurationSchedule(terms()).longest(strikes: strikes) == .seconds(60))
    }

    @Test func `No number of strikes overflows`() throws {
        let longest = Duration.nanoseconds(Int64.max)
        for factor in [1, 1.01, 2, 1e300] {
            let schedule = try DurationSchedule(terms(factor: factor, maximum: longest))
            #expect(schedule.longest(strikes: .max) == (factor == 1 ? .seconds(60) : longest))
        }
        let whole = try DurationSchedule(terms(first: longest, maximum: longest, jitter: 0.5))
        var random = Seeded(1)
        let duration = try #require(whole.duration(strikes: .max, using: &random))
        #expect(duration <= longest && duration > longest / 2)
    }

    @Test(arguments: seeds)
    func `Durations grow with strikes and keep to the maximum`(seed: UInt64) throws {
        var random = Seeded(seed)
        for _ in 0..<100 {
            let first = Duration.nanoseconds(
                Int64.random(in: 1 ... .max >> (random.next() % 60), using: &random))
            let room = (Duration.nanoseconds(Int64.max) - first) / Int(1 + random.next() % 100_000)
            let schedule = try DurationSchedule(
                terms(
                    first: first, factor: random.chance(20) ? 1 : .random(in: 1.01...10, using: &random),
                    maximum: first + room, jitter: .random(in: 0..<1, using: &random)))
            let chance = random
            var before = Duration.zero
            var longestBefore = Duration.zero
            for strikes in 1...200 {
                // The same chance for each, or a lucky one could be shorter.
                var same = chance
                let duration = try #require(schedule.duration(strikes: strikes, using: &same))
                let longest = try #require(schedule.longest(strikes: strikes))
                #expect(duration >= before && longest >= longestBefore)
                #expect(duration > .zero && duration <= longest && longest <= schedule.terms.maximum)
                (before, longestBefore) = (duration, longest)
            }
        }
    }

    @Test(arguments: seeds)
    func `Jitter takes off no more than its share`(seed: UInt64) throws {
        var random = Seeded(seed)
        let schedule = try DurationSchedule(terms(first: .seconds(1000), jitter: 0.25))
        var seen: Set<Duration> = []
        for _ in 0..<1000 {
            let duration = try #require(schedule.duration(strikes: 1, using: &random))
            #expect(duration > .seconds(750) && duration <= .seconds(1000))
            seen.insert(duration)
        }
        #expect(seen.count > 990)
    }

    @Test func `Nothing is for good unless it is said`() throws {
        var random = Seeded(1)
        #expect(try DurationSchedule(terms()).duration(strikes: .max, using: &random) != nil)
        let schedule = try DurationSchedule(terms(permanentAfter: 3))
        #expect(schedule.longest(strikes: 2) != nil)
        #expect(schedule.longest(strikes: 3) == nil)
        #expect(schedule.duration(strikes: 4, using: &random) == nil)
    }

    @Test func `A strike is forgotten after its time`() throws {
        let schedule = try DurationSchedule(terms(forgetAfter: .seconds(10)))
        #expect(schedule.remembers(strikeAged: .seconds(9)))
        #expect(!schedule.remembers(strikeAged: .seconds(10)))
    }

    @Test(arguments: [
        (terms(first: .zero), "first"), (terms(first: .seconds(-1)), "first"),
        (terms(first: .seconds(Int64.max), maximum: .seconds(Int64.max)), "first"),
        (terms(maximum: .seconds(59)), "maximum"), (terms(maximum: .seconds(Int64.max)), "maximum"),
        (terms(factor: 0.5), "factor"), (terms(factor: 1.001), "factor"), (terms(factor: .nan), "factor"),
        (terms(factor: .infinity), "factor"), (terms(jitter: 1), "jitter"), (terms(jitter: -0.1), "jitter"),
        (terms(jitter: .nan), "jitter"), (terms(forgetAfter: .zero), "forget_after"),
        (terms(permanentAfter: 0), "permanent_after"),
    ])
    func `Terms that make no sense are refused by name`(terms: DurationSchedule.Terms, element: String) {
        #expect {
            try DurationSchedule(terms)
        } throws: { error in
            (error as? SentinelError)?.code == .outOfRange && (error as? SentinelError)?.element == element
        }
    }
}

@Suite struct DurationSchedulesTests {
    @Test func `The most specific schedule wins`() throws {
        func schedule(_ seconds: Int) throws -> DurationSchedule {
            try DurationSchedule(terms(first: .seconds(seconds)))
        }
        let flood = try Reason(parsing: "flood")
        var schedules = DurationSchedules<Check>(fallback: try schedule(1))
        #expect(schedules.schedule(check: .accept, reason: flood) == (try schedule(1)))
        schedules.byCheck[.accept] = try schedule(2)
        #expect(schedules.schedule(check: .accept, reason: flood) == (try schedule(2)))
        schedules.byReason[flood] = try schedule(3)
        #expect(schedules.schedule(check: .accept, reason: flood) == (try schedule(3)))
        schedules.byCheckAndReason[.accept, default: [:]][flood] = try schedule(4)
        #expect(schedules.schedule(check: .accept, reason: flood) == (try schedule(4)))
        #expect(schedules.schedule(check: .addressDial, reason: flood) == (try schedule(3)))
        #expect(schedules.schedule(check: .accept, reason: .rate) == (try schedule(2)))
        #expect(schedules.schedule(check: .addressDial, reason: .rate) == (try schedule(1)))
    }
}
