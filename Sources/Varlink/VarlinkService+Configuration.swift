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

    /// What clients may use.
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
        /// How many clients there may be.
        public var connections = 256
        /// How many clients there may be of one user.
        public var connectionsPerUser = 64

        public init() {}
    }
}
