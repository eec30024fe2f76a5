// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A connection that is secured and multiplexed.
///
/// Source: libp2p's `network.Conn`, as far as a decision can depend on it.
public struct Connection: Hashable, Sendable {
    /// Tells connections of one run apart.
    public struct ID: RawRepresentable, Hashable, Sendable {
        public let rawValue: UInt64

        public init(rawValue: UInt64) {
            self.rawValue = rawValue
        }
    }

    public var id: ID
    /// The other end, with its identity.
    public var remote: RemotePeer
    /// The security protocol, `/noise`, where there is one.
    public var security: ProtocolID?
    /// The stream multiplexer, `/yamux/1.0.0`, where there is one.
    public var multiplexer: ProtocolID?

    public init(id: ID, remote: RemotePeer, security: ProtocolID? = nil, multiplexer: ProtocolID? = nil) {
        self.id = id
        self.remote = remote
        self.security = security
        self.multiplexer = multiplexer
    }
}
