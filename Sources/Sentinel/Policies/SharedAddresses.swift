// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Inet

/// Spares addresses that several peers share, behind a NAT or a proxy, what one of them has done.
///
/// A denial at accept that rests on what came from the address, see ``Basis/address``, is set aside
/// - while a protected peer, or one that is well-behaved, is connected from the address;
/// - while of the peers that are known from there less than ``Terms/badShare`` are bad.
/// The connection then goes on to its handshake, which tells the peers apart: the bad ones are denied there, and those
/// that aren't known yet come in at ``Terms/newcomers`` together. Since whoever has two identities can share an address
/// with himself, no address has more handshakes for it than ``Terms/handshakes``: beyond that the denial holds, in user
/// space. A denial of a whole block is brought down to the one
/// address where such a peer is connected from elsewhere in the block. Rules are never set aside, nor what the node
/// as a whole can't bear, nor what slows a source down that hasn't proven its address: anyone could use the name of
/// who is well-behaved.
///
/// A peer is well-behaved once it has been connected for ``Terms/probation`` without an offence, or has been of use,
/// and bad after ``Terms/badAfter`` offences until ``Terms/forgetAfter`` has gone by, or being of use has made up for
/// them. IPv6 addresses of a /64 are one address, as bans take them. Only addresses that a handshake has shown count.
///
/// Memory is bounded: so many addresses, and of each at most ``maximumResidents`` peers; those that are connected are
/// forgotten last. It stands in the chain behind whatever denies for an address, and behind ``Widening``.
public struct SharedAddresses: Policy {
    /// What counts as what.
    public struct Terms: Hashable, Sendable {
        /// The share of an address's peers from which on they are bad enough: more than 0, at most 1.
        public let badShare: Double
        /// After so many offences a peer is bad.
        public let badAfter: Int
        /// After so long without another offence it isn't any more, and a peer isn't known any more.
        public let forgetAfter: Duration
        /// After so long a connection without an offence the peer is well-behaved.
        public let probation: Duration
        /// How often peers that aren't known yet may come from one address that is spared.
        public let newcomers: TokenRate
        /// How often denials at accept may be set aside for one address: what its handshakes may cost this node.
        public let handshakes: TokenRate

        /// - Throws: `outOfRange` naming what.
        public init(
            badShare: Double = 0.5, badAfter: Int = 3, forgetAfter: Duration = .seconds(3600),
            probation: Duration = .seconds(60), newcomers: TokenRate? = nil, handshakes: TokenRate? = nil
        ) throws(SentinelError) {
            guard badShare > 0, badShare <= 1 else {
                throw SentinelError(.outOfRange, in: "bad share", remedy: "more than 0 and at most 1")
            }
            guard (1...100).contains(badAfter) else {
                throw SentinelError(.outOfRange, in: "bad after", remedy: "1 to 100 offences")
            }
            guard forgetAfter >= .seconds(1), forgetAfter <= .seconds(365 * 86_400), probation >= .zero else {
                throw SentinelError(
                    .outOfRange, in: "shared addresses", remedy: "times of a second to a year")
            }
            self.badShare = badShare
            self.badAfter = badAfter
            self.forgetAfter = forgetAfter
            self.probation = probation
            if let newcomers {
                self.newcomers = newcomers
            } else {
                self.newcomers = try TokenRate(1, per: .seconds(1), burst: 32)
            }
            if let handshakes {
                self.handshakes = handshakes
            } else {
                self.handshakes = try TokenRate(250, per: .seconds(1), burst: 1000)
            }
        }
    }

    public let name: String
    /// How many addresses are known at most, by all instances together.
    public let capacity: Int
    public let terms: Terms
    private var seed: HashSeed
    private var households: HouseholdTable
    /// Peers that are protected, wherever they are.
    private var protected: Set<UInt64> = []
    /// Until when there is an address that is spared.
    private var sparedUntil = Int64.min

    /// So many peers of one address are known at most.
    public static let maximumResidents = 64
    /// The capacity that is meant where none is given.
    public static let defaultCapacity = 8192

    /// How long an address counts as spared after the last denial that was set aside.
    private static let sparing = Duration.seconds(60)

    /// - Parameters:
    ///   - capacity: how many addresses are known, at up to 3 KiB each where many peers share one.
    ///   - seed: decides what peers and addresses go by; leave it random.
    public init(
        name: String, terms: Terms, capacity: Int = defaultCapacity, seed: HashSeed = .random()
    ) {
        self.name = name
        self.terms = terms
        self.seed = seed
        self.capacity = capacity
        households = HouseholdTable(capacity: capacity)
    }

