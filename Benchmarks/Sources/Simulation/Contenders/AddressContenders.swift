// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Sentinel

/// A token bucket for each address, of IPv6 as of IPv4, in the node: what most nodes have.
struct PlainLimiter: Contender {
    static let name = "limiter"
    static let title = "a limiter per IP address, in the node"

    private var buckets: AddressBuckets

    init() throws(SentinelError) {
        buckets = try AddressBuckets()
    }

    mutating func accept(_ visit: borrowing Visit, at now: Int64) -> Answer {
        buckets.take(visit.address, at: now) ? .allow : .deny(nil)
    }
}

/// The same limiter, and whoever exceeds it once is banned in the kernel for good: what a script that feeds a
/// firewall does.
struct PermanentBans: Contender {
    static let name = "permanent"
    static let title = "the same limiter, whose first denial bans the IP address for good"

    private var buckets: AddressBuckets

    init() throws(SentinelError) {
        buckets = try AddressBuckets()
    }

    mutating func accept(_ visit: borrowing Visit, at now: Int64) -> Answer {
        if buckets.take(visit.address, at: now) { return .allow }
        return .deny(BanRequest(subject: .exactly(visit.address), term: .forGood))
    }
}

/// A bucket for each address, without a bound on their number, at the rate that the recommended chain has for a host.
private struct AddressBuckets {
    private var fullAt: [IPAddress: Int64] = [:]
    private let interval: Int64
    private let full: Int64

    init() throws(SentinelError) {
        let rate = try PolicySentinel.recommendedHostRate
        interval = .seconds(rate.interval / .seconds(1))
        full = interval * Int64(rate.burst)
    }

    /// Takes a token; false where there is none.
    mutating func take(_ address: IPAddress, at now: Int64) -> Bool {
        let next = max(fullAt[address] ?? now, now) + interval
        guard next - now <= full else { return false }
        fullAt[address] = next
        return true
    }
}
