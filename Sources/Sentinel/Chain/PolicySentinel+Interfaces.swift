// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

extension PolicySentinel: ConnectionSentinel {
    public func allowConnection(_ peer: RemotePeer) -> Decision {
        decide(Question(allowConnection: peer))
    }

    public func allowStream(_ peer: RemotePeer, _ type: StreamType) -> Decision {
        decide(Question(.stream, about: peer, stream: type))
    }

    public func connectionEstablished(_ peer: RemotePeer) {
        observe(.connectionEstablished(peer))
    }

    public func streamOpened(_ peer: RemotePeer, _ type: StreamType) {
        observe(.streamOpened(peer, type))
    }

    public func streamClosed(_ peer: RemotePeer, _ type: StreamType) {
        observe(.streamClosed(peer, type))
    }
}

extension PolicySentinel: ConnectionGater {
    public func interceptPeerDial(_ peer: PeerID) -> Decision {
        decide(Question(.peerDial, about: RemotePeer(dialling: peer)))
    }

    public func interceptAddressDial(_ peer: PeerID, _ address: Multiaddr) -> Decision {
        decide(Question(.addressDial, about: RemotePeer(dialling: peer, at: address)))
    }

    public func interceptAccept(_ addresses: ConnectionAddresses) -> Decision {
        decide(Question(.accept, about: RemotePeer(addresses: addresses, direction: .inbound)))
    }

    public func interceptSecured(
        _ direction: Direction, _ peer: PeerID, _ addresses: ConnectionAddresses
    ) -> Decision {
        decide(Question(.secured, about: RemotePeer(id: peer, addresses: addresses, direction: direction)))
    }

    public func interceptUpgraded(
        _ connection: Connection
    ) -> (decision: Decision, reason: DisconnectReason) {
        let decision = decide(Question(.upgraded, about: connection.remote))
        return (decision, decision.denial?.disconnectReason ?? .none)
    }
}

extension PolicySentinel: Notifiee {
    public func connected(_ connection: Connection) {
        observe(.connectionEstablished(connection.remote))
    }

    public func disconnected(_ connection: Connection) {
        observe(.connectionClosed(connection.remote))
    }
}
