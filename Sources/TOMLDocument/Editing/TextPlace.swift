// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelConfiguration

/// Where something stands in a text, in bytes from its beginning.
struct TextPlace: Hashable {
    enum Kind: Hashable {
        /// `[section]`
        case section
        /// `[[section]]`: the key ends with its place in the list.
        case listedSection
        /// `key = value`, with so many parts of the key in this line, within so many inline tables and lists.
        case assignment(parts: Int, nesting: Int)
        /// An element of a list.
        case element
    }

    let kind: Kind
    let key: ConfigurationKey
    /// All of it: of a section its line's brackets and what is between them.
    var span: Range<Int>
    /// The value of an assignment or an element.
    var value: Range<Int>
    /// The comma behind an element, where there is one.
    var comma: Int?

    var isHeader: Bool { kind == .section || kind == .listedSection }
}
