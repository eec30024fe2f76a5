// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

extension HandOver {
    /// How denials are handed over.
    public struct Configuration: Hashable, Sendable {
        /// The path of the helper's Unix socket.
        public var socket = "/run/sentinel/sentinel.sock"
        /// How many subjects may wait for the helper's answer.
        public var capacity = 65_536
        /// How many denials one call carries at most.
        public var batchCount = 1000
        /// How long one call may be, in bytes; the helper reads 1 MiB unless it is configured otherwise. It is
        /// lowered by itself where the helper says that it reads less.
        public var batchBytes = 512 << 10
        /// How long to wait for the helper's answer before connecting anew.
        public var replyTimeout = Duration.seconds(10)
        /// How long what is due may take to be handed over when the node ends.
        public var flushWithin = Duration.seconds(2)
        /// When to try again to reach the helper.
        public var backoff = Backoff()
        /// Of how many peers the endpoints are remembered.
        public var knownPeers = 8192
        /// How many denied peers are remembered, besides those.
        public var deniedPeers = 8192
        /// How many endpoints of each peer are remembered.
        public var endpointsPerPeer = 16
        /// How many open connections are kept in mind, so that they can be closed once a ban covers them.
        public var openConnections = 16_384
        /// How many protected peers are remembered.
        public var protectedPeers = 4096
        /// How many addresses of protected peers the helper is asked to guard; it takes no more than 4096.
        public var guardedAddresses = 4096
        /// How many notices may wait for the observer.
        public var noticeCapacity = 1024

        /// The defaults.
        public init() {}
    }

    /// How long to wait after each failure: twice as long as before, less a share by chance, so that many nodes
    /// don't come back in the same moment.
    public struct Backoff: Hashable, Sendable {
        /// The wait after the first failure.
        public var first = Duration.milliseconds(100)
        /// The longest wait; also the wait where the helper is there and refuses this node.
        public var maximum = Duration.seconds(10)
        /// The share of a wait that chance may take off: 0 to 1.
        public var jitter = 0.25

        /// The defaults.
        public init() {}

        /// The wait after so many failures in a row.
        ///
        /// - Parameter chance: 0 to below 1.
        public func delay(after failures: Int, chance: Double) -> Duration {
            let doublings = min(max(failures, 1) - 1, Self.mostDoublings)
            return min(first * (1 << doublings), maximum) * (1 - jitter * chance)
        }

        /// More than any wait within the range of a maximum needs.
        private static var mostDoublings: Int { 30 }
    }
}
