// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet

extension PolicySentinel {
    /// The chain to begin with: lists of one's own, then every policy, with limits that a node with a few thousand
    /// peers can bear and that fifty peers behind one address don't meet. `Examples/policies.toml` is the same as a
    /// file, and `make simulate` shows what it does.
    ///
    /// The order matters. Rates come before numbers of connections, whose denials stay in user space: a flood that
    /// was refused there would never reach the kernel. What widens and what spares come last, for they judge what
    /// the others say.
    ///
    /// - Parameters:
    ///   - lists: whom to admit first, then whom to deny.
    ///   - seed: where the policies' seeds come from; leave it random, see ``AccessList``.
    /// - Throws: nothing with the limits that are here.
    public static func recommendedPolicies(
        lists: [AccessList] = [], seed: () -> HashSeed = HashSeed.random
    ) throws(SentinelError) -> [any Policy] {
        var chain: [any Policy] = lists
        chain.append(try SourceRate(name: "rate", limits: recommendedRates, seed: seed()))
        chain.append(try ConnectionLimits(name: "connections", limits: recommendedConnections, seed: seed()))
        chain.append(
            try StreamLimits(
                name: "streams",
                limits: [
                    .git: try .init(rate: try TokenRate(2, per: .seconds(1), burst: 32), open: 16)
                ],
                others: try .init(rate: try TokenRate(4, per: .seconds(1), burst: 64), open: 64),
                seed: seed()))
        chain.append(
            Reputation(name: "reputation", terms: try .init(thresholds: try .init()), seed: seed()))
        chain.append(try Widening(name: "widening", terms: try .standard, seed: seed()))
        chain.append(SharedAddresses(name: "shared-addresses", terms: try .init(), seed: seed()))
        return chain
    }

    /// How often an address may come: with everyone behind it at once after this node has restarted, and then once
    /// a second. That is the host's rate; the IPv6 blocks around it may come little more often than one of them.
    public static var recommendedHostRate: TokenRate {
        get throws(SentinelError) { try TokenRate(1, per: .seconds(1), burst: 64) }
    }

    private static var recommendedRates: SourceRate.Limits {
        get throws(SentinelError) {
            SourceRate.Limits(
                tiers: [
                    try .init(.ipv4, prefixLength: 32, rate: try recommendedHostRate),
                    try .init(.ipv6, prefixLength: 64, rate: try recommendedHostRate),
                    try .init(
                        .ipv6, prefixLength: 56, rate: try TokenRate(2, per: .seconds(1), burst: 128)),
                    try .init(
                        .ipv6, prefixLength: 48, rate: try TokenRate(4, per: .seconds(1), burst: 256)),
                ], peer: try TokenRate(1, per: .seconds(5), burst: 16))
        }
    }

    private static var recommendedConnections: ConnectionLimits.Limits {
        get throws(SentinelError) {
            ConnectionLimits.Limits(
                tiers: [
                    try .init(.ipv4, prefixLength: 32, .init(inbound: 128)),
                    try .init(.ipv6, prefixLength: 64, .init(inbound: 128)),
                    try .init(.ipv6, prefixLength: 48, .init(inbound: 512)),
                ], peer: .init(each: 8), total: .init(inbound: 4096))
        }
    }
}
