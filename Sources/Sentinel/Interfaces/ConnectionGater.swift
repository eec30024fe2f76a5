// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Is "consulted during different states in the lifecycle of a connection being established/upgraded […], to
/// allow you to intercept the connection at that stage".
///
/// "ConnectionGaters are active, whereas ConnManagers tend to be passive." A gater can "implement
/// *strict/active* connection management policies, such as hard limiting of connections once a maximum count
/// has been reached, maintaining a peer blacklist, or limiting connections by transport quotas."
///
/// Source: `ConnectionGater` of go-libp2p's package `connmgr`, which is quoted here. Go's gater answers with a
/// bool; a ``Decision`` says why as well. The methods are called from any thread, on the node's hot path: they
/// answer at once, and allow without allocating.
public protocol ConnectionGater: Sendable {
    /// "Tests whether we're permitted to Dial the specified peer."
    ///
    /// "Called on an imminent outbound peer dial request, prior to the addresses of that peer being
    /// available/resolved. Blocking connections at this stage is typical for blacklisting scenarios."
    func interceptPeerDial(_ peer: PeerID) -> Decision

    /// "Tests whether we're permitted to dial the specified multiaddr for the given peer."
    ///
    /// "Called by the network.Network implementation after it has resolved the peer's addrs, and prior to
    /// dialling each. […] Blocking connections at this stage is typical for address filtering."
    func interceptAddressDial(_ peer: PeerID, _ address: Multiaddr) -> Decision

    /// "Tests whether an incipient inbound connection is allowed."
    ///
    /// "Called as soon as a transport listener receives an inbound connection request, before any upgrade takes
    /// place. Transports who accept already secure and/or multiplexed connections (e.g. possibly QUIC) MUST
    /// call this method regardless, for correctness/consistency."
    func interceptAccept(_ addresses: ConnectionAddresses) -> Decision

    /// "Tests whether a given connection, now authenticated, is allowed."
    ///
    /// "Called for both inbound and outbound connections, after a security handshake has taken place and we've
    /// authenticated the peer", "and before it negotiates the muxer".
    func interceptSecured(
        _ direction: Direction, _ peer: PeerID, _ addresses: ConnectionAddresses
    ) -> Decision

    /// "Tests whether a fully capable connection is allowed."
    ///
    /// "Called for inbound and outbound connections, after libp2p has finished upgrading the connection
    /// entirely to a secure, multiplexed channel. […] When rejecting a connection, the gater can return a
    /// DisconnectReason": only here, because it takes a stream to send it on.
    ///
    /// - Returns: the decision, and what the peer is told where it is a denial: ``DisconnectReason/none``
    ///   otherwise.
    func interceptUpgraded(_ connection: Connection) -> (decision: Decision, reason: DisconnectReason)
}
