// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Inet

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Holds against peers and addresses what they have done, less and less as time goes by, and avoids or bans those with
/// too much of it.
///
/// Each offence adds the weight of its severity to the peer's score and to its address's; in a half-life the score
/// becomes half of what it was; a peer that has been of use earns some back. From ``Thresholds/avoid`` on a peer isn't
/// dialled. From ``Thresholds/ban`` on it isn't dialled by the kernel's word, its connections are denied, and its
/// address is denied at accept: so does a peer that is denied again and again in user space come to be banned in the
/// kernel, for a reason of its own. An address is denied for an eighth of a half-life after the last offence at most, a
/// peer for four half-lives: others may come from where one was.
///
/// Only what a source has proven to be its own is held against it: an address that no handshake has shown never has a
/// score, nor has a peer that is only claimed. Addresses are kept account of by /32 (IPv4) and, unless told otherwise,
/// /64 (IPv6). Memory is bounded: the lowest score makes room.
///
/// Source: penalties and severities of heartwood, radicle's node (`radicle/src/node/address/store.rs`), where they
/// never decay.
public struct Reputation: Policy {
    /// What too much is.
    public struct Thresholds: Hashable, Sendable {
        /// From this score on a peer isn't dialled.
        public let avoid: Double
        /// From this score on it is banned.
        public let ban: Double

        /// - Throws: `outOfRange` unless 0 < avoid ≤ ban ≤ 10⁶.
        public init(avoid: Double = 16, ban: Double = 32) throws(SentinelError) {
            guard avoid > 0, avoid <= ban, ban <= 1e6 else {
                throw SentinelError(
                    .outOfRange, in: "threshold",
                    remedy: "more than 0, avoid at most ban, ban at most 1000000")
            }
            self.avoid = avoid
            self.ban = ban
        }
    }

    /// How it counts.
    public struct Terms: Hashable, Sendable {
        public var thresholds: Thresholds
        /// In this time a score becomes half of what it was.
        public let halfLife: Duration
        /// How much each offence weighs; medium where it isn't here.
        public var severities: [Offence: Severity]
        /// IPv6 addresses that agree in so many bits have one score.
        public let prefixLength6: Int

        /// - Throws: `outOfRange` for a half-life below a second or above a year, or a prefix length that policies
        ///   don't keep account of.
        public init(
            thresholds: Thresholds, halfLife: Duration = .seconds(3600),
            severities: [Offence: Severity] = Terms.defaultSeverities, prefixLength6: Int = 64
        ) throws(SentinelError) {
            guard halfLife >= .seconds(1), halfLife <= .seconds(365 * 86_400) else {
                throw SentinelError(.outOfRange, in: "half-life", remedy: "from a second to a year")
            }
            try IPAddress.Family.ipv6.requirePolicyPrefix(prefixLength6)
            self.thresholds = thresholds
            self.halfLife = halfLife
            self.severities = severities
            self.prefixLength6 = prefixLength6
        }

        /// A broken protocol is high, all else medium.
        public static let defaultSeverities: [Offence: Severity] = [
            .failedHandshake: .medium, .protocolViolation: .high, .streamDenied: .medium,
            .connectionDenied: .medium, .timeout: .medium,
        ]
    }

    public let name: String
    public let terms: Terms
    /// Where its denials live at most.
    public let plane: Plane

    private var scale: Scale
    private var seed: HashSeed
    /// What is held against each: the moment at which its score is down to 1, which orders scores at any time.
    private var scores: BoundedTable<Moment>
    private let fullCapacity: Int

    /// - Parameters:
    ///   - plane: where its denials live at most.
    ///   - capacity: how many peers and addresses are remembered, at 16 bytes each.
    ///   - seed: decides where they lie in memory; leave it random, see ``AccessList``.
    public init(
        name: String, terms: Terms, plane: Plane = .kernel, capacity: Int = SourceRate.defaultCapacity,
        seed: HashSeed = .random()
    ) {
        self.name = name
        self.terms = terms
        self.plane = plane
        self.seed = seed
        scale = Scale(terms)
        fullCapacity = capacity
        scores = BoundedTable(capacity: capacity)
    }

