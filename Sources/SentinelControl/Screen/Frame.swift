// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// How large a terminal is, in characters.
struct TerminalSize: Hashable, Sendable {
    var columns: Int
    var rows: Int
}

/// What a terminal shows at one time: as many lines as it has rows, none wider than it is, whatever they were made of.
struct Frame: Hashable, Sendable {
    let size: TerminalSize
    let lines: [Line]
    /// Where the cursor is seen, from 0; nil: nowhere.
    let cursor: Cursor?

    struct Cursor: Hashable, Sendable {
        var row: Int
        var column: Int
    }

    init(_ lines: [Line], size: TerminalSize, cursor: Cursor? = nil) {
        self.size = size
        let shown = lines.prefix(max(0, size.rows)).map { $0.cut(to: max(0, size.columns)).trimmed }
        self.lines = shown + Array(repeating: Line(), count: max(0, size.rows - shown.count))
        self.cursor = cursor.flatMap { cursor in
            let isInside = (0..<size.rows).contains(cursor.row) && (0..<size.columns).contains(cursor.column)
            return isInside ? cursor : nil
        }
    }
}

extension Line {
    var width: Int { spans.reduce(0) { $0 + $1.width } }

    /// The line, cut to `width` columns where it is longer.
    func cut(to width: Int) -> Line {
        guard self.width > width else { return self }
        var left = width
        var kept: [Span] = []
        for span in spans {
            guard span.width > left else {
                kept.append(span)
                left -= span.width
                continue
            }
            kept.append(Span(span.text.cut(to: left), span.style))
            break
        }
        return Line(kept)
    }

    /// The line with blanks up to `width` columns, all of one style.
    func highlighted(_ style: Style, to width: Int) -> Line {
        let text = spans.map(\.text).joined()
        return Line(Span(text + String(repeating: " ", count: max(0, width - text.displayWidth)), style))
    }

    /// Two lines in one, the second at the right edge; where there isn't room for both, the first alone.
    func justified(_ right: Line, to width: Int) -> Line {
        let gap = width - self.width - right.width
        guard gap >= 2 else { return self }
        return Line(spans + [Span(String(repeating: " ", count: gap))] + right.spans)
    }
}
