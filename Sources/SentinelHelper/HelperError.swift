// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Nftables

/// Why the helper can't start: what, where and the remedy.
public struct HelperError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of failure. More may be added.
    public struct Code: Hashable, Sendable {
        private let name: String
        /// The configuration names something that isn't there, or has a value out of range.
        public static let configuration = Code(name: "configuration")
        /// The kernel refused.
        public static let kernel = Code(name: "kernel")
    }

    public let code: Code
    public let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    init(kernel error: NftablesError) {
        self.init(.kernel, "nftables: \(error)")
    }
}
