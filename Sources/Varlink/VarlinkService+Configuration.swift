// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

extension VarlinkService {
    /// What a service listens at.
    public enum Listener: Hashable, Sendable {
        /// A socket of its own at `path`, whose file gets the permissions `mode`. A socket that nobody
        /// listens at any more is replaced; anything else at the path is an error.
        case path(_ path: String, mode: UInt16 = 0o660)
        /// A listening Unix stream socket that somebody else has made, systemd for example. The service owns
        /// the descriptor from then on, but not the file.
        case descriptor(_ descriptor: CInt)
    }

    /// What `org.varlink.service.GetInfo` says about a service.
    public struct Identity: Hashable, Sendable {
        public var vendor: String
        public var product: String
        public var version: String
        public var url: String

        public init(vendor: String, product: String, version: String, url: String) {
            self.vendor = vendor
            self.product = product
            self.version = version
            self.url = url
        }
    }

    /// How often something may be done, and how much of it can be saved up for a burst.
    public struct Rate: Hashable, Sendable {
        public var perSecond: Int
        public var saved: Int

        /// - Precondition: `perSecond` and `saved` are at least 1.
        public init(perSecond: Int, saved: Int) {
            precondition(perSecond >= 1 && saved >= 1)
            self.perSecond = perSecond
            self.saved = saved
        }
    }

    /// What clients may use. Those that the handler trusts (``VarlinkHandler/isTrusted(_:)``) aren't held to the
    /// rates, and there are connections kept for them; all else holds for everyone.
    public struct Limits: Hashable, Sendable {
        /// The longest call in bytes. A longer one is refused and its connection closed.
        public var callBytes = 1 << 20
        /// From how many unsent bytes of replies on a connection is not writable: no call is taken from it
        /// until the client has read three quarters of them.
        public var writableBytes = 256 << 10
        /// With how many unsent bytes of replies a connection is closed when one more is written: the bound
        /// for streams that don't wait until they are writable. So a connection holds at most this and a
        /// reply.
        public var unsentBytes = 16 << 20
        /// How many bytes there may be for all connections of a user together: calls that aren't whole or wait for
        /// their turn, and replies that weren't taken, of each connection ``unsentBytes`` at most. A connection whose
        /// call comes on top is told so and closed; while there are that many bytes of replies alone, no call of the
        /// user's is answered, and a connection that can take no more is closed when another reply is written.
        public var bytesPerUser = 32 << 20
        /// How long replies may wait without any of them being read. Then the connection is closed.
        public var stalledAfter = Duration.seconds(60)
        /// How many calls a user may make. Beyond, his calls wait, and his connections aren't read from.
        public var calls = Rate(perSecond: 1000, saved: 10_000)
        /// How much work a user may ask for, in the handler's units (``VarlinkCall/charge(_:)``). Who has asked for
        /// more waits before his next call.
        public var work = Rate(perSecond: 10_000, saved: 100_000)
        /// How many clients there may be.
        public var connections = 256
        /// How many more there may be of clients that the handler trusts.
        public var reservedConnections = 0
        /// How many clients there may be of one user.
        public var connectionsPerUser = 64

        public init() {}
    }
}
