// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import FoundationEssentials
internal import PlainText

/// JSON as it is printed.
enum JSONText {
    /// A document for a reader: indented.
    static func document(_ value: some Encodable) throws -> String {
        try text(value, [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    }

    /// A document in one line, among others.
    static func line(_ value: some Encodable) throws -> String {
        try text(value, [.sortedKeys, .withoutEscapingSlashes])
    }

    private static func text(_ value: some Encodable, _ format: JSONEncoder.OutputFormatting) throws -> String
    {
        let encoder = JSONEncoder()
        encoder.outputFormatting = format
        return escaped(String(decoding: try encoder.encode(value), as: UTF8.self)) + "\n"
    }

    /// JSON allows characters in strings that a terminal would act on: they are written as `\u009b`. Outside of
    /// strings there are none but line feeds.
    private static func escaped(_ json: String) -> String {
        guard json.unicodeScalars.contains(where: { $0 != "\n" && $0.isUnfitForTerminal }) else {
            return json
        }
        var text = ""
        for scalar in json.unicodeScalars {
            guard scalar != "\n", scalar.isUnfitForTerminal else {
                text.unicodeScalars.append(scalar)
                continue
            }
            text += scalar.escapedInJSON
        }
        return text
    }
}
