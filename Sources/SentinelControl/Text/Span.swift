// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import PlainText

/// What a part of a line says by its colour.
enum Style: Hashable, Sendable {
    case plain, title, good, warning, bad, faint
    /// On a screen: the row that is selected, and what must not be overlooked.
    case selected, alert

    /// ECMA-48's "select graphic rendition".
    fileprivate var code: String? {
        switch self {
        case .plain: nil
        case .title: "1"
        case .good: "32"
        case .warning: "33"
        case .bad: "31"
        case .faint: "2"
        case .selected: "7"
        case .alert: "1;7;31"
        }
    }
}

/// A part of a line. Whatever the text held, it is fit for a terminal.
struct Span: Hashable, Sendable {
    let text: String
    var style: Style

    init(_ text: String, _ style: Style = .plain) {
        self.text = text.sanitised
        self.style = style
    }

    var width: Int { text.displayWidth }

    /// The text as it is written.
    func rendered(inColours: Bool) -> String {
        guard inColours, let code = style.code, !text.isEmpty else { return text }
        return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }
}

extension Span: ExpressibleByStringInterpolation {
    init(stringLiteral text: String) {
        self.init(text)
    }
}

/// A line of output, made of parts.
struct Line: Hashable, Sendable {
    var spans: [Span]

    init(_ spans: Span...) {
        self.spans = spans
    }

    init(_ spans: [Span]) {
        self.spans = spans
    }

    /// The line without spaces at its end.
    var trimmed: Line {
        var spans = spans
        while let last = spans.last, last.text.allSatisfy({ $0 == " " }) { spans.removeLast() }
        return Line(spans)
    }

    /// The line as it is written, without spaces at its end.
    func rendered(inColours: Bool) -> String {
        trimmed.spans.map { $0.rendered(inColours: inColours) }.joined()
    }
}
