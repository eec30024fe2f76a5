// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A moment at which a node asks whether to go on with a peer.
///
/// Source: the five intercepts of libp2p's `connmgr.ConnectionGater`, and `allow_stream` of the RFC
/// "Connection Sentinels".
public enum Check: UInt8, Hashable, Sendable, CaseIterable {
    /// A peer is about to be dialled; its addresses are not resolved yet. `InterceptPeerDial`.
    case peerDial
    /// One address of a peer is about to be dialled. `InterceptAddrDial`.
    case addressDial
    /// A listener has accepted a connection, nothing has been negotiated. `InterceptAccept`.
    case accept
    /// The security handshake has told who the peer is. `InterceptSecured`.
    case secured
    /// The connection is secured and multiplexed. `InterceptUpgraded`.
    case upgraded
    /// A stream is about to be opened. `allow_stream`.
    case stream
}

extension Check {
    /// Where a denial at this check may live at most.
    public var plane: Plane {
        switch self {
        case .peerDial, .addressDial, .accept: .kernel
        case .secured, .upgraded, .stream: .userSpace
        }
    }
}

extension Check: LosslessStringConvertible {
    public init?(_ text: String) {
        guard let check = Self.allCases.first(where: { $0.description == text }) else { return nil }
        self = check
    }

    /// The name that configurations and logs use.
    public var description: String {
        switch self {
        case .peerDial: "peer-dial"
        case .addressDial: "address-dial"
        case .accept: "accept"
        case .secured: "secured"
        case .upgraded: "upgraded"
        case .stream: "stream"
        }
    }
}
