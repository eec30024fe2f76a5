// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

extension StreamLimits {
    /// What radicle's peers allow each other.
    ///
    /// | Type | How often | Burst | What is too much |
    /// |---|---|---|---|
    /// | membership | 1 a second | 10 | ends the connection |
    /// | git | 1 a minute | 5 | is refused |
    /// | gossip | 30 a minute | 30 | is refused |
    /// | interrogation | 30 a minute | 30 | is refused |
    ///
    /// Source: `Quota` of radicle-link's `librad/src/net/protocol/state.rs`: `membership`, beyond which "it will be
    /// disconnected"; `fetches_per_peer_and_urn`, beyond which a fetch isn't made; `wants`, which are ignored beyond it.
    /// It counts messages on a stream, and fetches by what is fetched; a sentinel sees streams alone, so that these are
    /// limits for nodes that open a stream for each. It has none for interrogation, which here is a request like a want.
    public static var radicle: [StreamType: Limit] {
        get throws(SentinelError) {
            let requests = try TokenRate(30, per: .seconds(60), burst: 30)
            return [
                .membership: try Limit(
                    rate: try TokenRate(1, per: .seconds(1), burst: 10), action: .endConnection),
                .git: try Limit(rate: try TokenRate(1, per: .seconds(60), burst: 5), action: .refuseStream),
                .gossip: try Limit(rate: requests, action: .refuseStream),
                .interrogation: try Limit(rate: requests, action: .refuseStream),
            ]
        }
    }
}
