// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Logging
public import NIOCore
public import Sentinel

/// A gater or a sentinel whose denials the kernel carries out from then on.
///
/// It answers what the wrapped one answers, at once. A denial that may live in the kernel, at peer dial, address
/// dial or accept, is remembered for the helper as well, see ``HandOver``; all others stay in user space. It
/// also learns where peers can be dialled, from the dials that it is asked about and the connections that come
/// about; and which connections are open, so that those which a ban covers can be closed.
///
/// It is a gater where it wraps a gater, a sentinel where it wraps a sentinel, and always a notifiee.
public struct KernelGater<Wrapped: Sendable>: Sendable {
    /// Who decides.
    public let wrapped: Wrapped
    /// Who brings the denials to the kernel.
    public let handOver: HandOver
    /// The wrapped one, where it wants to be told of connections.
    let notifiee: (any Notifiee)?

    /// - Parameters:
    ///   - wrapped: a ``ConnectionGater``, a ``ConnectionSentinel``, or both in one.
    ///   - handOver: may be shared with another gater of the same node.
    public init(wrapping wrapped: Wrapped, handOver: HandOver) {
        self.wrapped = wrapped
        self.handOver = handOver
        notifiee = wrapped as? any Notifiee
    }

    /// Makes a hand-over of its own.
    public init(
        wrapping wrapped: Wrapped, _ configuration: HandOver.Configuration = .init(),
        on group: any EventLoopGroup, logger: Logger,
        close: (@Sendable (Connection, DisconnectReason) -> Void)? = nil,
        observer: (@Sendable (HandOver.Notice) -> Void)? = nil
    ) {
        self.init(
            wrapping: wrapped,
            handOver: HandOver(configuration, on: group, logger: logger, close: close, observer: observer))
    }

    /// Hands denials over until the task is cancelled: ``HandOver/run()``.
    public func run() async {
        await handOver.run()
    }

    /// What has happened so far: ``HandOver/statistics``.
    public var statistics: HandOver.Statistics { handOver.statistics }

    /// Notes addresses that a peer can be dialled at: ``HandOver/learn(peer:addresses:)``.
    public func learn(peer: PeerID, addresses: some Sequence<Multiaddr>) {
        handOver.learn(peer: peer, addresses: addresses)
    }
}

extension KernelGater: ConnectionGater where Wrapped: ConnectionGater {
    public func interceptPeerDial(_ peer: PeerID) -> Decision {
        let decision = wrapped.interceptPeerDial(peer)
        switch decision {
        case .allow: handOver.allowPeerDial(peer)
        case .deny(let denial): handOver.handOver(denial, at: .peerDial, about: RemotePeer(dialling: peer))
        }
        return decision
    }

    public func interceptAddressDial(_ peer: PeerID, _ address: Multiaddr) -> Decision {
        let decision = wrapped.interceptAddressDial(peer, address)
        switch decision {
        case .allow: handOver.learn(peer: peer, addresses: CollectionOfOne(address))
        case .deny(let denial):
            handOver.handOver(denial, at: .addressDial, about: RemotePeer(dialling: peer, at: address))
        }
        return decision
    }

    public func interceptAccept(_ addresses: ConnectionAddresses) -> Decision {
        let decision = wrapped.interceptAccept(addresses)
        if case .deny(let denial) = decision {
            handOver.handOver(
                denial, at: .accept, about: RemotePeer(addresses: addresses, direction: .inbound))
        }
        return decision
    }

    /// A denial stays in user space. Who is at the address that this node has dialled is known from here on.
    public func interceptSecured(
        _ direction: Direction, _ peer: PeerID, _ addresses: ConnectionAddresses
    ) -> Decision {
        if direction == .outbound { handOver.connected(to: peer, at: addresses.remote) }
        return wrapped.interceptSecured(direction, peer, addresses)
    }

    /// A denial stays in user space.
    public func interceptUpgraded(
        _ connection: Connection
    ) -> (decision: Decision, reason: DisconnectReason) {
        wrapped.interceptUpgraded(connection)
    }
}

extension KernelGater: ConnectionSentinel where Wrapped: ConnectionSentinel {
    /// What a denial means for the kernel goes by its ``Denial/check``.
    public func allowConnection(_ peer: RemotePeer) -> Decision {
        let decision = wrapped.allowConnection(peer)
        switch decision {
        case .deny(let denial): handOver.handOver(denial, at: denial.check, about: peer)
        case .allow:
            guard peer.direction == .outbound, let id = peer.id else { break }
            if let address = peer.address {
                handOver.learn(peer: id, addresses: CollectionOfOne(address))
            } else {
                handOver.allowPeerDial(id)
            }
        }
        return decision
    }

    /// A denial stays in user space.
    public func allowStream(_ peer: RemotePeer, _ type: StreamType) -> Decision {
        wrapped.allowStream(peer, type)
    }

    public func connectionEstablished(_ peer: RemotePeer) {
        handOver.connectionEstablished(peer)
        wrapped.connectionEstablished(peer)
    }

    public func streamOpened(_ peer: RemotePeer, _ type: StreamType) {
        wrapped.streamOpened(peer, type)
    }

    public func streamClosed(_ peer: RemotePeer, _ type: StreamType) {
        wrapped.streamClosed(peer, type)
    }
}

extension KernelGater: Notifiee {
    public func listening(on address: Multiaddr) {
        notifiee?.listening(on: address)
    }

    public func stoppedListening(on address: Multiaddr) {
        notifiee?.stoppedListening(on: address)
    }

    public func connected(_ connection: Connection) {
        handOver.opened(connection)
        notifiee?.connected(connection)
    }

    public func disconnected(_ connection: Connection) {
        handOver.closed(connection)
        notifiee?.disconnected(connection)
    }
}

extension HandOver {
    /// Learns where a peer lives from a connection that this node has dialled.
    fileprivate func connectionEstablished(_ remote: RemotePeer) {
        guard remote.direction == .outbound, let peer = remote.id, let address = remote.address else {
            return
        }
        connected(to: peer, at: address)
    }
}
