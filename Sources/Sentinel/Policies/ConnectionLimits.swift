// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Inet
internal import Synchronization

/// Lets each source, each peer and all together have only so many connections at a time, inbound and outbound apart.
///
/// What counts are connections that have come about, from ``Event/Kind/connectionEstablished`` to
/// ``Event/Kind/connectionClosed``; so that many can't come about in the same moment, it is asked again when a
/// connection is secured and when it is upgraded. Whoever only knocks is for ``SourceRate`` to slow.
///
/// Too many connections at once are no offence: unless told otherwise a denial lives in user space only, so that a
/// source may come again as soon as it has closed one. All together is the node's own limit, and never a reason to
/// block anyone in the kernel.
///
/// Memory is bounded: where a new source needs room, the one with the fewest connections is forgotten.
public struct ConnectionLimits: Policy {
    /// How many connections there may be; nil for any number.
    public struct Most: Hashable, Sendable {
        public var inbound: Int?
        public var outbound: Int?

        public init(inbound: Int? = nil, outbound: Int? = nil) {
            self.inbound = inbound
            self.outbound = outbound
        }

        /// As many either way, each counted by itself.
        public init(each count: Int) {
            self.init(inbound: count, outbound: count)
        }

        @inline(__always)
        subscript(direction: Direction) -> Int {
            (direction == .outbound ? outbound : inbound) ?? .max
        }

        fileprivate var isValid: Bool { (inbound ?? 1) >= 1 && (outbound ?? 1) >= 1 }
    }

    /// The limit of one prefix length of one address family.
    public struct Tier: Hashable, Sendable {
        public let family: IPAddress.Family
        /// Addresses that agree in so many bits are counted together.
        public let prefixLength: Int
        public let most: Most

        /// - Throws: `outOfRange` for a prefix length as in ``SourceRate/Tier``, or a limit of less than one.
        public init(
            _ family: IPAddress.Family, prefixLength: Int, _ most: Most
        ) throws(SentinelError) {
            try family.requirePolicyPrefix(prefixLength)
            try ConnectionLimits.require(most)
            self.family = family
            self.prefixLength = prefixLength
            self.most = most
        }
    }

    /// How many connections there may be of whom.
    public struct Limits: Hashable, Sendable {
        public var tiers: [Tier]
        /// Of one peer.
        public var peer: Most
        /// Of all together.
        public var total: Most
        /// Whether 127.0.0.0/8 and ::1 count among all together only.
        public var exemptsLoopback: Bool

        public init(
            tiers: [Tier] = [], peer: Most = Most(), total: Most = Most(), exemptsLoopback: Bool = true
        ) {
            self.tiers = tiers
            self.peer = peer
            self.total = total
            self.exemptsLoopback = exemptsLoopback
        }
    }

    /// How many there are of all together: all instances share it.
    private final class Total: Sendable {
        let inbound = Atomic<Int>(0)
        let outbound = Atomic<Int>(0)

        subscript(direction: Direction) -> Int {
            direction == .outbound ? outbound.load(ordering: .relaxed) : inbound.load(ordering: .relaxed)
        }

        func add(_ count: Int, _ direction: Direction) {
            if direction == .outbound { Self.add(count, to: outbound) } else { Self.add(count, to: inbound) }
        }

        /// What closes without having been counted, before a reload perhaps, never makes less than none.
        private static func add(_ count: Int, to total: borrowing Atomic<Int>) {
            var old = total.load(ordering: .relaxed)
            while true {
                let (exchanged, current) = total.compareExchange(
                    expected: old, desired: max(0, old + count), ordering: .relaxed)
                if exchanged { return }
                old = current
            }
        }
    }

    public let name: String
    /// How many sources and peers are counted at most, by all instances together.
    public let capacity: Int
    public let limits: Limits
    /// Where its denials live at most.
    public let plane: Plane

    private let tiers4: [Tier]
    private let tiers6: [Tier]
    private var seed: HashSeed
    private var counts: BoundedTable<DirectedCount>
    private var total = Total()

    /// - Parameters:
    ///   - plane: where its denials live at most.
    ///   - capacity: how many sources and peers are counted, at 16 bytes each.
    ///   - seed: decides where sources lie in memory; leave it random, see ``AccessList``.
    /// - Throws: `outOfRange` for a limit of less than one, `tooLong` for more than eight tiers of a family,
    ///   `malformed` for two of one prefix length.
    public init(
        name: String, limits: Limits, plane: Plane = .userSpace, capacity: Int = SourceRate.defaultCapacity,
        seed: HashSeed = .random()
    ) throws(SentinelError) {
        try Self.require(limits.peer)
        try Self.require(limits.total)
        tiers4 = limits.tiers.filter { $0.family == .ipv4 }
        tiers6 = limits.tiers.filter { $0.family == .ipv6 }
        guard max(tiers4.count, tiers6.count) <= SourceRate.maximumTierCount else {
            throw SentinelError(
                .tooLong, in: "policy \(name)",
                remedy: "at most \(SourceRate.maximumTierCount) prefix lengths of a family can have limits")
        }
        guard [tiers4, tiers6].allSatisfy({ Set($0.map(\.prefixLength)).count == $0.count }) else {
            throw SentinelError(
                .malformed, in: "policy \(name)", remedy: "a prefix length of a family has one limit")
        }
        self.name = name
        self.limits = limits
        self.plane = plane
        self.seed = seed
        self.capacity = capacity
        counts = BoundedTable(capacity: capacity)
    }

