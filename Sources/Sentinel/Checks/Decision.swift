// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// The answer to a check.
///
/// Source: `Decision` of the RFC "Connection Sentinels"; libp2p's gater says only yes or no.
public enum Decision: Hashable, Sendable {
    case allow
    case deny(Denial)

    /// Whether the answer is yes.
    @inlinable
    public var isAllowed: Bool { denial == nil }

    /// What was said with a no.
    @inlinable
    public var denial: Denial? {
        if case .deny(let denial) = self { denial } else { nil }
    }
}
