// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import PlainText
internal import SentinelConfiguration

/// A line of the log: a message, then fields as `key=value`. Whatever a caller has put into it stays within its line
/// and its field, and does nothing to a terminal.
enum LogText {
    /// - Parameter fields: in the order that they are written in.
    static func line(_ message: String, fields: [(key: String, value: String)]) -> String {
        fields.reduce(plain(message)) { $0 + " \(plain($1.key))=\(value($1.value))" }
    }

    /// The text on one line, with an escape for each character that isn't graphic.
    static func plain(_ text: String) -> String { written(text, \.printable) }

    /// A field's value: in quotes where it would be taken for more than one otherwise.
    static func value(_ text: String) -> String {
        let isBare =
            !text.isEmpty
            && text.unicodeScalars.allSatisfy { $0.value > 0x20 && inQuotes($0) == String($0) }
        return isBare ? plain(text) : "\"" + written(text, inQuotes) + "\""
    }

    private static func inQuotes(_ scalar: Unicode.Scalar) -> String {
        scalar == "\"" || scalar == "\\" ? "\\\(scalar)" : scalar.printable
    }

    private static func written(_ text: String, _ form: (Unicode.Scalar) -> String) -> String {
        var written = ""
        for scalar in text.unicodeScalars {
            guard written.utf8.count < longest else { return written + "…" }
            written += form(scalar)
        }
        return written
    }

    /// In bytes; what is longer is cut.
    private static var longest: Int { 4096 }
}
