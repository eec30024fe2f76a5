// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import PolicyReader
import Sentinel
import SentinelConfiguration
import Testing

/// Noon on the first day of 2026.
let noon = WallTime(sinceEpoch: .seconds(1_767_268_800))

/// Reads a text that is called "f", with lists that are there by their paths.
func chain(
    _ text: String, lists: [String: String] = [:], now: MonotonicInstant = MonotonicInstant(nanoseconds: 0)
) throws(ConfigurationError) -> PolicyChain {
    try PolicyChain(toml: text.utf8, file: "f", now: now, wallTime: noon) {
        (path, count) throws(ConfigurationError) in
        guard let list = lists[path] else {
            throw ConfigurationError(file: path, fault: "can't be opened", remedy: "check its path")
        }
        return Array(list.utf8.prefix(count))
    }
}

/// The messages for a text that is called "f".
func messages(_ text: String, lists: [String: String] = [:]) throws -> [String] {
    let error = try #require(throws: ConfigurationError.self) { try chain(text, lists: lists) }
    return error.problems.map(\.description)
}
