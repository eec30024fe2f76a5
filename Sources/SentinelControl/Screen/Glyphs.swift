// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// The characters that graphs are drawn with.
struct Glyphs: Hashable, Sendable {
    /// From nothing to the most there is, eight levels; each one column wide.
    let levels: [Character]
    let full: Character
    let empty: Character
    /// Columns of a bar that are full in part, from less to more.
    let partial: [Character]
    /// In front of the row that is selected.
    let marker: Character
    /// Behind the title that rows are sorted by: most first, least first.
    let descending: Character
    let ascending: Character

    /// Unicode's block elements.
    static let blocks = Glyphs(
        levels: Array("▁▂▃▄▅▆▇█"), full: "█", empty: "░", partial: Array("▏▎▍▌▋▊▉"), marker: "▸",
        descending: "▾", ascending: "▴")
    /// For terminals that have no others: the Linux console's fonts lack the blocks.
    static let ascii = Glyphs(
        levels: Array("_.-:=+*#"), full: "#", empty: ".", partial: ["-", "="], marker: ">", descending: "v",
        ascending: "^")

    /// Those that the terminal of this environment shows (locale(7), term(7)).
    static func fitting(_ environment: [String: String]) -> Glyphs {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        let encoding = (locale ?? "").lowercased()
        let isUnicode = encoding.contains("utf-8") || encoding.contains("utf8")
        return isUnicode && environment["TERM"] != "linux" ? .blocks : .ascii
    }
}
