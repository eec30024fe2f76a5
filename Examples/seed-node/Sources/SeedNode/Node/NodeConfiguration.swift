// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// What bounds a node.
public struct NodeConfiguration: Hashable, Sendable {
    /// How long a connection may take until it is established.
    public var handshakeTimeout: Duration = .seconds(5)
    /// How long an established connection may be silent.
    public var idleTimeout: Duration = .seconds(60)
    /// How many inbound connections there may be at once, established or not, on each socket that listens.
    public var maximumConnections = 4096

    public init() {}
}
