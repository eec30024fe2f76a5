// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Sentinel
import SentinelProtocol
import Testing

@testable import SentinelClient

/// Nothing is lost, nothing is done twice.
@Suite(.timeLimit(.minutes(1)))
struct RepetitionTests {
    @Test
    func `a call whose answer was lost is repeated as it was, before anything else`() async throws {
        try await Fixture.run { fixture in
            await fixture.helper.answer(.drop)
            fixture.deny(source(1), for: .seconds(60))
            let lost = try #require(await fixture.helper.nextCall())
            _ = await fixture.time.nextSleep()
            // More of the same, and something else, while nobody knows what became of the first.
            fixture.deny(source(1), for: .seconds(60))
            fixture.deny(source(2))
            fixture.time.wake()
            let repeated = try #require(await fixture.helper.nextCall())
            #expect(repeated == lost)
            #expect(lost.session != nil && lost.sequence == 1)
            let next = try #require(await fixture.helper.nextCall())
            #expect(next.denials.map(\.subject) == ["10.0.0.2"])
            #expect(next.session == lost.session && next.sequence == 2)
            await fixture.waitForAnswers(2)
            let statistics = fixture.statistics
            #expect(statistics.enqueued == 2 && statistics.submitted == 2 && statistics.enforced == 2)
            #expect(statistics.pending == 0)
        }
    }

    @Test
    func `of a repeated call's wish only what is left is asked for`() async throws {
        try await Fixture.run { fixture in
            await fixture.helper.answer(.drop)
            fixture.deny(source(1), for: .seconds(60))
            #expect(await fixture.helper.next().map(\.duration) == [Milliseconds(.seconds(60))])
            _ = await fixture.time.nextSleep()
            fixture.time.advance(milliseconds: 20_000)
            fixture.time.wake()
            #expect(await fixture.helper.next().map(\.duration) == [Milliseconds(.seconds(40))])
        }
    }

    @Test
    func `what was in the same batch and not yet sent gets a number of its own`() async throws {
        try await Fixture.run {
            // Two denials are too long for one call.
            $0.batchBytes = 300
        } before: { fixture in
            await fixture.helper.answer(.drop)
            fixture.deny(source(1))
            fixture.deny(source(2))
        } _: { fixture in
            #expect(await fixture.helper.nextCall()?.denials.map(\.subject) == ["10.0.0.1"])
            _ = await fixture.time.nextSleep()
            fixture.time.wake()
            let calls = [await fixture.helper.nextCall(), await fixture.helper.nextCall()]
            #expect(calls.map { $0?.denials.map(\.subject) } == [["10.0.0.1"], ["10.0.0.2"]])
            #expect(calls.map { $0?.sequence } == [1, 2])
        }
    }

    @Test
    func `a call that the helper refused is not repeated, what was in it is sent anew`() async throws {
        try await Fixture.run { fixture in
            await fixture.helper.answer(.fail(.notPermitted))
            fixture.deny(source(1))
            #expect(await fixture.helper.nextCall()?.sequence == 1)
            _ = await fixture.time.nextSleep()
            fixture.deny(source(2))
            fixture.time.wake()
            let next = try #require(await fixture.helper.nextCall())
            #expect(next.denials.map(\.subject) == ["10.0.0.1", "10.0.0.2"])
            #expect(next.sequence == 2)
        }
    }

    @Test
    func `two hand-overs never number in the same session`() {
        let states = (0..<2).map { _ in HandOverState(.init(), hasObserver: false) }
        #expect(states[0].session != states[1].session)
        #expect(states.allSatisfy { (1...64).contains($0.session.utf8.count) })
    }
}
