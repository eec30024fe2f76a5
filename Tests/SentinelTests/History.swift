// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Sentinel
import Synchronization
import TestRandom
import Testing

/// What happens to a node, by chance: few addresses and peers, so that they meet again and again.
struct History {
    enum Step {
        case question(Question)
        case event(Event)
    }

    private var random: Seeded
    private let addresses: [IPAddress]
    private let peers: [PeerID]
    private let proofs: [SourceProof]
    /// What has happened last, in nanoseconds.
    private(set) var time: Int64 = 0
    private let pace: UInt64

    /// - Parameters:
    ///   - proofs: what sources have proven, each as often as it is in there.
    ///   - pace: how many milliseconds lie between two steps at most.
    init(
        _ seed: UInt64, addresses: Int = 16, peers: Int = 30,
        proofs: [SourceProof] = [.handshake, .handshake, .handshake, .unproven], pace: UInt64 = 400
    ) throws {
        var random = Seeded(seed)
        self.addresses = (0..<addresses).map { _ in
            // A few blocks of each family, which lie in several instances.
            let (high, low) = (random.next() % 3, random.next() % 12)
            return random.chance(50)
                ? .v4(IPv4Address(bits: 0xC612_0000 | UInt32(high << 16 | low)))
                : .v6(
                    IPv6Address(high: 0x2001_0DB8_0000_0000 + high << 32 | low % 4, low: 1 + low / 4))
        }
        self.peers = try (0..<peers).map { _ in try random.peer() }
        self.proofs = proofs
        self.pace = pace
        self.random = random
    }

    var now: MonotonicInstant { MonotonicInstant(nanoseconds: time) }

    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int(random.next() % UInt64(elements.count))]
    }

    private mutating func remote(isKnown: Bool, _ direction: Direction) throws -> RemotePeer {
        let id = isKnown ? pick(peers) : nil
        let address = pick(addresses)
        if random.chance(5) { return try .relayed(by: address, id: id) }
        if direction == .outbound { return .outbound(address, id: id) }
        return .inbound(address, id: id, source: pick(proofs))
    }

    mutating func next() throws -> Step {
        time += Int64(random.next() % (pace * 1_000_000))
        let direction = random.chance(80) ? Direction.inbound : .outbound
        let streams: [StreamType] = [.git, .membership, .gossip]
        if random.chance(65) {
            let check = pick(Check.allCases + [.accept, .accept, .accept, .secured])
            switch check {
            case .peerDial: return .question(Question(check, about: RemotePeer(dialling: pick(peers))))
            case .addressDial:
                return .question(Question(check, about: try remote(isKnown: true, .outbound)))
            case .accept: return .question(Question(check, about: try remote(isKnown: false, .inbound)))
            default:
                let stream = check == .stream ? pick(streams) : nil
                return .question(
                    Question(check, about: try remote(isKnown: true, direction), stream: stream))
            }
        }
        let remote = try remote(isKnown: random.chance(90), direction)
        let kinds: [Event.Kind] = [
            .connectionEstablished, .connectionClosed, .connectionClosed, .streamOpened(pick(streams)),
            .streamClosed(pick(streams)), .misbehaved(pick(Offence.allCases), nil),
            .misbehaved(pick(Offence.allCases), pick(Severity.allCases)),
            .behaved(credit: Int(random.next() % 4)), .protected, .unprotected,
        ]
        return .event(Event(pick(kinds), remote))
    }

    /// So many steps, each with its moment.
    static func steps(_ seed: UInt64, _ count: Int) throws -> [(step: Step, now: MonotonicInstant)] {
        var history = try History(seed)
        return try (0..<count).map { _ in (try history.next(), history.now) }
    }
}

/// A clock that is told the time.
final class ManualTime: Sendable {
    private let nanoseconds = Atomic<Int64>(0)

