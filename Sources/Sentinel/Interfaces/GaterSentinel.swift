// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A gater where a sentinel is wanted.
///
/// A connection goes through the intercepts that its direction and what is known of it call for. A gater has no
/// check for streams, so each is allowed, and nothing to be told.
public struct GaterSentinel<Gater: ConnectionGater>: ConnectionSentinel {
    /// The gater that decides.
    public let gater: Gater

    public init(_ gater: Gater) {
        self.gater = gater
    }

    /// Outbound: peer dial where the peer is known, and address dial where the address is, too. Inbound: accept,
    /// and secured where the peer is known. The first denial decides. What a gater can't be asked without, the
    /// peer of a dial or the address of an inbound connection, must be given: it is allowed unasked otherwise.
    public func allowConnection(_ peer: RemotePeer) -> Decision {
        switch peer.direction {
        case .outbound:
            guard let id = peer.id else { return .allow }
            let decision = gater.interceptPeerDial(id)
            guard decision.isAllowed, let address = peer.address else { return decision }
            return gater.interceptAddressDial(id, address)
        case .inbound, .unknown:
            guard let address = peer.address else { return .allow }
            let addresses = ConnectionAddresses(
                local: peer.localAddress, remote: address, source: peer.source)
            if peer.direction == .inbound {
                let decision = gater.interceptAccept(addresses)
                guard decision.isAllowed else { return decision }
            }
            guard let id = peer.id else { return .allow }
            return gater.interceptSecured(peer.direction, id, addresses)
        }
    }

    public func allowStream(_ peer: RemotePeer, _ type: StreamType) -> Decision { .allow }
    public func connectionEstablished(_ peer: RemotePeer) {}
    public func streamOpened(_ peer: RemotePeer, _ type: StreamType) {}
}