    /// All of them: a peer with too much against it is to be refused as early as it is known.
    public var checks: CheckSet { .all }
    /// It isn't told of what is allowed.
    public var observesAllowed: Bool { false }

    public func instance(of count: Int) -> Reputation {
        var instance = self
        instance.scores = BoundedTable(capacity: fullCapacity / count)
        return instance
    }

    /// How many peers and addresses are remembered at most.
    public var capacity: Int { scores.capacity }

    /// What is held against a peer; 0 where another instance keeps account of it.
    public func score(_ peer: PeerID, now: MonotonicInstant) -> Double {
        scale.score(scores[seed.fingerprint(peer)], now: now)
    }

    /// What is held against an address; 0 where another instance keeps account of it.
    public func score(_ address: IPAddress, now: MonotonicInstant) -> Double {
        scale.score(scores[key(address.canonical)], now: now)
    }

    private func key(_ address: IPAddress) -> Fingerprint {
        switch address {
        case .v4(let address): seed.fingerprint(address, prefixLength: IPv4Address.bitWidth)
        case .v6(let address): seed.fingerprint(address, prefixLength: terms.prefixLength6)
        }
    }

    // MARK: - Deciding

    public mutating func decide(_ question: borrowing Question, now: MonotonicInstant) -> Verdict {
        if question.check == .accept || question.check == .addressDial, let address = question.source,
            let moment = scores[key(address)]
        {
            if scale.isBanned(moment, now: now) {
                return deny(question, moment, basis: .address, plane: plane, now: now)
            }
            if question.check == .addressDial, scale.isAvoided(moment, now: now) {
                return deny(question, moment, basis: .address, plane: .userSpace, now: now)
            }
        }
        guard let peer = question.peer, let moment = scores[seed.fingerprint(peer)] else { return .pass }
        if scale.isBanned(moment, now: now) {
            // Where it comes from is not to blame: others may be there.
            let plane = question.check == .accept ? .userSpace : plane
            return deny(question, moment, basis: .peer, plane: plane, now: now)
        }
        if CheckSet.dials.contains(question.check), scale.isAvoided(moment, now: now) {
            return deny(question, moment, basis: .peer, plane: .userSpace, now: now)
        }
        return .pass
    }

    private func deny(
        _ question: borrowing Question, _ moment: Moment, basis: Basis, plane: Plane, now: MonotonicInstant
    ) -> Verdict {
        let score = Int(scale.score(moment, now: now).rounded())
        let limit = scale.isBanned(moment, now: now) ? terms.thresholds.ban : terms.thresholds.avoid
        return .deny(
            question.denial(
                by: name, reason: .reputation, basis: basis,
                detail: "has a score of \(score), of at most \(Int(limit.rounded()))", plane: plane))
    }

    // MARK: - Keeping account

    /// A stream or a connection that another policy has denied for what the peer itself has done, or is, is an offence
    /// of its. One that is denied for what this policy holds against the peer is held against its address only: the
    /// peer goes on asking, but must be able to earn its way back.
    public mutating func observe(_ question: borrowing Question, denial: Denial?, now: MonotonicInstant) {
        guard let denial, denial.basis == .peer || denial.basis == .rule else { return }
        let offence: Offence
        switch question.check {
        case .stream: offence = .streamDenied
        case .secured, .upgraded: offence = .connectionDenied
        default: return
        }
        // Who is dialled didn't ask for it.
        guard question.remote.direction == .inbound || offence == .streamDenied else { return }
        let isOwn = denial.policy == name
        add(
            weight(offence), to: isOwn ? nil : question.peer, question.source,
            proven: question.remote.source == .handshake, now: now)
    }