    private static func require(_ most: Most) throws(SentinelError) {
        guard most.isValid else {
            throw SentinelError(
                .outOfRange, in: "connection limit",
                remedy: "at least 1; to let nobody connect, use a list that requires")
        }
    }

    /// Wherever a connection can still be refused.
    public var checks: CheckSet { CheckSet.all.subtracting(.stream) }
    /// It isn't told of what is allowed.
    public var observesAllowed: Bool { false }

    public func instance(of count: Int) -> ConnectionLimits {
        var instance = self
        instance.counts = BoundedTable(capacity: capacity / count)
        return instance
    }

    /// How many connections all have together.
    public func count(_ direction: Direction) -> Int { total[direction] }

    /// How many connections a peer has; 0 where another instance keeps account of it.
    public func count(_ peer: PeerID, _ direction: Direction) -> Int {
        Int(counts[seed.fingerprint(peer)]?[direction] ?? 0)
    }

    /// How many connections a block of addresses has that there is a limit for.
    public func count(_ network: IPNetwork, _ direction: Direction) -> Int {
        Int(counts[seed.fingerprint(network)]?[direction] ?? 0)
    }

    // MARK: - Deciding

    public mutating func decide(_ question: borrowing Question, now: MonotonicInstant) -> Verdict {
        guard question.check != .stream else { return .pass }
        let direction = question.remote.direction
        if question.share.contains(.rest), total[direction] >= limits.total[direction] {
            return deny(
                question, basis: .node,
                "all \(limits.total[direction]) \(direction) connections are taken", plane: .userSpace)
        }
        if let address = question.source, !(limits.exemptsLoopback && address.isLoopback) {
            // By index: to count references to the tiers, which all instances share, would have threads wait.
            for index in 0..<tierCount(of: address) {
                let tier = tier(index, of: address)
                let key = seed.fingerprint(address, prefixLength: tier.prefixLength)
                if Int(counts[key]?[direction] ?? 0) >= tier.most[direction] {
                    let block = IPNetwork(containing: address, prefixLength: tier.prefixLength)
                    return deny(
                        question, basis: .address,
                        "\(block) has \(tier.most[direction]) \(direction) connections already",
                        plane: plane)
                }
            }
        }
        if let peer = question.peer, limits.peer[direction] != .max,
            Int(counts[seed.fingerprint(peer)]?[direction] ?? 0) >= limits.peer[direction]
        {
            return deny(
                question, basis: .peer,
                "has \(limits.peer[direction]) \(direction) connections already", plane: plane)
        }
        return .pass
    }

    private func deny(
        _ question: borrowing Question, basis: Basis, _ detail: String, plane: Plane
    ) -> Verdict {
        .deny(
            question.denial(
                by: name, reason: .connectionLimit, basis: basis, detail: detail, plane: plane,
                disconnectReason: .resourceLimitExceeded))
    }

    @inline(__always)
    private func tierCount(of address: IPAddress) -> Int {
        address.family == .ipv4 ? tiers4.count : tiers6.count
    }

    @inline(__always)
    private func tier(_ index: Int, of address: IPAddress) -> Tier {
        address.family == .ipv4 ? tiers4[index] : tiers6[index]
    }

    // MARK: - Counting

    public mutating func observe(_ event: borrowing Event, now: MonotonicInstant) {
        switch event.kind {
        case .connectionEstablished: add(1, event)
        case .connectionClosed: add(-1, event)
        default: break
        }
    }

    private mutating func add(_ count: Int32, _ event: borrowing Event) {
        let direction = event.remote.direction
        if event.share.contains(.rest) { total.add(Int(count), direction) }
        if let address = event.source {
            for tier in address.family == .ipv4 ? tiers4 : tiers6 {
                add(count, seed.fingerprint(address, prefixLength: tier.prefixLength), direction)
            }
        }
        if let peer = event.peer { add(count, seed.fingerprint(peer), direction) }
    }

    private mutating func add(_ count: Int32, _ key: Fingerprint, _ direction: Direction) {
        counts.update(key) { entry in
            var counts = entry ?? .vacant
            // A record that had to give way may miss some: what is closed never makes less than none.
            counts[direction] = UInt32(max(0, Int64(counts[direction]) + Int64(count)))
            entry = counts
        }
    }

    /// Takes over the counts. Blocks of a prefix length that had no limit before begin with none.
    public mutating func adopt(_ predecessor: any Policy, now: MonotonicInstant) {
        guard let old = predecessor as? ConnectionLimits else { return }
        seed = old.seed
        total = old.total
        counts.merge(old.counts)
    }
}
