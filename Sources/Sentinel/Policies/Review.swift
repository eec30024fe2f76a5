// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// What a policy makes of a denial that another one, or itself, has said.
public enum Review: Hashable, Sendable {
    /// It stands.
    case uphold
    /// It stands in another form: of a wider block, in user space only.
    case amend(Denial)
    /// It is set aside, and the policies behind the one that said it are asked. In a few words, why.
    case spare(String)
}
