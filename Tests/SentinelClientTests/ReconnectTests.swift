// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Logging
import Sentinel
import SentinelProtocol
import Testing
import Varlink

@testable import SentinelClient

@Suite(.timeLimit(.minutes(1)))
struct ReconnectTests {
    @Test
    func `while the helper is away it is tried ever more rarely, and this is said once`() async throws {
        try await Fixture.run(isHelperThere: false) { fixture in
            fixture.deny(source(1))
            for expected in [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000] {
                #expect(await fixture.time.nextSleep() == .milliseconds(expected))
                fixture.time.wake()
            }
            _ = await fixture.time.nextSleep()
            let service = try await fixture.startService()
            fixture.time.wake()
            #expect(await fixture.helper.nextSubjects() == ["10.0.0.1"])
            await fixture.waitForAnswers(1)
            #expect(await fixture.nextLine()?.level == .warning)
            #expect(await fixture.nextLine()?.level == .info)
            #expect(fixture.statistics.link == .connected)
            #expect(fixture.statistics.reconnects == 1)
            await service.close()
        }
    }

    @Test
    func `after a lost connection what was answered is not sent again, all else is`() async throws {
        try await Fixture.run { fixture in
            fixture.deny(source(1))
            #expect(await fixture.helper.nextSubjects() == ["10.0.0.1"])
            await fixture.waitForAnswers(1)
            await fixture.helper.answer(.drop)
            fixture.deny(source(2))
            #expect(await fixture.helper.nextSubjects() == ["10.0.0.2"])
            _ = await fixture.time.nextSleep()
            #expect(fixture.statistics.link == .away)
            #expect(fixture.statistics.pending == 1)
            fixture.deny(source(3))
            fixture.time.wake()
            #expect(await fixture.helper.nextSubjects() == ["10.0.0.2"])
            #expect(await fixture.helper.nextSubjects() == ["10.0.0.3"])
            await fixture.waitForAnswers(2)
            #expect(fixture.statistics.submitted == 3)
            #expect(fixture.statistics.pending == 0)
        }
    }

    @Test
    func `a helper that goes while there is nothing to do is noticed`() async throws {
        try await Fixture.run(isHelperThere: false) { fixture in
            _ = await fixture.time.nextSleep()
            let service = try await fixture.startService()
            fixture.time.wake()
            #expect(await fixture.nextLine()?.level == .warning)
            #expect(await fixture.nextLine()?.level == .info)
            await service.close()
            #expect(await fixture.nextLine()?.level == .warning)
            #expect(fixture.statistics.link == .away)
        }
    }

    @Test
    func `a wish counts from when it was said, and is forgotten once its time is over`() async throws {
        try await Fixture.run(isHelperThere: false) { fixture in
            fixture.deny(source(1), for: .seconds(10))
            fixture.deny(source(2), for: .seconds(60))
            _ = await fixture.time.nextSleep()
            fixture.time.advance(milliseconds: 20_000)
            let service = try await fixture.startService()
            fixture.time.wake()
            let denials = await fixture.helper.next()
            #expect(denials.map(\.subject) == ["10.0.0.2"])
            #expect(denials.first?.duration == Milliseconds(.seconds(40)))
            #expect(await fixture.nextNotice() == .lapsed(subject: "10.0.0.1", reason: .rate))
            #expect(fixture.statistics.lapsed == 1)
            await service.close()
        }
    }

    @Test
    func `a node that may not submit is told how to, once, and tries on slowly`() async throws {
        try await Fixture.run { _ in
        } before: { fixture in
            await fixture.helper.greet(with: .notPermitted)
        } _: { fixture in
            fixture.deny(source(1))
            let line = await fixture.nextLine()
            #expect(line?.level == .error)
            #expect(line?.text.contains("add user:seed") == true)
            for _ in 0..<3 {
                #expect(await fixture.time.nextSleep() == .seconds(10))
                #expect(fixture.statistics.link == .notPermitted)
                fixture.time.wake()
            }
            _ = await fixture.time.nextSleep()
            await fixture.helper.greet(with: nil)
            fixture.time.wake()
            #expect(await fixture.helper.nextSubjects() == ["10.0.0.1"])
            #expect(await fixture.nextLine()?.level == .info)
        }
    }

