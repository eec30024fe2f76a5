// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import Inet
import TestRandom
import Testing

@testable import Sentinel

@Suite struct ReputationTests {
    let address = numbered(7)
    let id: PeerID
    let remote: RemotePeer

    init() throws {
        id = try peer(1)
        remote = .inbound(address, id: id)
    }

    private func policy(
        avoid: Double = 16, ban: Double = 32, halfLife: Duration = .seconds(100), prefixLength6: Int = 64,
        severities: [Offence: Severity] = Reputation.Terms.defaultSeverities, capacity: Int = 4096
    ) throws -> Reputation {
        Reputation(
            name: "reputation",
            terms: try .init(
                thresholds: .init(avoid: avoid, ban: ban), halfLife: halfLife, severities: severities,
                prefixLength6: prefixLength6), capacity: capacity, seed: HashSeed(1, 2))
    }

    private func scores(_ policy: Reputation, _ time: Int64 = 0) -> [Double] {
        [policy.score(id, now: at(time)), policy.score(address, now: at(time))].map {
            ($0 * 1e6).rounded() / 1e6
        }
    }

    @Test(arguments: [
        (Offence.failedHandshake, 0.0, 1.0), (.protocolViolation, 8, 8), (.streamDenied, 1, 1),
        (.connectionDenied, 1, 1), (.timeout, 1, 1),
    ])
    func `An offence weighs on the peer and on its address; who is only claimed isn't to blame`(
        offence: Offence, peer: Double, address: Double
    ) throws {
        var policy = try policy()
        policy.hear(.misbehaved(remote, offence))
        #expect(scores(policy) == [peer, address])
    }

    @Test(arguments: [(Severity.low, 0.0), (.medium, 1), (.high, 8)])
    func `A severity that is given counts in place of the configured one`(severity: Severity, weight: Double)
        throws
    {
        var given = try policy()
        given.hear(.misbehaved(remote, .protocolViolation, severity: severity))
        #expect(scores(given) == [weight, weight])
        var configured = try policy(severities: [.protocolViolation: severity])
        configured.hear(.misbehaved(remote, .protocolViolation))
        #expect(scores(configured) == [weight, weight])
        // Medium where nothing is configured.
        configured.hear(.misbehaved(remote, .timeout))
        #expect(scores(configured) == [weight + 1, weight + 1])
    }

    @Test func `In a half-life a score becomes half of what it was`() throws {
        var policy = try policy()
        policy.hear(.misbehaved(remote, .protocolViolation), times: 2)
        #expect([0, 100_000, 200_000, 400_000].map { scores(policy, $0)[0] } == [16, 8, 4, 1])
        policy.hear(.misbehaved(remote, .protocolViolation), 200_000)
        #expect(scores(policy, 200_000) == [12, 12])
        #expect(scores(policy, 300_000) == [6, 6])
    }

    @Test func `Being of use earns some back, and never more than there is`() throws {
        var policy = try policy()
        policy.hear(.misbehaved(remote, .protocolViolation))
        policy.hear(.behaved(remote, credit: 3))
        #expect(scores(policy) == [5, 5])
        policy.hear(.behaved(remote, credit: 100))
        #expect(scores(policy) == [0, 0])
        policy.hear(.behaved(remote, credit: 100))
        policy.hear(.misbehaved(remote, .timeout))
        #expect(scores(policy) == [1, 1])
    }

