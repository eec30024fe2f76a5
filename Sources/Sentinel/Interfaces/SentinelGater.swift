// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A sentinel where a gater is wanted.
///
/// A sentinel knows of connections and streams only. So it is asked before each dial and on each accept, and
/// once more when the handshake has told who an inbound peer is; a denial then is one of that later check, and
/// stays in user space. Streams are the node's to ask the sentinel about. When the connection is open, which the
/// node tells a ``Notifiee``, the sentinel is told that it is established.
public struct SentinelGater<Sentinel: ConnectionSentinel>: ConnectionGater, Notifiee {
    /// The sentinel that decides.
    public let sentinel: Sentinel

    public init(_ sentinel: Sentinel) {
        self.sentinel = sentinel
    }

    public func interceptPeerDial(_ peer: PeerID) -> Decision {
        sentinel.allowConnection(RemotePeer(dialling: peer))
    }

    public func interceptAddressDial(_ peer: PeerID, _ address: Multiaddr) -> Decision {
        sentinel.allowConnection(RemotePeer(dialling: peer, at: address))
    }

    public func interceptAccept(_ addresses: ConnectionAddresses) -> Decision {
        sentinel.allowConnection(RemotePeer(addresses: addresses, direction: .inbound))
    }

    /// Asks about inbound connections only: who is at the other end of a dial was known, and asked about, before
    /// it.
    public func interceptSecured(
        _ direction: Direction, _ peer: PeerID, _ addresses: ConnectionAddresses
    ) -> Decision {
        guard direction != .outbound else { return .allow }
        let remote = RemotePeer(id: peer, addresses: addresses, direction: direction)
        guard case .deny(var denial) = sentinel.allowConnection(remote) else { return .allow }
        denial.check = .secured
        return .deny(denial)
    }

    /// Always allows: a sentinel has no such check.
    public func interceptUpgraded(
        _ connection: Connection
    ) -> (decision: Decision, reason: DisconnectReason) {
        (.allow, .none)
    }

    public func connected(_ connection: Connection) {
        sentinel.connectionEstablished(connection.remote)
    }
}
