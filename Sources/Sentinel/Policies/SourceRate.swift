// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Inet

/// Lets each source come only so often: a token bucket for every address, for blocks of addresses around it, at
/// several lengths at once, and for every peer once it is known.
///
/// Each question takes a token of every bucket that its source has; where one of them is empty, it is denied. A
/// denial costs no token, so a source that goes on asking gets through at its rate. Which questions count is the
/// policy's choice of checks; accept, unless told otherwise. The peer's bucket counts at secured, when a handshake has
/// shown who it is, and at accept where a node knows it there already and the source has proven its address;
/// not where this node has dialled it.
///
/// Memory is bounded by the capacity, whatever comes. Of each source the table holds the moment at which its
/// bucket will be full again; where a new source needs room, the bucket that is fullest gives way, which is
/// the one with the least to remember. A source that has given way starts with a full bucket. A source whose
/// address isn't known, a relayed one among them, has no bucket of an address.
///
/// Those that have proven their address have buckets of their own, as full as the others: whoever sends in another's
/// name can't use up its tokens, and have it blocked when it comes itself.
///
/// Source: go-libp2p's `x/rate` limits subnets in this way; it takes tokens of the first buckets also where a later
/// one is empty, which here nobody loses.
public struct SourceRate: Policy {
    /// The buckets of one prefix length of one address family.
    public struct Tier: Hashable, Sendable {
        public let family: IPAddress.Family
        /// Addresses that agree in so many bits share a bucket.
        public let prefixLength: Int
        public let rate: TokenRate

        /// - Throws: `outOfRange` for a prefix length that is longer than an address, or wider than policies keep
        ///   account of: 16 to 32 for IPv4, 32 to 128 for IPv6.
        public init(
            _ family: IPAddress.Family, prefixLength: Int, rate: TokenRate
        ) throws(SentinelError) {
            try family.requirePolicyPrefix(prefixLength)
            self.family = family
            self.prefixLength = prefixLength
            self.rate = rate
        }
    }

    /// How often sources may come.
    public struct Limits: Hashable, Sendable {
        /// At most ``maximumTierCount`` for each family.
        public var tiers: [Tier]
        /// How often a peer may come; nil for as often as its addresses may.
        public var peer: TokenRate?
        /// Whether 127.0.0.0/8 and ::1 have no bucket.
        public var exemptsLoopback: Bool

        public init(tiers: [Tier], peer: TokenRate? = nil, exemptsLoopback: Bool = true) {
            self.tiers = tiers
            self.peer = peer
            self.exemptsLoopback = exemptsLoopback
        }

        /// One rate for every IPv4 address and every IPv6 block of so many bits: a /64 is what one subscriber has at
        /// least.
        ///
        /// - Throws: as ``Tier/init(_:prefixLength:rate:)``.
        public init(
            _ rate: TokenRate, prefixLength4: Int = 32, prefixLength6: Int = 64, exemptsLoopback: Bool = true
        ) throws(SentinelError) {
            self.init(
                tiers: [
                    try Tier(.ipv4, prefixLength: prefixLength4, rate: rate),
                    try Tier(.ipv6, prefixLength: prefixLength6, rate: rate),
                ], exemptsLoopback: exemptsLoopback)
        }
    }

    /// More tiers for one family make every question dearer, and say little more.
    public static var maximumTierCount: Int { 8 }

    public let name: String
    public let limits: Limits
    /// The questions that take a token of the address's buckets.
    public let addressChecks: CheckSet
    /// Where its denials live at most.
    public let plane: Plane

    private let tiers4: [Bucket]
    private let tiers6: [Bucket]
    private let peers: Bucket?
    private let details: [TokenRate: String]
    private var seed: HashSeed
    /// The moment at which each bucket is full again.
    private var fullAt: BoundedTable<Moment>
    private let fullCapacity: Int

    /// The capacity that is meant where none is given: 1 MiB.
    public static let defaultCapacity = 65_536

