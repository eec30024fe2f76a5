// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Inet

/// What policies are told of besides questions.
public struct Event: Hashable, Sendable {
    /// What has happened. More may be added: have a default where you switch over it.
    public enum Kind: Hashable, Sendable {
        /// A connection has come about.
        case connectionEstablished
        /// A connection that had come about has ended.
        case connectionClosed
        /// A stream has been opened.
        case streamOpened(StreamType)
        /// A stream that had been opened has ended.
        case streamClosed(StreamType)
        /// The peer has done something wrong; where a severity is given, it counts in place of the configured one.
        case misbehaved(Offence, Severity?)
        /// The peer has been of use: so much of what is held against it is forgiven.
        case behaved(credit: Int)
        /// The peer is protected from now on, `ConnManager.protect`. Told to every instance of a policy.
        case protected
        /// The peer isn't protected any more.
        case unprotected
    }

    public let kind: Kind
    /// Whom it is about. How much its address is worth as evidence goes with it, see ``RemotePeer/source``.
    public let remote: RemotePeer
    /// The peer's own IP address, see ``RemotePeer/ipAddress``.
    public let ipAddress: IPAddress?
    /// What the policy that is told keeps account of.
    public internal(set) var share = Share.all

    public init(_ kind: Kind, _ remote: RemotePeer) {
        self.kind = kind
        self.remote = remote
        ipAddress = remote.ipAddress
    }

    /// The address, where the policy that is told keeps account of it.
    @inlinable
    public var source: IPAddress? { share.contains(.source) ? ipAddress : nil }

    /// The peer, where the policy that is told keeps account of it.
    @inlinable
    public var peer: PeerID? { share.contains(.peer) ? remote.id : nil }

    public static func connectionEstablished(_ remote: RemotePeer) -> Event {
        Event(.connectionEstablished, remote)
    }

    public static func connectionClosed(_ remote: RemotePeer) -> Event {
        Event(.connectionClosed, remote)
    }

    public static func streamOpened(_ remote: RemotePeer, _ type: StreamType) -> Event {
        Event(.streamOpened(type), remote)
    }

    public static func streamClosed(_ remote: RemotePeer, _ type: StreamType) -> Event {
        Event(.streamClosed(type), remote)
    }

    public static func misbehaved(
        _ remote: RemotePeer, _ offence: Offence, severity: Severity? = nil
    ) -> Event {
        Event(.misbehaved(offence, severity), remote)
    }

    public static func behaved(_ remote: RemotePeer, credit: Int = 1) -> Event {
        Event(.behaved(credit: credit), remote)
    }

    public static func protected(_ peer: PeerID) -> Event {
        Event(.protected, RemotePeer(id: peer, direction: .unknown, source: .unproven))
    }

    public static func unprotected(_ peer: PeerID) -> Event {
        Event(.unprotected, RemotePeer(id: peer, direction: .unknown, source: .unproven))
    }
}
