// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet

extension SourceRate.Limits {
    /// What go-libp2p allows unless told otherwise: an IPv4 address and an IPv6 /56 one connection in five seconds
    /// and 16 at once, a /48 one in two seconds and 80 at once.
    ///
    /// Source: `rateLimiter` of go-libp2p's `p2p/host/resource-manager`.
    public static var libp2p: SourceRate.Limits {
        get throws(SentinelError) {
            let host = try TokenRate(1, per: .seconds(5), burst: 16)
            return SourceRate.Limits(tiers: [
                try .init(.ipv4, prefixLength: 32, rate: host),
                try .init(.ipv6, prefixLength: 56, rate: host),
                try .init(.ipv6, prefixLength: 48, rate: try TokenRate(1, per: .seconds(2), burst: 80)),
            ])
        }
    }

    /// What radicle's node allows unless told otherwise: a host five connections a second and 1024 at once.
    ///
    /// Source: `RateLimits` of heartwood's `radicle/src/node/config.rs`, inbound.
    public static var heartwood: SourceRate.Limits {
        get throws(SentinelError) {
            try SourceRate.Limits(try TokenRate(5, per: .seconds(1), burst: 1024))
        }
    }
}
