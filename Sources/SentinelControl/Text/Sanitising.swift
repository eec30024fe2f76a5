// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

extension Unicode.Scalar {
    /// Whether a terminal could take it for more than a character to show: control characters, and those that
    /// change the order or the lines of a text.
    var isUnfitForTerminal: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
            true
        default: false
        }
    }
}

extension String {
    /// The same text with everything that is unfit for a terminal made visible: `\u{1B}`.
    var sanitised: String {
        guard unicodeScalars.contains(where: \.isUnfitForTerminal) else { return self }
        var text = ""
        for scalar in unicodeScalars {
            if scalar.isUnfitForTerminal {
                text += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
