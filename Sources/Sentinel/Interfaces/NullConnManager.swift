// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// "A ConnMgr that provides no functionality." Go's `NullConnMgr`.
public struct NullConnManager: ConnManager {
    public init() {}

    public func tagPeer(_ peer: PeerID, _ tag: String, weight: Int) {}
    public func untagPeer(_ peer: PeerID, _ tag: String) {}
    /// Does nothing; `upsert` isn't called.
    public func upsertTag(_ peer: PeerID, _ tag: String, _ upsert: (Int) -> Int) {}
    /// Always nil: nothing is recorded.
    public func tagInfo(_ peer: PeerID) -> TagInfo? { nil }
    public func trimOpenConnections() {}
    /// One that does nothing.
    public var notifiee: any Notifiee { NoopNotifiee() }
    public func protect(_ peer: PeerID, _ tag: String) {}
    /// Always false: nothing is protected.
    public func unprotect(_ peer: PeerID, _ tag: String) -> Bool { false }
    /// Always false: nothing is protected.
    public func isProtected(_ peer: PeerID, _ tag: String?) -> Bool { false }
    public func close() {}
}