    /// Where a handshake has told the peers of an address apart.
    public var checks: CheckSet { .secured }
    /// It isn't told of what is allowed.
    public var observesAllowed: Bool { false }

    public func instance(of count: Int) -> SharedAddresses {
        var instance = self
        instance.households = HouseholdTable(capacity: capacity / count)
        return instance
    }

    /// How many addresses are known.
    public var addressCount: Int { households.count }

    /// The peers that are known from an address, and how many of them are bad; 0 where another instance keeps account
    /// of it.
    public func peers(at address: IPAddress, now: MonotonicInstant) -> (known: Int, bad: Int) {
        guard let household = households[key(address.canonical)] else { return (0, 0) }
        return count(household, now: now)
    }

    /// What an address goes by: IPv6 with all others of its /64.
    private func key(_ address: IPAddress) -> Fingerprint {
        seed.fingerprint(address, prefixLength: address.family == .ipv4 ? IPv4Address.bitWidth : 64)
    }

    // MARK: - Standing

    private func isBad(_ resident: Resident, _ now: MonotonicInstant) -> Bool {
        Int(resident.offences) >= terms.badAfter && !isOver(resident.lastOffence, now)
    }

    private func isOver(_ moment: Int64, _ now: MonotonicInstant) -> Bool {
        now.nanoseconds.subtractingSaturating(moment) >= terms.forgetAfter.saturatingNanoseconds
    }

    private func isKnown(_ resident: Resident, _ now: MonotonicInstant) -> Bool {
        resident.connections > 0 || !isOver(resident.lastSeen, now)
    }

    private func isWellBehaved(_ resident: Resident, _ now: MonotonicInstant) -> Bool {
        guard resident.offences == 0 || isOver(resident.lastOffence, now) else { return false }
        return resident.hasProven || (resident.connections > 0 && hasPassedProbation(resident, now))
    }

    private func hasPassedProbation(_ resident: Resident, _ now: MonotonicInstant) -> Bool {
        now.nanoseconds.subtractingSaturating(resident.since) >= terms.probation.saturatingNanoseconds
    }

    private func count(_ household: Household, now: MonotonicInstant) -> (known: Int, bad: Int) {
        var (known, bad) = (0, 0)
        for resident in household.residents where isKnown(resident, now) {
            known += 1
            if isBad(resident, now) { bad += 1 }
        }
        return (known, bad)
    }

    /// Why nothing of this address may be blocked for now, whoever has done what.
    private func guardian(_ household: Household, _ now: MonotonicInstant) -> String? {
        let connected = household.residents.filter { $0.connections > 0 }
        if connected.contains(where: { protected.contains($0.peer.bits) }) { return "a protected peer" }
        return connected.contains { isWellBehaved($0, now) } ? "a well-behaved peer" : nil
    }

    // MARK: - Deciding

    /// At an address that is spared, the handshake has to tell the peers apart.
    public mutating func decide(_ question: borrowing Question, now: MonotonicInstant) -> Verdict {
        guard question.check == .secured, sparedUntil > now.nanoseconds, let address = question.source,
            question.remote.direction != .outbound, let peer = question.remote.id
        else { return .pass }
        let (id, limit) = (seed.fingerprint(peer), terms.newcomers)
        if protected.contains(id.bits) { return .pass }
        guard let household = households[key(address)], household.sparedUntil > now.nanoseconds else {
            return .pass
        }
        if let resident = household.residents.first(where: { $0.peer == id }), isKnown(resident, now) {
            guard isBad(resident, now) else { return .pass }
            return .deny(
                question.denial(
                    by: name, reason: .sharedAddress, basis: .peer,
                    detail: "has offended, and others are at its address"))
        }
        let passes = households.update(key(address)) { household in
            limit.take(from: &household.newcomersFullAt, now: now)
        }
        guard passes == false else { return .pass }
        return .deny(
            question.denial(
                by: name, reason: .sharedAddress, basis: .address,
                detail: "peers that aren't known come from its address more often than \(limit)",
                disconnectReason: .rateLimited))
    }

