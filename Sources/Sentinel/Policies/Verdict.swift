// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A policy's answer.
public enum Verdict: Hashable, Sendable {
    /// This policy has nothing against it; the next one is asked.
    case pass
    /// It is allowed, without asking the next ones.
    case admit
    /// It is denied.
    case deny(Denial)
}
