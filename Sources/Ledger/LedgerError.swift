// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Why the ledger can't be read or written.
public struct LedgerError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        /// The file system has no space left. What was written before is whole.
        case full
        /// Reading, writing or syncing failed. Nothing is known of what the file holds now.
        case inputOutput
        /// The file isn't what was written.
        case damaged
        /// Another process has it open.
        case inUse
        /// It isn't there and can't be made, or its permissions forbid it.
        case notAccessible
        /// A later version made it.
        case newer
    }

    public let code: Code
    public let description: String

    public init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
