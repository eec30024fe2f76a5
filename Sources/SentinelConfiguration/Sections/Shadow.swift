// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

extension Configuration {
    /// `[shadow]`: which bans are tried out: the kernel counts what they match, and lets it pass.
    public struct Shadow: Codable, Hashable, Sendable {
        /// None by default: every ban refuses.
        public var checks: [ShadowedCheck] = []

        /// The defaults.
        public init() {}

        /// Whether the bans of a check refuse nobody.
        public func contains(_ check: ShadowedCheck) -> Bool {
            checks.contains(check) || checks.contains(.all)
        }
    }

    /// Whose sets have rules that only count.
    public enum ShadowedCheck: String, Codable, Hashable, Sendable, CaseIterable, CustomStringConvertible {
        /// Each of the others.
        case all
        case accept, dial, network
        /// Bulk lists.
        case feed

        public var description: String { rawValue }
    }
}
