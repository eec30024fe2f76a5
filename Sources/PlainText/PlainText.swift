// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

// What may be shown of texts that come from outside: names, reasons and evidence are chosen by peers.

extension Unicode.Scalar {
    /// Whether a terminal could take it for more than a character to show: control characters, and those that
    /// change the order or the lines of a text.
    package var isUnfitForTerminal: Bool {
        // Most are these, and the table of categories is slow.
        if 0x20..<0x7F ~= value { return false }
        return switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
            true
        default: false
        }
    }

    /// The character itself, or its escape where it is unfit for a terminal: `\u{1B}`.
    package var printable: String {
        isUnfitForTerminal ? "\\u{\(String(value, radix: 16, uppercase: true))}" : String(self)
    }

    /// As it may stand in a string of JSON: `\u001b`; two of these where it needs two units of UTF-16.
    package var escapedInJSON: String {
        UTF16.encode(self).map { units in
            units.map { unit in
                let digits = String(unit, radix: 16)
                return "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            }.joined()
        } ?? ""
    }
}

extension String {
    /// The same text with everything that is unfit for a terminal made visible.
    package var sanitised: String {
        guard unicodeScalars.contains(where: \.isUnfitForTerminal) else { return self }
        return unicodeScalars.reduce(into: "") { $0 += $1.printable }
    }

    /// The text cut to a length that fits a message, with a question mark for what is unfit for a terminal.
    package var excerpt: String {
        let most = 80
        let shown = unicodeScalars.prefix(most).map { $0.isUnfitForTerminal ? "?" : Character($0) }
        return String(shown) + (unicodeScalars.count > most ? "…" : "")
    }
}