    /// - Parameters:
    ///   - checks: the questions that take a token of the address's buckets.
    ///   - plane: where its denials live at most.
    ///   - capacity: how many sources are remembered, at 16 bytes each.
    ///   - seed: decides where sources lie in memory; leave it random, see ``AccessList``.
    /// - Throws: `tooLong` for more than ``maximumTierCount`` tiers of a family.
    public init(
        name: String, limits: Limits, checks: CheckSet = .accept, plane: Plane = .kernel,
        capacity: Int = defaultCapacity, seed: HashSeed = .random()
    ) throws(SentinelError) {
        let tiers = limits.tiers.enumerated().map { Bucket($1.family, $1.prefixLength, $1.rate, tag: $0) }
        tiers4 = tiers.filter { $0.family == .ipv4 }
        tiers6 = tiers.filter { $0.family == .ipv6 }
        peers = limits.peer.map { Bucket(nil, 0, $0, tag: Bucket.peerTag) }
        guard max(tiers4.count, tiers6.count) <= Self.maximumTierCount else {
            throw SentinelError(
                .tooLong, in: "policy \(name)",
                remedy: "at most \(Self.maximumTierCount) prefix lengths of a family can have rates")
        }
        self.name = name
        self.limits = limits
        addressChecks = checks
        self.plane = plane
        self.seed = seed
        fullCapacity = capacity
        fullAt = BoundedTable(capacity: capacity)
        details = Dictionary(
            (limits.tiers.map(\.rate) + [limits.peer].compactMap(\.self)).map {
                ($0, "comes more often than \($0)")
            }, uniquingKeysWith: { first, _ in first })
    }

    /// Those that take a token.
    public var checks: CheckSet {
        limits.peer == nil ? addressChecks : addressChecks.union([.accept, .secured])
    }

    /// It isn't told of what is allowed.
    public var observesAllowed: Bool { false }

    public func instance(of count: Int) -> SourceRate {
        var instance = self
        instance.fullAt = BoundedTable(capacity: fullCapacity / count)
        return instance
    }

    /// How many sources are remembered at most.
    public var capacity: Int { fullAt.capacity }

    /// How many sources have less than a full bucket.
    public func activeSourceCount(now: MonotonicInstant) -> Int {
        fullAt.count { $0.nanoseconds > now.nanoseconds }
    }

    /// How many tokens an address has left in the emptiest of its buckets; nil where it has none.
    ///
    /// - Parameter source: of the buckets for those that have proven their address, or of the others.
    public func tokens(
        _ address: IPAddress, _ source: SourceProof = .handshake, now: MonotonicInstant
    ) -> Int? {
        guard !isExempt(address.canonical) else { return nil }
        return tiers(of: address.canonical).map { tier in
            tokens(fingerprint(address.canonical, source, tier), tier.rate, now: now)
        }.min()
    }

    /// How many tokens a peer has left; nil where peers have no buckets.
    public func tokens(_ peer: PeerID, now: MonotonicInstant) -> Int? {
        peers.map { tokens(fingerprint(peer, $0), $0.rate, now: now) }
    }

    private func tokens(_ bucket: Fingerprint, _ rate: TokenRate, now: MonotonicInstant) -> Int {
        let missing = max(0, (fullAt[bucket]?.nanoseconds ?? .min).subtractingSaturating(now.nanoseconds))
        return Int(max(0, rate.nanosecondsPerBurst - missing) / rate.nanosecondsPerToken)
    }

    // MARK: - Deciding

    public mutating func decide(_ question: borrowing Question, now: MonotonicInstant) -> Verdict {
        let address = addressChecks.contains(question.check) ? question.source : nil
        guard let peers, let peer = question.peer, isComing(question) else {
            guard let address, !isExempt(address), let rate = take(address, question.remote.source, now: now)
            else { return .pass }
            return deny(question, rate, basis: .address)
        }
        guard !isExempt(question.ipAddress) else { return .pass }
        let bucket = fingerprint(peer, peers)
        guard has(bucket, peers.rate, now: now) else {
            let rate = address.flatMap { emptyRate($0, question.remote.source, now: now) }
            return deny(question, rate ?? peers.rate, basis: rate == nil ? .peer : .address)
        }
        if let address, let rate = take(address, question.remote.source, now: now) {
            return deny(question, rate, basis: .address)
        }
        _ = take(bucket, peers.rate, now: now)
        return .pass
    }

