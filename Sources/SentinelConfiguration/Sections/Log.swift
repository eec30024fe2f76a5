// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

extension Configuration {
    /// `[log]`: what sentineld writes to its log.
    public struct Log: Codable, Hashable, Sendable {
        /// The least level that is written.
        public var level = LogLevel.info

        /// The defaults.
        public init() {}
    }

    /// How much a message matters, the least first; the words are swift-log's.
    public enum LogLevel: String, Codable, Hashable, Sendable, CaseIterable {
        case trace, debug, info, notice, warning, error, critical
    }
}
