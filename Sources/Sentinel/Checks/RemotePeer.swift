// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Inet

/// How much a source address is worth as evidence.
public enum SourceProof: UInt8, Hashable, Sendable, CaseIterable {
    /// Nothing shows that the sender is at this address: the source of a UDP packet can be anyone's. Such
    /// evidence may slow an address down, but never block it, or an attacker would choose whom to block.
    case unproven
    /// A handshake went both ways, so the peer receives what is sent to this address.
    case handshake

    /// What an accepted connection proves by its transport alone: TCP, and what runs on it, has shaken hands
    /// before it is accepted. All else must say for itself; QUIC proves it by Retry or by its own handshake.
    public static func ofAccepted(from remote: Multiaddr) -> SourceProof {
        remote.endpoint?.transport == .tcp && !remote.isRelayed ? .handshake : .unproven
    }
}

/// The two ends of a connection.
///
/// Source: libp2p's `network.ConnMultiaddrs`; the proof is this library's.
public struct ConnectionAddresses: Hashable, Sendable {
    /// The address of this node's end, where it is known.
    public var local: Multiaddr?
    /// The address of the other end.
    public var remote: Multiaddr
    /// Whether the other end has proven that the address is its own.
    public var source: SourceProof

    public init(local: Multiaddr?, remote: Multiaddr, source: SourceProof) {
        self.local = local
        self.remote = remote
        self.source = source
    }
}

/// Whom a decision is about, as far as it is known when the question is asked.
///
/// Source: the RFC's `P: RemoteAddr + RemotePeer`.
public struct RemotePeer: Hashable, Sendable {
    /// Who it is. For an inbound connection that is known once the handshake is done.
    public var id: PeerID?
    /// Where it is. Nil before a peer's addresses are resolved.
    public var address: Multiaddr?
    /// The address of this node's end, where there is a connection.
    public var localAddress: Multiaddr?
    /// Who dials whom.
    public var direction: Direction
    /// Whether the peer has proven that the address is its own.
    public var source: SourceProof

    public init(
        id: PeerID? = nil, address: Multiaddr? = nil, localAddress: Multiaddr? = nil, direction: Direction,
        source: SourceProof
    ) {
        self.id = id
        self.address = address
        self.localAddress = localAddress
        self.direction = direction
        self.source = source
    }

    /// The other end of a connection.
    public init(id: PeerID? = nil, addresses: ConnectionAddresses, direction: Direction) {
        self.init(
            id: id, address: addresses.remote, localAddress: addresses.local, direction: direction,
            source: addresses.source)
    }

    /// A peer that is about to be dialled. What this node sends goes to the address, whoever is there, so there
    /// is nothing to prove.
    public init(dialling id: PeerID?, at address: Multiaddr? = nil) {
        self.init(id: id, address: address, direction: .outbound, source: .handshake)
    }

    /// The peer's own IP address; nil where it isn't known, where the peer has none, and where it is behind a
    /// relay: that address is the relay's.
    public var ipAddress: IPAddress? {
        address?.ownIPAddress
    }
}

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