    /// Whether the peer's bucket counts: when a handshake has shown who it is, and where a node that asks as the RFC
    /// does knows it at once. Not for whom a source claims to be that hasn't even shown that it is there: it would use
    /// up another's tokens.
    @inline(__always)
    private func isComing(_ question: borrowing Question) -> Bool {
        guard question.remote.direction != .outbound else { return false }
        return question.check == .secured
            || (question.check == .accept && question.remote.source == .handshake)
    }

    private func deny(_ question: borrowing Question, _ rate: TokenRate, basis: Basis) -> Verdict {
        .deny(
            question.denial(
                by: name, reason: .rate, basis: basis, detail: details[rate] ?? "",
                // Where a peer comes from is not to blame for how often it comes: others may be there.
                plane: basis == .peer ? .userSpace : plane, disconnectReason: .rateLimited))
    }

    @inline(__always)
    private func isExempt(_ address: IPAddress?) -> Bool {
        guard limits.exemptsLoopback, let address else { return false }
        return address.isLoopback
    }

    /// Takes a token of each bucket, where all have one.
    ///
    /// - Returns: the rate of the first bucket that is empty; then nothing is taken.
    @inline(__always)
    private mutating func take(
        _ address: IPAddress, _ source: SourceProof, now: MonotonicInstant
    ) -> TokenRate? {
        // By index: to count references to the tiers, which all instances share, would have threads wait.
        let count = tierCount(of: address)
        var keys = InlineArray<8, Fingerprint>(repeating: .vacant)
        var moments = InlineArray<8, Int64>(repeating: .min)
        for index in 0..<count {
            let tier = tier(index, of: address)
            keys[index] = fingerprint(address, source, tier)
            if let place = fullAt.place(of: keys[index]) { moments[index] = fullAt[place: place].nanoseconds }
            guard tier.rate.take(from: &moments[index], now: now) else { return tier.rate }
        }
        for index in 0..<count {
            let moment = Moment(nanoseconds: moments[index])
            if let place = fullAt.place(of: keys[index]) {
                fullAt[place: place] = moment
            } else {
                fullAt.insert(keys[index], moment)
            }
        }
        return nil
    }

    @inline(__always)
    private func tierCount(of address: IPAddress) -> Int {
        address.family == .ipv4 ? tiers4.count : tiers6.count
    }

    @inline(__always)
    private func tier(_ index: Int, of address: IPAddress) -> Bucket {
        address.family == .ipv4 ? tiers4[index] : tiers6[index]
    }

    /// The rate of the first bucket that is empty.
    private func emptyRate(
        _ address: IPAddress, _ source: SourceProof, now: MonotonicInstant
    ) -> TokenRate? {
        tiers(of: address).first { !has(fingerprint(address, source, $0), $0.rate, now: now) }?.rate
    }

    private func tiers(of address: IPAddress) -> [Bucket] {
        address.family == .ipv4 ? tiers4 : tiers6
    }

    @inline(__always)
    private func fingerprint(_ address: IPAddress, _ source: SourceProof, _ tier: Bucket) -> Fingerprint {
        tier.tagged(seed.fingerprint(address, prefixLength: tier.prefixLength), source)
    }

    @inline(__always)
    private func fingerprint(_ peer: PeerID, _ bucket: Bucket) -> Fingerprint {
        bucket.tagged(seed.fingerprint(peer), .handshake)
    }

