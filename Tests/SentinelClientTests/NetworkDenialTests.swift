// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Sentinel
import SentinelProtocol
import Testing

@testable import SentinelClient

@Suite(.timeLimit(.minutes(1)))
struct NetworkDenialTests {
    private static let block = IPNetwork("203.0.113.0/24")

    /// Has a block denied at accept, because of a source.
    private func deny(
        _ fixture: Fixture, from source: String = "/ip4/203.0.113.7/tcp/5000",
        remote: SourceProof = .handshake, evidence: SourceProof = .handshake,
        block: IPNetwork? = NetworkDenialTests.block
    ) {
        let denial = Sentinel.Denial(
            at: .accept, by: "test", reason: .rate, source: evidence, network: block, duration: .seconds(60))
        fixture.handOver.handOver(
            denial, at: .accept,
            about: RemotePeer(address: Multiaddr(source), direction: .inbound, source: remote))
    }

    @Test
    func `a denial of a block is handed over as a network, once for all its sources`() async throws {
        try await Fixture.run { _ in
        } before: { fixture in
            deny(fixture)
            deny(fixture, from: "/ip4/203.0.113.8/tcp/5000")
        } _: { fixture in
            #expect(
                await fixture.helper.next() == [
                    SentinelProtocol.Denial(
                        check: .network, subject: "203.0.113.0/24", reason: "rate-limit",
                        duration: Milliseconds(.seconds(60)), validated: true)
                ])
            #expect(fixture.statistics.merged == 1)
        }
    }

    @Test
    func `a block is never handed over for a source or evidence that nothing proves`() async throws {
        try await Fixture.run { fixture in
            deny(fixture, remote: .unproven)
            deny(fixture, evidence: .unproven)
            for _ in 0..<2 {
                guard case .kept(_, _, .unvalidated)? = await fixture.nextNotice() else {
                    Issue.record("not kept")
                    return
                }
            }
            #expect(fixture.statistics.unvalidated == 2)
            #expect(fixture.statistics.enqueued == 0)
        }
    }

    @Test
    func `where the block isn't the source's, the source alone is handed over`() async throws {
        try await Fixture.run { fixture in
            deny(fixture, from: "/ip4/198.51.100.7/tcp/5000")
            #expect(await fixture.helper.nextSubjects() == ["198.51.100.7"])
            deny(fixture, block: IPNetwork("203.0.113.7/32"))
            #expect(await fixture.helper.nextSubjects() == ["203.0.113.7"])
        }
    }

    @Test
    func `a block that is only counted isn't handed over again as its source`() async throws {
        try await Fixture.run { fixture in
            await fixture.helper.answer(.shadow)
            deny(fixture)
            #expect(await fixture.helper.nextSubjects() == ["203.0.113.0/24"])
            await fixture.waitForAnswers(1)
            deny(fixture, from: "/ip4/198.51.100.7/tcp/5000")
            #expect(await fixture.helper.nextSubjects() == ["198.51.100.7"])
            #expect(fixture.statistics.shadowed == 1)
        }
    }

    @Test
    func `where the helper refuses the block, the source alone is handed over`() async throws {
        try await Fixture.run { fixture in
            await fixture.helper.answer(.refuse(.forbidden))
            deny(fixture)
            #expect(await fixture.helper.nextSubjects() == ["203.0.113.0/24"])
            let next = await fixture.helper.next()
            #expect(next.map(\.subject) == ["203.0.113.7"])
            #expect(next.map(\.check) == [.accept])
            #expect(next.map(\.duration) == [Milliseconds(.seconds(60))])
            await fixture.waitForAnswers(2)
            let statistics = fixture.statistics
            #expect(statistics.refused == [.forbidden: 1] && statistics.enforced == 1)
            #expect(statistics.enqueued == statistics.submitted)
        }
    }
}
