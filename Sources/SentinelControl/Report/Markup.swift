// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import PlainText

/// A part of a page: HTML that is well-formed XML as well. Whatever the texts in it held, they are text.
struct Markup: Sendable {
    private(set) var html: String

    /// What stands in the program itself, and needs no escapes.
    init(verbatim html: StaticString) { self.html = "\(html)" }

    /// Text, with everything visible that no terminal and no page would show as it is.
    init(_ text: String) { html = Self.escaped(text) }

    init(_ parts: [Markup]) { html = parts.reduce(into: "") { $0 += $1.html } }

    private init(html: String) { self.html = html }

    static let nothing = Markup("")

    /// An element. Attributes without a value are left out.
    static func element(
        _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String?> = [:],
        _ content: [Markup] = []
    ) -> Markup {
        var html = "<\(name)"
        for (name, value) in attributes { if let value { html += " \(name)=\"\(escaped(value))\"" } }
        let name = "\(name)"
        guard !void.contains(name) else { return Markup(html: html + "/>\n") }
        html += ">"
        for part in content { html += part.html }
        html += "</\(name)>"
        // Lines, for whoever looks at the source; between these no space is shown.
        return Markup(html: blocks.contains(name) ? html + "\n" : html)
    }

    /// An element that holds text.
    static func element(
        _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String?> = [:], _ text: String
    ) -> Markup {
        element(name, attributes, [Markup(text)])
    }

    private static let void: Set<String> = ["meta"]
    private static let blocks: Set<String> = [
        "title", "style", "head", "header", "main", "footer", "section", "figure", "figcaption", "div", "h1",
        "h2", "p",
        "dl", "ul", "li", "svg", "g", "table", "thead", "tbody", "tfoot", "tr", "details", "body", "html",
    ]

    private static func escaped(_ text: String) -> String {
        let text = text.sanitised
        guard
            text.utf8.contains(where: { $0 == 0x26 || $0 == 0x3C || $0 == 0x3E || $0 == 0x22 || $0 == 0x27 })
        else {
            return text
        }
        return text.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
    }
}

/// A number as an attribute has it: with a point, and at most three digits behind it.
func coordinate(_ value: Double) -> String {
    let thousandths = Int64((value * 1000).rounded())
    let rest = thousandths.magnitude % 1000
    var text = "\(thousandths < 0 ? "-" : "")\(thousandths.magnitude / 1000)"
    if rest > 0 {
        text += "." + String(repeating: "0", count: 3 - String(rest).count) + String(rest)
        while text.hasSuffix("0") { text.removeLast() }
    }
    return text
}

/// A share of the width, as an attribute has it.
func percent(_ share: Double) -> String { coordinate(share * 100) + "%" }
