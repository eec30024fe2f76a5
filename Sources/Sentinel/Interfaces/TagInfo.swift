// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// "Stores metadata associated with a peer." Go's `connmgr.TagInfo`.
public struct TagInfo: Hashable, Sendable {
    /// When the peer was first seen.
    public var firstSeen: MonotonicInstant
    /// What the peer is worth: the sum of its tags' values.
    public var value: Int
    /// "Maps tag ids to the numerical values."
    public var tags: [String: Int]
    /// "Maps connection ids […] to their creation time."
    public var connections: [Connection.ID: MonotonicInstant]

    public init(
        firstSeen: MonotonicInstant, value: Int = 0, tags: [String: Int] = [:],
        connections: [Connection.ID: MonotonicInstant] = [:]
    ) {
        self.firstSeen = firstSeen
        self.value = value
        self.tags = tags
        self.connections = connections
    }
}
