// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// "An interface for an object wishing to receive notifications from a Network."
///
/// Source: go-libp2p's `network.Notifiee`, without the network that each method is given there. Called from any
/// thread; answers at once. What an implementer leaves away does nothing.
public protocol Notifiee: Sendable {
    /// "Called when network starts listening on an addr."
    func listening(on address: Multiaddr)
    /// "Called when network stops listening on an addr."
    func stoppedListening(on address: Multiaddr)
    /// "Called when a connection opened."
    func connected(_ connection: Connection)
    /// "Called when a connection closed."
    func disconnected(_ connection: Connection)
}

extension Notifiee {
    public func listening(on address: Multiaddr) {}
    public func stoppedListening(on address: Multiaddr) {}
    public func connected(_ connection: Connection) {}
    public func disconnected(_ connection: Connection) {}
}

/// Is told of everything and does nothing. Go's `NoopNotifiee`.
public struct NoopNotifiee: Notifiee {
    public init() {}
}
