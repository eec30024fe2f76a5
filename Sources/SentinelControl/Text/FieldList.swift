// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Names with their values below each other; values that are too long go on below themselves.
struct FieldList {
    private var fields: [(name: String, value: Span)] = []
    private let indent: Int

    init(indent: Int = 0) {
        self.indent = indent
    }

    /// Adds a field; one without a value is left out.
    mutating func add(_ name: String, _ value: String?, _ style: Style = .plain) {
        if let value { fields.append((name, Span(value, style))) }
    }

    /// The lines, for a terminal of so many columns; nil: without an end.
    func lines(width: Int?) -> [Line] {
        let names = fields.map(\.name.displayWidth).max() ?? 0
        let start = indent + names + 2
        return fields.flatMap { name, value -> [Line] in
            let room = width.map { max(20, $0 - start) } ?? .max
            return value.text.wrapped(to: room).enumerated().map { index, text in
                let label = index == 0 ? name : ""
                let padding = String(repeating: " ", count: names + 2 - label.displayWidth)
                return Line(
                    Span(String(repeating: " ", count: indent)), Span(label, .faint), Span(padding),
                    Span(text, value.style))
            }
        }
    }
}
