// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Logging
import Sentinel
import SentinelProtocol
import Testing
import Varlink

@testable import SentinelClient

@Suite(.timeLimit(.minutes(1)))
struct HandOverTests {
    @Test
    func `a denial at accept is handed over as it was said`() async throws {
        try await Fixture.run { fixture in
            fixture.deny("/ip6/2001:db8::7/tcp/1234", detail: "40 in a second", for: .seconds(90))
            #expect(
                await fixture.helper.next() == [
                    SentinelProtocol.Denial(
                        check: .accept, subject: "2001:db8::7", reason: "rate-limit",
                        detail: "40 in a second",
                        duration: Milliseconds(.seconds(90)), validated: true)
                ])
            guard case .answered(_, let receipt)? = await fixture.nextNotice() else {
                Issue.record("no answer")
                return
            }
            #expect(receipt.enforced)
            #expect(fixture.statistics.enforced == 1)
            #expect(fixture.statistics.pending == 0)
        }
    }

    @Test
    func `what comes while a call is on its way goes with the next, each subject once`() async throws {
        try await Fixture.run { fixture in
            await fixture.helper.answer(.hold)
            fixture.deny(source(1))
            #expect(await fixture.helper.nextSubjects() == ["10.0.0.1"])
            fixture.deny(source(1))
            fixture.deny(source(2), for: .seconds(10))
            fixture.deny(source(3))
            fixture.deny(source(2), reason: .denyListed, for: .seconds(5))
            await fixture.helper.answerHeld()
            let next = await fixture.helper.next()
            #expect(next.map(\.subject) == ["10.0.0.2", "10.0.0.3"])
            #expect(next.first?.reason == "deny-listed")
            #expect(next.first?.duration == Milliseconds(.seconds(10)))
            await fixture.waitForAnswers(3)
            let statistics = fixture.statistics
            #expect(statistics.enqueued == 3)
            #expect(statistics.merged == 2)
            #expect(statistics.batches == 2)
        }
    }

    @Test
    func `more that is asked for while a denial is on its way follows it`() async throws {
        try await Fixture.run { fixture in
            await fixture.helper.answer(.hold)
            fixture.deny(source(1), for: .seconds(10))
            _ = await fixture.helper.next()
            fixture.deny(source(1), for: .seconds(60))
            await fixture.helper.answerHeld()
            #expect(await fixture.helper.next().map(\.duration) == [Milliseconds(.seconds(60))])
            await fixture.waitForAnswers(2)
            #expect(fixture.statistics.enqueued == fixture.statistics.submitted)
        }
    }

    @Test
    func `a call carries so many denials at most`() async throws {
        try await Fixture.run {
            $0.batchCount = 100
        } before: { fixture in
            for number in 0..<250 { fixture.deny(source(number)) }
        } _: { fixture in
            #expect(await fixture.helper.next().count == 100)
            #expect(await fixture.helper.next().count == 100)
            #expect(await fixture.helper.nextSubjects() == (200..<250).map { "10.0.0.\($0)" })
        }
    }

    @Test
    func `a full queue lets the oldest accept denial go before any dial denial`() async throws {
        let peer = try peer(1)
        try await Fixture.run {
            $0.capacity = 2
        } before: { fixture in
            fixture.deny(source(1))
            fixture.denyDial(try Multiaddr(parsing: "/ip4/10.1.0.1/tcp/1"), of: peer)
            fixture.deny(source(2))
            fixture.denyDial(try Multiaddr(parsing: "/ip4/10.1.0.2/tcp/1"), of: peer)
            fixture.deny(source(3))
        } _: { fixture in
            #expect(await fixture.helper.nextSubjects() == ["tcp:10.1.0.1:1", "tcp:10.1.0.2:1"])
            for subject in ["10.0.0.1", "10.0.0.2", "10.0.0.3"] {
                #expect(await fixture.nextNotice() == .dropped(subject: subject, reason: .rate))
            }
            #expect(fixture.statistics.dropped == 3)
        }
    }

    @Test
    func `what the kernel can't or mustn't match stays in user space`() async throws {
        let relayed = "/ip4/10.0.0.1/tcp/1/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N/p2p-circuit"
        try await Fixture.run { fixture in
            fixture.deny("/ip4/10.0.0.1/udp/1/quic-v1", source: .unproven)
            fixture.deny(relayed)
            fixture.denyDial(try Multiaddr(parsing: "/dns4/example.org/tcp/1"), of: try peer(1))
            fixture.denyDial(try Multiaddr(parsing: "/ip4/10.0.0.1"), of: try peer(1))
            for expected: HandOver.KeptBecause in [
                .unvalidated, .unmatchable(.relayed), .unmatchable(.name), .noPort,
            ] {
                guard case .kept(_, _, let reason)? = await fixture.nextNotice() else {
                    Issue.record("not kept")
                    return
                }
                #expect(reason == expected)
            }
            let statistics = fixture.statistics
            #expect(statistics.unvalidated == 1)
            #expect(statistics.unmatchable == 3)
            #expect(statistics.enqueued == 0)
        }
    }

    @Test
    func `refusals are counted by their code`() async throws {
        try await Fixture.run { fixture in
            await fixture.helper.answer(.refuse(.guarded))
            fixture.deny(source(1))
            await fixture.waitForAnswers(1)
            #expect(fixture.statistics.refused == [.guarded: 1])
            #expect(fixture.statistics.enforced == 0)
            #expect(fixture.statistics.pending == 0)
        }
    }

    @Test
    func `what is only counted is no refusal, and no enforcement`() async throws {
        try await Fixture.run { fixture in
            await fixture.helper.answer(.shadow)
            fixture.deny(source(1))
            await fixture.waitForAnswers(1)
            let statistics = fixture.statistics
            #expect(statistics.shadowed == 1 && statistics.enforced == 0 && statistics.refused.isEmpty)
            #expect(statistics.submitted == 1 && statistics.pending == 0)
        }
    }

    @Test
    func `of a batch that the helper can't read only the faulty denial is given up`() async throws {
        try await Fixture.run { _ in
        } before: { fixture in
            await fixture.helper.answer(thenAlways: .rejectBatches(with: "10.0.0.5"))
            for number in 0..<8 { fixture.deny(source(number)) }
        } _: { fixture in
            var answered: Set<String> = []
            var rejected: Set<String> = []
            while answered.count + rejected.count < 8 {
                switch await fixture.nextNotice() {
                case .answered(let denial, _): answered.insert(denial.subject)
                case .rejected(let denial, _): rejected.insert(denial.subject)
                default: Issue.record("something else")
                }
            }
            #expect(rejected == ["10.0.0.5"])
            #expect(fixture.statistics.rejected == 1)
            #expect(fixture.statistics.enforced == 7)
        }
    }

    @Test
    func `calls become shorter where the helper reads only short ones`() async throws {
        var limits = VarlinkService.Limits()
        limits.callBytes = 2048
        try await Fixture.run(limits: limits) { _ in
        } before: { fixture in
            for number in 0..<40 { fixture.deny(source(number)) }
        } _: { fixture in
            #expect(await fixture.time.nextSleep() == .milliseconds(100))
            fixture.time.wake()
            await fixture.waitForAnswers(40)
            #expect(fixture.statistics.enforced == 40)
            #expect(fixture.statistics.batches > 1)
        }
    }

    @Test
    func `a second run ends at once and says so`() async throws {
        try await Fixture.run { fixture in
            #expect(await fixture.nextLine()?.level == .info)
            await fixture.handOver.run()
            #expect(await fixture.nextLine()?.level == .error)
        }
    }
}
