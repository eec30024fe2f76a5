// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A rule: expressions that run one after another until one doesn't match.
public struct Rule: Hashable, Sendable {
    public var chain: Chain
    public var expressions: [Expression]
    /// Shown by `nft list`; at most 127 bytes.
    public var comment: String?

    public init(_ chain: Chain, _ expressions: [Expression], comment: String? = nil) {
        self.chain = chain
        self.expressions = expressions
        self.comment = comment
    }
}
