// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Inet

/// Denies a whole block of addresses once enough sources in it have come to be banned, never a wider one than it is
/// told.
///
/// What counts is an address that another policy has denied at accept for the kernel to block: an IPv4 address, and of
/// IPv6, in blocks wider than a /64, each /64, for whoever has one has all of its addresses. Only sources that have
/// proven their address count. A source counts for ``Terms/within``, at most twice that. How many there are is counted
/// by a sketch that may miss some and never counts one twice, so that no block is denied for fewer than it takes.
public struct Widening: Policy {
    /// From how many banned sources on a block is denied.
    public struct Level: Hashable, Sendable {
        public let family: IPAddress.Family
        public let prefixLength: Int
        /// How many distinct sources it takes.
        public let sources: Int

        /// - Throws: `outOfRange` for a prefix length that policies don't keep account of or that holds a single
        ///   source, and for less than 2 or more than 32 sources.
        public init(
            _ family: IPAddress.Family, prefixLength: Int, sources: Int
        ) throws(SentinelError) {
            try family.requirePolicyPrefix(prefixLength)
            guard prefixLength < family.bitWidth else {
                throw SentinelError(
                    .outOfRange, in: "prefix length",
                    remedy: "less than \(family.bitWidth): a block of several")
            }
            guard Self.sourceCounts.contains(sources) else {
                throw SentinelError(
                    .outOfRange, in: "sources",
                    remedy: "\(Self.sourceCounts.lowerBound) to \(Self.sourceCounts.upperBound)")
            }
            self.family = family
            self.prefixLength = prefixLength
            self.sources = sources
        }

        /// How many sources a level can take.
        package static let sourceCounts = 2...32
    }

    /// How it widens.
    public struct Terms: Hashable, Sendable {
        public var levels: [Level]
        /// How long a banned source counts.
        public let within: Duration
        /// How long a block is denied; nil for as long as the configuration of bans says, and an hour in the node.
        public let duration: Duration?

        /// - Throws: `outOfRange` for times below a second or above a year.
        public init(
            levels: [Level], within: Duration = .seconds(3600), duration: Duration? = nil
        ) throws(SentinelError) {
            let range = Duration.seconds(1)...Duration.seconds(365 * 86_400)
            guard range.contains(within), duration.map(range.contains) ?? true else {
                throw SentinelError(.outOfRange, in: "widening", remedy: "times are from a second to a year")
            }
            self.levels = levels
            self.within = within
            self.duration = duration
        }

        /// An IPv4 /24 for 8 addresses, an IPv6 /56 for 4 of its /64s, a /48 for 8, and a /64 for 4 addresses.
        public static var standard: Terms {
            get throws(SentinelError) {
                try Terms(levels: [
                    try Level(.ipv4, prefixLength: 24, sources: 8),
                    try Level(.ipv6, prefixLength: 64, sources: 4),
                    try Level(.ipv6, prefixLength: 56, sources: 4),
                    try Level(.ipv6, prefixLength: 48, sources: 8),
                ])
            }
        }
    }

    /// Which sources of a block have been banned: a bit of a hash for each, of now and of before.
    struct Sightings: RankedValue {
        var current: UInt64
        var previous: UInt64
        /// Which span of time `current` is of, from 1 on.
        var span: Int64

        static var vacant: Sightings { Sightings(current: 0, previous: 0, span: 0) }
        var isVacant: Bool { span == 0 }
        /// A source is as much to remember as a span.
        var rank: Int64 { span + Int64(count) }
        var count: Int { (current | previous).nonzeroBitCount }

        /// The same, as of a later span.
        func advanced(to later: Int64) -> Sightings {
            switch later - span {
            case ...0: self
            case 1: Sightings(current: 0, previous: current, span: later)
            default: Sightings(current: 0, previous: 0, span: later)
            }
        }
    }

    public let name: String
    /// How many blocks are remembered at most, by all instances together.
    public let capacity: Int
    public let terms: Terms
    private var seed: HashSeed
    private var sightings: BoundedTable<Sightings>
    /// Until when each block is denied.
    private var denied: BoundedTable<Moment>
    /// When the last of them ends; before that there is something to look up.
    private var lastEnd = Int64.min
    private let levels4: [Level]
    private let levels6: [Level]

    /// The capacity that is meant where none is given.
    public static let defaultCapacity = 16_384

    /// - Parameters:
    ///   - capacity: how many blocks are remembered, at 48 bytes each.
    ///   - seed: decides where they lie in memory; leave it random, see ``AccessList``.
    /// - Throws: `tooLong` for more than eight levels of a family.
    public init(
        name: String, terms: Terms, capacity: Int = defaultCapacity, seed: HashSeed = .random()
    ) throws(SentinelError) {
        // The widest first.
        let levels = terms.levels.sorted { $0.prefixLength < $1.prefixLength }
        levels4 = levels.filter { $0.family == .ipv4 }
        levels6 = levels.filter { $0.family == .ipv6 }
        guard max(levels4.count, levels6.count) <= SourceRate.maximumTierCount else {
            throw SentinelError(
                .tooLong, in: "policy \(name)",
                remedy: "at most \(SourceRate.maximumTierCount) levels for a family")
        }
        self.name = name
        self.terms = terms
        self.seed = seed
        self.capacity = capacity
        sightings = BoundedTable(capacity: capacity)
        denied = BoundedTable(capacity: capacity)
    }