    public mutating func review(
        _ denial: borrowing Denial, of question: borrowing Question, now: MonotonicInstant
    ) -> Review {
        guard question.check == .accept, question.remote.source == .handshake, let address = question.source
        else { return .uphold }
        let key = key(address)
        if denial.basis == .address, let household = households[key],
            let why = reason(toSpare: household, now)
        {
            let end = now.advanced(by: Self.sparing).nanoseconds
            let isSpared = households.update(key) { household in
                household.sparedUntil = end
                return terms.handshakes.take(from: &household.handshakesFullAt, now: now)
            }
            sparedUntil = max(sparedUntil, end)
            guard isSpared == true else { return .amend(inUserSpace(denial)) }
            return .spare("\(address) is spared: \(why)")
        }
        guard let block = denial.network,
            let guardian = households.first(where: { block.contains($0.address) ? guardian($0, now) : nil })
        else { return .uphold }
        var narrowed = copy denial
        narrowed.network = nil
        narrowed.detail = "\(denial.detail), but \(guardian) is connected from the block"
        return .amend(narrowed)
    }

    /// The same, of the address alone, and not for the kernel.
    private func inUserSpace(_ denial: borrowing Denial) -> Denial {
        var narrowed = copy denial
        narrowed.network = nil
        narrowed.plane = .userSpace
        narrowed.detail = "\(denial.detail), more often than even a shared address may: \(terms.handshakes)"
        return narrowed
    }

    private func reason(toSpare household: Household, _ now: MonotonicInstant) -> String? {
        if let guardian = guardian(household, now) { return "\(guardian) is connected from it" }
        let (known, bad) = count(household, now: now)
        guard known >= 2, Double(bad) < terms.badShare * Double(known) else { return nil }
        return "of \(known) peers at it \(bad == 0 ? "none is" : "only \(bad) are") bad"
    }

    // MARK: - Keeping account

    public mutating func observe(_ question: borrowing Question, denial: Denial?, now: MonotonicInstant) {
        // Who comes again while it is bad must be able to become otherwise.
        guard let denial, denial.policy != name, denial.isForOffending else { return }
        switch question.check {
        case .secured, .upgraded, .stream: break
        default: return
        }
        guard let peer = question.remote.id, let address = question.source,
            question.remote.source == .handshake, question.remote.direction == .inbound
        else { return }
        offend(peer, at: address, now)
    }

    public mutating func observe(_ event: borrowing Event, now: MonotonicInstant) {
        guard let peer = event.remote.id else { return }
        let id = seed.fingerprint(peer)
        switch event.kind {
        case .protected: protected.insert(id.bits)
        case .unprotected: protected.remove(id.bits)
        default:
            guard let address = event.source, event.remote.source == .handshake,
                event.remote.direction == .inbound
            else { return }
            observe(event.kind, peer, id, address, now)
        }
    }

    private mutating func observe(
        _ kind: Event.Kind, _ peer: PeerID, _ id: Fingerprint, _ address: IPAddress, _ now: MonotonicInstant
    ) {
        switch kind {
        case .connectionEstablished:
            change(id, at: address, now) { resident in
                if resident.connections == 0 { resident.since = now.nanoseconds }
                // Not every node tells of each that closes.
                resident.connections &+= resident.connections == .max ? 0 : 1
            }
        case .connectionClosed:
            let probation = terms.probation.saturatingNanoseconds
            change(id, at: address, now) { resident in
                guard resident.connections > 0 else { return }
                resident.connections -= 1
                if now.nanoseconds.subtractingSaturating(max(resident.since, resident.lastOffence))
                    >= probation
                {
                    resident.hasProven = true
                }
            }
        case .behaved(let credit):
            change(id, at: address, now) { resident in
                resident.offences -= min(resident.offences, UInt8(clamping: credit))
                resident.hasProven = true
            }
        case .misbehaved(let offence, let severity):
            if offence != .failedHandshake, severity != .low { offend(peer, at: address, now) }
        default: break
        }
    }

    private mutating func offend(_ peer: PeerID, at address: IPAddress, _ now: MonotonicInstant) {
        let forgetAfter = terms.forgetAfter.saturatingNanoseconds
        change(seed.fingerprint(peer), at: address, now) { resident in
            let isOld = now.nanoseconds.subtractingSaturating(resident.lastOffence) >= forgetAfter
            resident.offences = isOld ? 1 : min(resident.offences, 254) + 1
            resident.lastOffence = now.nanoseconds
            resident.hasProven = false
        }
    }

    private mutating func change(
        _ peer: Fingerprint, at address: IPAddress, _ now: MonotonicInstant, _ body: (inout Resident) -> Void
    ) {
        households.change(peer, at: address, key(address), now: now, body)
    }

    /// Takes over who is where.
    public mutating func adopt(_ predecessor: any Policy, now: MonotonicInstant) {
        guard let old = predecessor as? SharedAddresses else { return }
        seed = old.seed
        protected = old.protected
        sparedUntil = old.sparedUntil
        households.take(over: old.households)
    }
}
