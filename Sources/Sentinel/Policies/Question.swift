// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Inet

/// What a policy is asked: which check, and about whom.
public struct Question: Hashable, Sendable {
    /// The check at which it is asked.
    public let check: Check
    /// Whom it is about.
    public let remote: RemotePeer
    /// The stream that is about to be opened, at the stream check.
    public let stream: StreamType?
    /// The peer's own IP address, see ``RemotePeer/ipAddress``.
    public let ipAddress: IPAddress?
    /// What the policy that is asked keeps account of.
    public internal(set) var share = Share.all

    /// The address, where the policy that is asked keeps account of it.
    @inlinable
    public var source: IPAddress? { share.contains(.source) ? ipAddress : nil }

    /// The peer, where the policy that is asked keeps account of it.
    @inlinable
    public var peer: PeerID? { share.contains(.peer) ? remote.id : nil }

    public init(_ check: Check, about remote: RemotePeer, stream: StreamType? = nil) {
        ipAddress = remote.ipAddress
        self.check = check
        self.remote = remote
        self.stream = stream
    }

    /// The question that `allow_connection` asks, by direction: outbound, whether to dial the peer, or the
    /// address where there is one; inbound, whether to accept. Where the direction is unknown nothing can be
    /// said about packets, so it is asked as of a connection that is secured.
    public init(allowConnection remote: RemotePeer) {
        let check: Check =
            switch remote.direction {
            case .outbound: remote.address == nil ? .peerDial : .addressDial
            case .inbound: .accept
            case .unknown: .secured
            }
        self.init(check, about: remote)
    }

    /// A denial as the answer.
    ///
    /// At accept, a source that hasn't proven its address is refused in user space only, whatever `plane` says.
    public func denial(
        by policy: String, reason: Reason, basis: Basis = .rule, detail: String = "",
        network: IPNetwork? = nil, duration: Duration? = nil, plane: Plane = .kernel,
        streamAction: StreamAction = .endConnection,
        disconnectReason: DisconnectReason = .gated
    ) -> Denial {
        let isEvidence = check != .accept || remote.source != .unproven
        return Denial(
            at: check, by: policy, reason: reason, basis: basis, source: remote.source, detail: detail,
            network: network, duration: duration, plane: isEvidence ? plane : .userSpace,
            streamAction: streamAction,
            disconnectReason: disconnectReason)
    }
}
