// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// "Tracks connections to peers, and allows consumers to associate metadata with each peer."
///
/// "It enables connections to be trimmed based on implementation-defined heuristics. The ConnManager allows
/// libp2p to enforce an upper bound on the total number of open connections." "To avoid service disruptions,
/// connections can be tagged with metadata and optionally 'protected' to ensure that essential connections are
/// not arbitrarily cut."
///
/// Source: `ConnManager` of go-libp2p's package `connmgr`, which is quoted here. The methods are called from any
/// thread.
public protocol ConnManager: Sendable {
    /// "Tags a peer with a string, associating a weight with the tag."
    func tagPeer(_ peer: PeerID, _ tag: String, weight: Int)

    /// "Removes the tagged value from the peer."
    func untagPeer(_ peer: PeerID, _ tag: String)

    /// "Updates an existing tag or inserts a new one. The connection manager calls the upsert function supplying
    /// the current value of the tag (or zero if inexistent). The return value is used as the new value of the
    /// tag."
    func upsertTag(_ peer: PeerID, _ tag: String, _ upsert: (Int) -> Int)

    /// "The metadata associated with the peer, or nil if no metadata has been recorded for the peer."
    func tagInfo(_ peer: PeerID) -> TagInfo?

    /// "Terminates open connections based on an implementation-defined heuristic."
    func trimOpenConnections()

    /// "An implementation that can be called back to inform of opened and closed connections." Go spells it
    /// `Notifee`.
    var notifiee: any Notifiee { get }

    /// "Protects a peer from having its connection(s) pruned. Tagging allows different parts of the system to
    /// manage protections without interfering with one another."
    ///
    /// "Calls to Protect() with the same tag are idempotent. They are not refcounted, so after multiple calls to
    /// Protect() with the same tag, a single Unprotect() call bearing the same tag will revoke the protection."
    func protect(_ peer: PeerID, _ tag: String)

    /// "Removes a protection that may have been placed on a peer, under the specified tag."
    ///
    /// - Returns: "whether the peer continues to be protected after this call, by way of a different tag".
    @discardableResult
    func unprotect(_ peer: PeerID, _ tag: String) -> Bool

    /// "True if the peer is protected for some tag"; nil asks for any tag, as the empty string does in Go.
    func isProtected(_ peer: PeerID, _ tag: String?) -> Bool

    /// "Closes the connection manager and stops background processes."
    func close()
}
