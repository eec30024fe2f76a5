// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

extension Configuration {
    /// `[capacity]`: how many bans there may be, in each set of each address family.
    public struct Capacity: Codable, Hashable, Sendable {
        /// Addresses banned at accept.
        public var accept = 1_048_576
        /// Endpoints banned at dial.
        public var dial = 262_144
        /// Blocks of addresses.
        public var network = 65_536
        /// Addresses from bulk lists.
        public var feed = 4_194_304
        /// Blocks from bulk lists, neighbouring ones as one.
        public var feedNetwork = 131_072
        /// How much of a full set, in percent, one node's user gets by others' giving way.
        public var share = 50

        /// The defaults.
        public init() {}

        enum CodingKeys: String, CodingKey {
            case accept, dial, network, feed, share
            case feedNetwork = "feed_network"
        }
    }
}