    @Test
    func `permission that is withdrawn while denials are on their way costs none of them`() async throws {
        try await Fixture.run { fixture in
            await fixture.helper.answer(.fail(.notPermitted))
            fixture.deny(source(1))
            _ = await fixture.helper.next()
            #expect(await fixture.time.nextSleep() == .seconds(10))
            #expect(fixture.statistics.pending == 1)
            fixture.time.wake()
            #expect(await fixture.helper.nextSubjects() == ["10.0.0.1"])
        }
    }

    @Test
    func `what a released helper refuses is still due`() async throws {
        try await Fixture.run { fixture in
            await fixture.helper.answer(.refuse(.released))
            fixture.deny(source(1))
            _ = await fixture.helper.next()
            #expect(await fixture.time.nextSleep() == .seconds(10))
            #expect(fixture.statistics.link == .released)
            #expect(fixture.statistics.pending == 1)
            #expect(fixture.statistics.refused.isEmpty)
            fixture.time.wake()
            #expect(await fixture.helper.nextSubjects() == ["10.0.0.1"])
            await fixture.waitForAnswers(1)
        }
    }

    @Test
    func `when the node ends, what is due is handed over before`() async throws {
        try await Fixture.run { _ in
        } before: { fixture in
            await fixture.helper.answer(.hold)
            let running = Task { await fixture.handOver.run() }
            fixture.deny(source(1))
            #expect(await fixture.helper.nextSubjects() == ["10.0.0.1"])
            fixture.deny(source(2))
            running.cancel()
            #expect(await fixture.time.nextSleep() == .seconds(2))
            await fixture.helper.answerHeld()
            #expect(await fixture.helper.nextSubjects() == ["10.0.0.2"])
            await running.value
            #expect(fixture.statistics.submitted == 2)
            #expect(fixture.statistics.pending == 0)
        } _: { _ in
        }
    }

    @Test
    func `when the node ends and the helper doesn't answer, it waits only so long`() async throws {
        try await Fixture.run { _ in
        } before: { fixture in
            await fixture.helper.answer(.hold)
            let running = Task { await fixture.handOver.run() }
            fixture.deny(source(1))
            _ = await fixture.helper.next()
            running.cancel()
            #expect(await fixture.time.nextSleep() == .seconds(2))
            fixture.time.wake()
            await running.value
            #expect(fixture.statistics.pending == 1)
            await fixture.helper.answerHeld()
        } _: { fixture in
            // It can be run again, and what was due still is.
            #expect(await fixture.helper.nextSubjects() == ["10.0.0.1"])
        }
    }

    @Test
    func `when the node ends and the helper is away, it ends at once`() async throws {
        try await Fixture.run(isHelperThere: false) { _ in
        } before: { fixture in
            fixture.deny(source(1))
            let running = Task { await fixture.handOver.run() }
            #expect(await fixture.time.nextSleep() == .milliseconds(100))
            running.cancel()
            await running.value
            #expect(fixture.statistics.pending == 1)
        } _: { _ in
        }
    }

    @Test
    func `waits double from the first to the longest, less what chance takes off`() {
        let backoff = HandOver.Backoff()
        #expect(backoff.delay(after: 1, chance: 0) == .milliseconds(100))
        #expect(backoff.delay(after: 3, chance: 0) == .milliseconds(400))
        #expect(backoff.delay(after: 1000, chance: 0) == .seconds(10))
        #expect(backoff.delay(after: 1, chance: 0.5) == .microseconds(87_500))
    }
}