    var clock: MonotonicClock {
        { MonotonicInstant(nanoseconds: self.nanoseconds.load(ordering: .relaxed)) }
    }

    func set(_ now: MonotonicInstant) { nanoseconds.store(now.nanoseconds, ordering: .relaxed) }
}

extension PolicySentinel {
    /// What it says to a history's step; nil where that is an event.
    func take(_ step: History.Step) -> Ruling? {
        switch step {
        case .question(let question): return rule(on: question)
        case .event(let event):
            observe(event)
            return nil
        }
    }
}

extension PlainChain {
    mutating func take(_ step: History.Step, _ now: MonotonicInstant) -> Ruling? {
        switch step {
        case .question(let question): return rule(on: question, now: now)
        case .event(let event):
            observe(event, now: now)
            return nil
        }
    }
}

/// A chain of every policy that there is, with limits that random histories come up against.
enum FullChain {
    static func rate(
        _ name: String = "rate", burst: Int = 3, checks: CheckSet = [.accept, .secured]
    ) throws -> SourceRate {
        let tiers = [
            try SourceRate.Tier(.ipv4, prefixLength: 32, rate: TokenRate(1, per: .seconds(4), burst: burst)),
            try .init(.ipv4, prefixLength: 24, rate: TokenRate(1, per: .seconds(1), burst: 2 * burst)),
            try .init(.ipv6, prefixLength: 64, rate: TokenRate(1, per: .seconds(4), burst: burst)),
            try .init(.ipv6, prefixLength: 48, rate: TokenRate(1, per: .seconds(1), burst: 2 * burst)),
        ]
        return try SourceRate(
            name: name, limits: .init(tiers: tiers, peer: TokenRate(1, per: .seconds(3), burst: burst)),
            checks: checks)
    }

    static func connections(_ name: String = "connections", total: Int = 30) throws -> ConnectionLimits {
        let tiers = [
            try ConnectionLimits.Tier(.ipv4, prefixLength: 32, .init(each: 2)),
            try .init(.ipv4, prefixLength: 24, .init(inbound: 4)),
            try .init(.ipv6, prefixLength: 56, .init(each: 3)),
        ]
        return try ConnectionLimits(
            name: name, limits: .init(tiers: tiers, peer: .init(each: 2), total: .init(inbound: total)),
            plane: .kernel)
    }

    static func streams(_ name: String = "streams") throws -> StreamLimits {
        try StreamLimits(
            name: name,
            limits: [
                .git: .init(rate: TokenRate(1, per: .seconds(10), burst: 2), open: 2),
                .membership: .init(rate: TokenRate(1, per: .seconds(5), burst: 3), action: .refuseStream),
            ], others: .init(open: 2))
    }

    static func reputation(_ name: String = "reputation") throws -> Reputation {
        Reputation(
            name: name,
            terms: try .init(thresholds: .init(avoid: 6, ban: 12), halfLife: .seconds(60)))
    }

    static func widening(_ name: String = "widening") throws -> Widening {
        let levels = [
            try Widening.Level(.ipv4, prefixLength: 24, sources: 2),
            try .init(.ipv6, prefixLength: 56, sources: 2),
        ]
        return try Widening(
            name: name, terms: .init(levels: levels, within: .seconds(60), duration: .seconds(20)))
    }

    static func shared(_ name: String = "shared") throws -> SharedAddresses {
        SharedAddresses(
            name: name,
            terms: try .init(
                badShare: 0.4, badAfter: 2, forgetAfter: .seconds(120), probation: .seconds(5),
                newcomers: TokenRate(1, per: .seconds(20), burst: 1)))
    }

    static func policies() throws -> [any Policy] {
        var list = AccessList(name: "list", effect: .deny)
        try list.insert(.network(block("198.18.0.8/30")), reason: .denyListed, now: at(0))
        return [
            list, try reputation(), try rate(), try connections(), try streams(), try widening(),
            try shared(),
        ]
    }
}
