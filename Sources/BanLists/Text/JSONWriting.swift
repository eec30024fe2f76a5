// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import PlainText

extension String {
    /// The text as a JSON string in its quotation marks. What a terminal would act on is escaped.
    var asJSON: String {
        var text = "\""
        for scalar in unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            default:
                guard scalar.isUnfitForTerminal else {
                    text.unicodeScalars.append(scalar)
                    continue
                }
                text += scalar.escapedInJSON
            }
        }
        return text + "\""
    }
}