    public mutating func observe(_ event: borrowing Event, now: MonotonicInstant) {
        let isProven = event.remote.source == .handshake
        switch event.kind {
        case .misbehaved(let offence, let severity):
            let weight = severity?.weight ?? weight(offence)
            // Whom the other end only claimed to be, and whose address this node has only dialled, is not to blame.
            let peer = offence == .failedHandshake ? nil : event.peer
            let isOwnAddress = offence != .failedHandshake || event.remote.direction == .inbound
            add(weight, to: peer, isOwnAddress ? event.source : nil, proven: isProven, now: now)
        case .behaved(let credit):
            add(-credit, to: event.peer, event.source, proven: isProven, now: now)
        default: break
        }
    }

    private func weight(_ offence: Offence) -> Int {
        (terms.severities[offence] ?? .medium).weight
    }

    private mutating func add(
        _ weight: Int, to peer: PeerID?, _ source: IPAddress?, proven: Bool, now: MonotonicInstant
    ) {
        guard weight != 0 else { return }
        if let peer { add(weight, to: seed.fingerprint(peer), atMost: scale.highest, now: now) }
        if let source, proven, !source.isLoopback {
            add(weight, to: key(source), atMost: scale.highestOfAddress, now: now)
        }
    }

    private mutating func add(
        _ weight: Int, to key: Fingerprint, atMost highest: Double, now: MonotonicInstant
    ) {
        scores.update(key) { $0 = scale.adding(Double(weight), to: $0, atMost: highest, now: now) }
    }

    /// Takes over the scores.
    public mutating func adopt(_ predecessor: any Policy, now: MonotonicInstant) {
        guard let old = predecessor as? Reputation else { return }
        seed = old.seed
        if old.terms.halfLife == terms.halfLife {
            scores.merge(old.scores)
        } else {
            let (from, to) = (old.scale, scale)
            scores.merge(
                old.scores.mapValues {
                    to.adding(from.score($0, now: now), to: nil, atMost: to.highest, now: now)
                })
        }
    }
}

extension Reputation {
    /// Scores as moments: a score s at an instant t is t + halfLife × log₂ s, the moment at which it will be 1. That
    /// moment stays the same while the score decays, and of two scores the higher one's is later at any time.
    struct Scale: Hashable, Sendable {
        private let halfLife: Double
        private let avoid: Int64
        private let ban: Int64
        /// Scores above this aren't told apart: who has offended for a year is forgiven as soon as any other.
        let highest: Double
        /// An address is below the threshold again in an eighth of a half-life. Bans that grow longer with each strike
        /// are for who goes on; a score that outlasts them would be a strike against whoever comes next from there.
        let highestOfAddress: Double

        init(_ terms: Terms) {
            halfLife = Double(terms.halfLife.saturatingNanoseconds)
            avoid = Int64((halfLife * log2(terms.thresholds.avoid)).rounded(.down))
            ban = Int64((halfLife * log2(terms.thresholds.ban)).rounded(.down))
            highest = terms.thresholds.ban * 16
            highestOfAddress = terms.thresholds.ban * exp2(0.125)
        }

        @inline(__always)
        func isAvoided(_ moment: Moment, now: MonotonicInstant) -> Bool {
            moment.nanoseconds.subtractingSaturating(now.nanoseconds) >= avoid
        }

        @inline(__always)
        func isBanned(_ moment: Moment, now: MonotonicInstant) -> Bool {
            moment.nanoseconds.subtractingSaturating(now.nanoseconds) >= ban
        }

        /// The score as it is now.
        func score(_ moment: Moment?, now: MonotonicInstant) -> Double {
            guard let moment else { return 0 }
            return exp2(Double(moment.nanoseconds.subtractingSaturating(now.nanoseconds)) / halfLife)
        }

        /// The score with something added, or taken away; nil where next to nothing is left.
        func adding(
            _ weight: Double, to moment: Moment?, atMost highest: Double, now: MonotonicInstant
        ) -> Moment? {
            let score = min(score(moment, now: now) + weight, highest)
            guard score >= Self.least else { return nil }
            return Moment(
                nanoseconds: now.nanoseconds.addingSaturating(Int64((halfLife * log2(score)).rounded())))
        }

        /// Less is nothing.
        private static var least: Double { 0.01 }
    }
}