    @Test func `From avoid on it isn't dialled, from ban on it is banned`() throws {
        var policy = try policy()
        let dial = RemotePeer.outbound(address, id: id)
        let dials = [RemotePeer(dialling: id), dial]
        policy.hear(.misbehaved(remote, .timeout), times: 15)
        for check in Check.allCases { #expect(passes(&policy, check, remote, .git)) }
        policy.hear(.misbehaved(remote, .timeout))
        for (check, remote) in zip([Check.peerDial, .addressDial], dials) {
            let denial = try #require(answer(&policy, check, remote).denial)
            #expect(denial.plane == .userSpace)
            #expect(denial.reason == .reputation)
        }
        for check in [Check.accept, .secured, .upgraded, .stream] {
            #expect(passes(&policy, check, remote, .git))
        }
        policy.hear(.misbehaved(remote, .protocolViolation), times: 2)
        for (check, remote) in zip([Check.peerDial, .addressDial], dials) {
            #expect(answer(&policy, check, remote).denial?.plane == .kernel)
        }
        let accept = try #require(answer(&policy, .accept, .inbound(address)).denial)
        #expect(accept.basis == .address)
        #expect(accept.plane == .kernel)
        #expect(accept.detail.contains("32"))
        for check in [Check.secured, .upgraded, .stream] {
            let denial = try #require(answer(&policy, check, .inbound(numbered(9), id: id), .git).denial)
            #expect(denial.basis == .peer)
            #expect(denial.plane == .userSpace)
        }
        // In a half-life it is down to avoid, in another one to less.
        #expect(passes(&policy, .accept, .inbound(address), nil, 1))
        #expect(!passes(&policy, .peerDial, dials[0], nil, 99_999))
        #expect(passes(&policy, .peerDial, dials[0], nil, 100_001))
    }

    @Test func `A banned peer that is known at accept is denied at another address, which isn't to blame`()
        throws
    {
        var policy = try policy()
        policy.hear(.misbehaved(remote, .protocolViolation), times: 4)
        let denial = try #require(answer(&policy, .accept, .inbound(numbered(9), id: id)).denial)
        #expect(denial.basis == .peer)
        #expect(denial.plane == .userSpace)
        #expect(passes(&policy, .accept, .inbound(numbered(9))))
    }

    @Test func `An address that no handshake has shown never has a score, nor has a relay's or loopback`()
        throws
    {
        var policy = try policy()
        let loopback = try ip("127.0.0.1")
        let remotes = [
            RemotePeer.inbound(address, id: id, source: .unproven), try .relayed(by: address, id: id),
            .inbound(loopback, id: id),
        ]
        for remote in remotes {
            for offence in Offence.allCases { policy.hear(.misbehaved(remote, offence), times: 10) }
        }
        #expect(policy.score(address, now: at(0)) == 0)
        #expect(policy.score(loopback, now: at(0)) == 0)
        // The peer itself has shown who it is.
        #expect(policy.score(id, now: at(0)) > 32)
    }

    @Test func `Whom this node has dialled in vain has done nothing`() throws {
        var policy = try policy()
        policy.hear(.misbehaved(.outbound(address, id: id), .failedHandshake), times: 10)
        #expect(scores(policy) == [0, 0])
        policy.hear(.misbehaved(.outbound(address, id: id), .protocolViolation))
        #expect(scores(policy) == [8, 8])
    }

    @Test(arguments: [
        ("2001:db8::1", "2001:db8::2", 64, true), ("2001:db8::1", "2001:db8:0:1::1", 64, false),
        ("2001:db8::1", "2001:db8:0:1::1", 56, true), ("2001:db8::1", "2001:db8::2", 128, false),
        ("198.18.0.7", "198.18.0.8", 64, false), ("198.18.0.7", "::ffff:198.18.0.7", 64, true),
    ])
    func `Addresses of an IPv6 block have one score, IPv4 addresses each their own`(
        one: String, other: String, length: Int, together: Bool
    ) throws {
        var policy = try policy(prefixLength6: length)
        policy.hear(.misbehaved(.inbound(try ip(one)), .protocolViolation), times: 4)
        #expect(passes(&policy, .accept, .inbound(try ip(other))) == !together)
        #expect((policy.score(try ip(other), now: at(0)) > 0) == together)
    }

    @Test(arguments: [
        (Check.stream, Basis.peer, 1.0), (.secured, .peer, 1), (.upgraded, .rule, 1), (.secured, .address, 0),
        (.secured, .node, 0), (.accept, .peer, 0), (.addressDial, .rule, 0),
    ])
    func `What other policies deny a peer for what it has done is an offence`(
        check: Check, basis: Basis, weight: Double
    ) throws {
        var policy = try policy()
        let question = Question(check, about: remote, stream: .git)
        policy.observe(
            question, denial: question.denial(by: "other", reason: .rate, basis: basis), now: at(0))
        policy.observe(question, denial: nil, now: at(0))
        #expect(scores(policy) == [weight, weight])
    }

    @Test
    func `What it denies itself is held against the address only, so that the peer can earn its way back`()
        throws
    {
        var policy = try policy()
        policy.hear(.misbehaved(.inbound(numbered(9), id: id), .timeout), times: 33)
        for _ in 0..<5 {
            let question = Question(.secured, about: remote)
            let denial = try #require(policy.decide(question, now: at(0)).denial)
            policy.observe(question, denial: denial, now: at(0))
        }
        #expect(scores(policy) == [33, 5])
    }

    @Test func `Who is dialled didn't ask for it, but opens its streams itself`() throws {
        var policy = try policy()
        for check in [Check.secured, .upgraded, .stream] {
            let question = Question(check, about: .outbound(address, id: id), stream: .git)
            policy.observe(
                question, denial: question.denial(by: "other", reason: .rate, basis: .peer), now: at(0))
        }
        #expect(scores(policy) == [1, 1])
    }

    @Test(arguments: [(0.0, 32.0), (-1, 32), (33, 32), (1, 1e7)])
    func `Thresholds that make no sense are refused`(avoid: Double, ban: Double) {
        #expect(throws: SentinelError.self) { try Reputation.Thresholds(avoid: avoid, ban: ban) }
    }

    @Test(arguments: [
        (Duration.zero, 64), (.seconds(366 * 86_400), 64), (.seconds(60), 31), (.seconds(60), 129),
    ])
    func `Terms that make no sense are refused`(halfLife: Duration, length: Int) throws {
        #expect(throws: SentinelError.self) { try policy(halfLife: halfLife, prefixLength6: length) }
    }

    // MARK: - Models

    /// What was added when, and what that is at an instant.
    private struct Model {
        var score = 0.0
        var entries: [(time: Int64, weight: Double)] = []

        func value(_ time: Int64, _ halfLife: Double) -> Double {
            entries.reduce(0) { $0 + $1.weight * exp2(-Double(time - $1.time) / halfLife) }
        }
    }

    @Test(arguments: seeds, [Duration.seconds(1), .seconds(3600), .seconds(365 * 86_400)])
    func `Scores are those of a list of all offences with their times`(seed: UInt64, halfLife: Duration)
        throws
    {
        var random = Seeded(seed)
        var policy = try policy(avoid: 1e5, ban: 1e6, halfLife: halfLife)
        let unit = Double(halfLife.components.seconds) * 1e9
        var models: [Int: Model] = [:]
        var time: Int64 = 0
        for _ in 0..<2000 {
            time += Int64(Double(random.next() % 1000) / 1000 * unit / 4)
            let now = MonotonicInstant(nanoseconds: time)
            let number = Int(random.next() % 8)
            let remote = try RemotePeer.inbound(numbered(number), id: peer(number))
            var model = models[number] ?? Model()
            let before = model.value(time, unit)
            if random.chance(80) {
                let severity: Severity = random.chance(50) ? .medium : .high
                policy.observe(.misbehaved(remote, .timeout, severity: severity), now: now)
                model.entries.append((time, Double(severity.weight)))
            } else {
                let credit = Int(1 + random.next() % 4)
                policy.observe(.behaved(remote, credit: credit), now: now)
                model.entries.append((time, -Double(credit)))
                // Nothing is left where it would be less than nothing, or next to it.
                if before - Double(credit) < 0.01 { model.entries = [] }
            }
            models[number] = model
            for (number, model) in models {
                let expected = model.value(time, unit)
                for score in [
                    try policy.score(peer(number), now: now), policy.score(numbered(number), now: now),
                ] {
                    #expect(abs(score - expected) <= 1e-6 * max(expected, 0.01))
                }
            }
        }
    }

    @Test(arguments: seeds)
    func `Of two scores the higher one's moment is the later, at any time`(seed: UInt64) throws {
        var random = Seeded(seed)
        let scale = Reputation.Scale(try policy(avoid: 100, ban: 1000).terms)
        for _ in 0..<500 {
            var moments: [Moment?] = [nil, nil]
            var time: Int64 = 0
            for _ in 0..<10 {
                time += Int64(random.next() % 100_000_000_000)
                let index = Int(random.next() % 2)
                moments[index] = scale.adding(
                    random.chance(80) ? 8 : -3, to: moments[index], atMost: scale.highest,
                    now: MonotonicInstant(nanoseconds: time))
            }
            guard let one = moments[0], let other = moments[1] else { continue }
            for later in [0, 1_000_000_000, 3_000_000_000_000] as [Int64] {
                let now = MonotonicInstant(nanoseconds: time + later)
                let scores = (scale.score(one, now: now), scale.score(other, now: now))
                #expect((one.rank < other.rank) == (scores.0 < scores.1) || one.rank == other.rank)
            }
        }
    }

    @Test func `Who has offended for a year is forgiven as soon as who has a score of sixteen bans`() throws {
        var policy = try policy()
        policy.hear(.misbehaved(remote, .protocolViolation), times: 10_000)
        #expect(scores(policy)[0] == 512)
        #expect(!passes(&policy, .secured, remote, nil, 399_999))
        #expect(passes(&policy, .secured, remote, nil, 400_001))
    }

    @Test(arguments: [Duration.seconds(100), .seconds(10)])
    func `A reload keeps the scores, which decay from then on by the new half-life`(halfLife: Duration) throws
    {
        var old = try policy()
        old.hear(.misbehaved(remote, .protocolViolation), times: 2)
        var new = try policy(avoid: 4, ban: 8, halfLife: halfLife)
        new.adopt(old, now: at(100_000))
        #expect(scores(new, 100_000) == [8, 8])
        #expect(!passes(&new, .accept, .inbound(address), nil, 100_000))
        #expect(scores(new, 100_000 + halfLife.components.seconds * 1000) == [4, 4])
    }

    @Test func `A high score isn't forgotten for a flood of low ones`() throws {
        var policy = try policy(capacity: 64)
        policy.hear(.misbehaved(remote, .protocolViolation), times: 4)
        for number in 0..<10_000 { policy.hear(.misbehaved(.inbound(numbered(100 + number)), .timeout)) }
        #expect(scores(policy) == [32, 32])
        #expect(policy.capacity == 64)
    }
}
