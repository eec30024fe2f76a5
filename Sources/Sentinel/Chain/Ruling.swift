// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A decision, with what was set aside on the way to it.
public struct Ruling: Hashable, Sendable {
    public let decision: Decision
    /// The last denial that was set aside, for other policies' sake; its ``Denial/detail`` says why.
    public let spared: Denial?

    public init(decision: Decision, spared: Denial? = nil) {
        self.decision = decision
        self.spared = spared
    }
}
