// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// The two ends of a connection.
///
/// Source: libp2p's `network.ConnMultiaddrs`; the proof is this library's.
public struct ConnectionAddresses: Hashable, Sendable {
    /// The address of this node's end, where it is known.
    public var local: Multiaddr?
    /// The address of the other end.
    public var remote: Multiaddr
    /// Whether the other end has proven that the address is its own.
    public var source: SourceProof

    public init(local: Multiaddr?, remote: Multiaddr, source: SourceProof) {
        self.local = local
        self.remote = remote
        self.source = source
    }
}
