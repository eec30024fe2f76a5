// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Inet

/// Lets each source come only so often: a token bucket for every address or block of addresses.
///
/// Each question takes a token of its source; where none is left, it is denied. A denial costs no token, so a
/// source that goes on asking gets through at its rate. Which questions count is the policy's choice of checks;
/// accept, unless told otherwise.
///
/// Memory is bounded by the capacity, whatever comes. Of each source the table holds the moment at which its
/// bucket will be full again; where a new source needs room, the bucket that is fullest gives way, which is
/// the one with the least to remember. A source that has given way starts with a full bucket. A source whose
/// address isn't known, a relayed one among them, has no bucket and passes.
public struct SourceRate: Policy {
    /// Which sources share a bucket, and which have none.
    public struct Sources: Hashable, Sendable {
        /// IPv4 addresses that agree in so many bits share a bucket.
        public let prefixLength4: Int
        /// IPv6 addresses that agree in so many bits share a bucket.
        public let prefixLength6: Int
        /// Whether 127.0.0.0/8 and ::1 have no bucket.
        public let exemptsLoopback: Bool

        /// By default every IPv4 address has a bucket, every IPv6 /64 (what one subscriber has at least), and
        /// loopback none.
        ///
        /// - Throws: `outOfRange` for a prefix length that an address doesn't have.
        public init(
            prefixLength4: Int = 32, prefixLength6: Int = 64, exemptsLoopback: Bool = true
        ) throws(SentinelError) {
            guard (0...32).contains(prefixLength4), (0...128).contains(prefixLength6) else {
                throw SentinelError(
                    .outOfRange, in: "prefix length", remedy: "0 to 32 for IPv4, 0 to 128 for IPv6")
            }
            self.prefixLength4 = prefixLength4
            self.prefixLength6 = prefixLength6
            self.exemptsLoopback = exemptsLoopback
        }

        /// The bucket of an address, nil where it has none.
        @inline(__always)
        func key(_ address: IPAddress) -> AddressKey? {
            switch address.canonical {
            case .v4(let address):
                if exemptsLoopback && address.bits >> 24 == 127 { return nil }
                return AddressKey(address.masked(to: prefixLength4))
            case .v6(let address):
                if exemptsLoopback && address.high == 0 && address.low == 1 { return nil }
                return AddressKey(address.masked(to: prefixLength6))
            }
        }
    }

    public let name: String
    public let rate: TokenRate
    public let sources: Sources
    /// The questions that take a token.
    public let checks: CheckSet

    /// The moment at which each source's bucket is full again, in nanoseconds of the clock.
    private var fullAt: SourceTable
    private let detail: String

    /// The capacity that is meant where none is given: 1.5 MiB.
    public static let defaultCapacity = 65_536

    /// - Parameters:
    ///   - capacity: how many sources are remembered, at 24 bytes each.
    ///   - seed: decides where sources lie in memory; leave it random, see ``AccessList``.
    public init(
        name: String, rate: TokenRate, sources: Sources, checks: CheckSet = .accept,
        capacity: Int = defaultCapacity, seed: HashSeed = .random()
    ) {
        self.name = name
        self.rate = rate
        self.sources = sources
        self.checks = checks
        fullAt = SourceTable(capacity: capacity, seed: seed)
        detail = "comes more often than \(rate)"
    }

    /// How many sources are remembered at most.
    public var capacity: Int { fullAt.capacity }

    /// How many sources have less than a full bucket.
    public func activeSourceCount(now: MonotonicInstant) -> Int {
        fullAt.count(above: now.nanoseconds)
    }

    /// How many tokens an address has left; nil where it has no bucket.
    public func tokens(_ address: IPAddress, now: MonotonicInstant) -> Int? {
        guard let key = sources.key(address) else { return nil }
        let missing = max(0, (fullAt[key] ?? .min).subtractingSaturating(now.nanoseconds))
        return Int((rate.nanosecondsPerBurst - missing) / rate.nanosecondsPerToken)
    }

    public mutating func decide(_ question: borrowing Question, now: MonotonicInstant) -> Verdict {
        guard checks.contains(question.check), let address = question.ipAddress,
            let key = sources.key(address)
        else { return .pass }
        if take(key, now: now) { return .pass }
        return .deny(
            question.denial(by: name, reason: .rate, detail: detail, disconnectReason: .rateLimited))
    }

    /// Takes a token, where there is one.
    private mutating func take(_ key: AddressKey, now: MonotonicInstant) -> Bool {
        fullAt.update(key) { full in
            // The generic cell rate algorithm, ITU-T I.371: a token less is a full bucket one interval later.
            let next = max(full ?? .min, now.nanoseconds).addingSaturating(rate.nanosecondsPerToken)
            guard next.subtractingSaturating(now.nanoseconds) <= rate.nanosecondsPerBurst else {
                return false
            }
            full = next
            return true
        }
    }
}
