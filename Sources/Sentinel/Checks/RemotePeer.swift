// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Inet

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