    /// Whether a bucket has a token.
    @inline(__always)
    private func has(_ bucket: Fingerprint, _ rate: TokenRate, now: MonotonicInstant) -> Bool {
        var full = fullAt[bucket]?.nanoseconds ?? .min
        return rate.take(from: &full, now: now)
    }

    /// Takes a token, where there is one.
    @inline(__always)
    private mutating func take(_ bucket: Fingerprint, _ rate: TokenRate, now: MonotonicInstant) -> Bool {
        fullAt.update(bucket) { moment in
            var full = moment?.nanoseconds ?? .min
            guard rate.take(from: &full, now: now) else { return false }
            moment = Moment(nanoseconds: full)
            return true
        }
    }

    /// Gives back what was taken of the address's buckets, where the peer's was empty: that is another instance's
    /// to say.
    public mutating func observe(_ question: borrowing Question, denial: Denial?, now: MonotonicInstant) {
        guard let denial, denial.policy == name, denial.basis == .peer, !question.share.contains(.peer),
            addressChecks.contains(question.check), let address = question.source, !isExempt(address)
        else { return }
        for tier in tiers(of: address) {
            fullAt.update(fingerprint(address, question.remote.source, tier)) { full in
                full = full.map {
                    Moment(nanoseconds: $0.nanoseconds.subtractingSaturating(tier.rate.nanosecondsPerToken))
                }
            }
        }
    }

    /// Takes over how many tokens each source has used. Blocks of a prefix length that had no rate before begin with
    /// full buckets.
    public mutating func adopt(_ predecessor: any Policy, now: MonotonicInstant) {
        guard let old = predecessor as? SourceRate else { return }
        seed = old.seed
        var heirs: [UInt64: (old: TokenRate, new: Bucket)] = [:]
        for bucket in old.buckets {
            let alike = buckets.filter { $0.isOfSameSources(as: bucket) }
            let heir = alike.first { $0.rate == bucket.rate } ?? alike.first
            heirs[bucket.tag] = heir.map { (bucket.rate, $0) }
        }
        fullAt.merge(old.fullAt) { key, moment in
            guard let heir = heirs[Bucket.tag(of: key)] else { return nil }
            let full = heir.new.rate.fullAt(moment.nanoseconds, insteadOf: heir.old, now: now)
            return (heir.new.retagged(key), Moment(nanoseconds: full))
        }
    }

    private var buckets: [Bucket] { tiers4 + tiers6 + [peers].compactMap(\.self) }
}

extension SourceRate {
    /// What there is a bucket for: blocks of a prefix length, or peers. Its tag takes the last bits of a fingerprint,
    /// so that a fingerprint tells which rate it is of.
    private struct Bucket: Sendable {
        /// Nil for peers.
        let family: IPAddress.Family?
        let prefixLength: Int
        let rate: TokenRate
        let tag: UInt64

        init(_ family: IPAddress.Family?, _ prefixLength: Int, _ rate: TokenRate, tag: Int) {
            self.family = family
            self.prefixLength = prefixLength
            self.rate = rate
            self.tag = UInt64(tag)
        }

        static var peerTag: Int { 2 * SourceRate.maximumTierCount }
        private static var tagBits: UInt64 { 31 }
        /// Set for those that haven't proven their address.
        private static var unprovenBit: UInt64 { 32 }

        @inline(__always)
        func tagged(_ fingerprint: Fingerprint, _ source: SourceProof) -> Fingerprint {
            let bits = fingerprint.bits & ~(Self.tagBits | Self.unprovenBit) | tag
            return Fingerprint(bits: source == .unproven ? bits | Self.unprovenBit : bits)
        }

        /// The same source's, of another bucket.
        func retagged(_ fingerprint: Fingerprint) -> Fingerprint {
            Fingerprint(bits: fingerprint.bits & ~Self.tagBits | tag)
        }

        static func tag(of fingerprint: Fingerprint) -> UInt64 { fingerprint.bits & tagBits }

        func isOfSameSources(as other: Bucket) -> Bool {
            family == other.family && prefixLength == other.prefixLength
        }
    }
}