    /// Where sources come in.
    public var checks: CheckSet { .accept }
    /// It isn't told of what is allowed.
    public var observesAllowed: Bool { false }

    public func instance(of count: Int) -> Widening {
        var instance = self
        instance.sightings = BoundedTable(capacity: capacity / count)
        instance.denied = BoundedTable(capacity: capacity / count)
        return instance
    }

    /// How many distinct sources of a block count at least; 0 where another instance keeps account of it.
    public func sourceCount(_ network: IPNetwork, now: MonotonicInstant) -> Int {
        sightings[seed.fingerprint(network)]?.advanced(to: span(now)).count ?? 0
    }

    /// Until when a block is denied; nil where it isn't.
    public func end(_ network: IPNetwork, now: MonotonicInstant) -> MonotonicInstant? {
        guard let end = denied[seed.fingerprint(network)], end.nanoseconds > now.nanoseconds else {
            return nil
        }
        return MonotonicInstant(nanoseconds: end.nanoseconds)
    }

    @inline(__always)
    private func levels(of address: IPAddress) -> [Level] {
        address.family == .ipv4 ? levels4 : levels6
    }

    /// The spans are as long as a source counts. They begin at 2, for no instant of a clock that has begun is before
    /// its start.
    private func span(_ now: MonotonicInstant) -> Int64 {
        max(0, now.nanoseconds) / terms.within.saturatingNanoseconds + 2
    }

    // MARK: - Deciding

    public mutating func decide(_ question: borrowing Question, now: MonotonicInstant) -> Verdict {
        guard lastEnd > now.nanoseconds, question.check == .accept, let address = question.source else {
            return .pass
        }
        guard let (block, end) = deniedBlock(address, now: now) else { return .pass }
        return .deny(denial(of: question, block, basis: .address, for: now.duration(to: end)))
    }

    /// The widest block of the address that is denied, and until when.
    private func deniedBlock(
        _ address: IPAddress, now: MonotonicInstant
    ) -> (IPNetwork, MonotonicInstant)? {
        for level in levels(of: address) {
            let block = IPNetwork(containing: address, prefixLength: level.prefixLength)
            if let end = end(block, now: now) { return (block, end) }
        }
        return nil
    }

    private func denial(
        of question: borrowing Question, _ block: IPNetwork, basis: Basis, for duration: Duration?
    ) -> Denial {
        question.denial(
            by: name, reason: .widened, basis: basis, detail: "\(block) has too many banned sources",
            network: block, duration: duration)
    }

    /// Makes a denial that is one too many for a block one of the block.
    public mutating func review(
        _ denial: borrowing Denial, of question: borrowing Question, now: MonotonicInstant
    ) -> Review {
        guard counts(denial, question), let address = question.source, denial.policy != name else {
            return .uphold
        }
        for level in levels(of: address) {
            let block = IPNetwork(containing: address, prefixLength: level.prefixLength)
            var seen = sightings[seed.fingerprint(block)]?.advanced(to: span(now)) ?? .vacant
            seen.current |= bit(of: address, in: level)
            if seen.count >= level.sources {
                // It still rests on what it has rested on: who is on a list stays denied, whoever is spared.
                return .amend(
                    self.denial(of: question, block, basis: denial.basis, for: terms.duration))
            }
        }
        return .uphold
    }

    /// Whether a denial will have its source blocked in the kernel.
    private func counts(_ denial: borrowing Denial, _ question: borrowing Question) -> Bool {
        question.check == .accept && denial.plane == .kernel && denial.basis != .node
            && question.remote.source == .handshake
    }

    public mutating func observe(_ question: borrowing Question, denial: Denial?, now: MonotonicInstant) {
        guard let denial, counts(denial, question), let address = question.source else { return }
        if denial.policy == name, let block = denial.network {
            let end = now.advanced(by: denial.duration ?? Self.ownDuration).nanoseconds
            denied.update(seed.fingerprint(block)) {
                $0 = Moment(nanoseconds: max($0?.nanoseconds ?? end, end))
            }
            lastEnd = max(lastEnd, end)
            return
        }
        // Who is denied for the block that it lies in has done nothing that would be one more.
        if denial.policy == name, deniedBlock(address, now: now) != nil { return }
        let span = span(now)
        for level in levels(of: address) {
            let block = IPNetwork(containing: address, prefixLength: level.prefixLength)
            let bit = bit(of: address, in: level)
            sightings.update(seed.fingerprint(block)) { entry in
                var seen = (entry ?? .vacant).advanced(to: span)
                seen.current |= bit
                entry = seen
            }
        }
    }

    private static var ownDuration: Duration { .seconds(3600) }

    /// The bit of the address's source within a block.
    private func bit(of address: IPAddress, in level: Level) -> UInt64 {
        let length =
            switch level.family {
            case .ipv4: IPv4Address.bitWidth
            case .ipv6: level.prefixLength < 64 ? 64 : IPv6Address.bitWidth
            }
        return 1 << (seed.fingerprint(address, prefixLength: length).bits & 63)
    }

    /// Takes over what has been counted, and which blocks are denied.
    public mutating func adopt(_ predecessor: any Policy, now: MonotonicInstant) {
        guard let old = predecessor as? Widening else { return }
        seed = old.seed
        denied.merge(old.denied)
        lastEnd = old.lastEnd
        if old.terms.within == terms.within { sightings.merge(old.sightings) }
    }
}
