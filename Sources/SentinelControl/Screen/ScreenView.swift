// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import PlainText
internal import SentinelProtocol

/// Makes the screen's frames of its state.
struct ScreenView: Sendable {
    let glyphs: Glyphs
    let localTime: LocalTime

    /// What the terminal is to show.
    func frame(_ state: ScreenState) -> Frame {
        if case .overlay(let overlay) = state.focus { return frame(of: overlay, state) }
        var lines = head(state)
        lines += table(state, height: tableHeight(state))
        // The bottom keeps its place, whatever the table has.
        let bottom = self.bottom(state)
        let room = max(0, state.size.rows - bottom.lines.count)
        lines = Array(lines.prefix(room)) + Array(repeating: Line(), count: max(0, room - lines.count))
        // The question stands above the last line.
        let row = lines.count + bottom.lines.count - 2
        let cursor = bottom.cursor.map { Frame.Cursor(row: row, column: $0) }
        return Frame(lines + bottom.lines, size: state.size, cursor: cursor)
    }

    /// The same as text for a file or a pipe: all rows, and nothing of keys.
    func lines(_ state: ScreenState) -> [Line] {
        head(state) + table(state, height: state.rows.count)
    }

    /// How many rows of the table there is room for.
    func tableHeight(_ state: ScreenState) -> Int {
        max(1, state.size.rows - head(state).count - 1 - bottom(state).lines.count)
    }

    // MARK: The bottom

    /// The last lines, and in which column of the last but one the cursor is.
    private func bottom(_ state: ScreenState) -> (lines: [Line], cursor: Int?) {
        let columns = state.size.columns
        if case .prompt(let prompt) = state.focus {
            let question = prompt.question.cut(to: max(0, columns - 20))
            let typed = prompt.line.window(columns - question.displayWidth)
            return (
                said(state) + [
                    Line(Span(question, .title), Span(typed.text)), Line(Span(prompt.hint, .faint)),
                ], question.displayWidth + typed.cursor
            )
        }
        let text = said(state)
        return ((text.isEmpty ? [Line()] : text) + [hints(columns)], nil)
    }

    /// What is being done, or what has become of what was asked for; at most three lines.
    private func said(_ state: ScreenState) -> [Line] {
        if let doing = state.doing { return [Line(Span("\(doing)…", .faint))] }
        guard let message = state.message else { return [] }
        let text = message.text.sanitised.wrapped(to: max(1, state.size.columns)).prefix(3)
        return text.map { Line(Span($0, message.style)) }
    }

    /// As many keys as there is room for, the more important ones first to stay.
    private func hints(_ columns: Int) -> Line {
        let all = [
            ("e", "explain", 1), ("b", "ban", 2), ("l", "lift", 3), ("x", "exempt", 7),
            ("/", "filter", 4), ("s", "sort", 5), ("p", "pause", 6), ("?", "help", 0), ("q", "quit", 0),
        ]
        var shown = all
        func width() -> Int { shown.reduce(-2) { $0 + $1.0.count + $1.1.count + 3 } }
        while width() > columns, let last = shown.max(by: { $0.2 < $1.2 }), last.2 > 0 {
            shown.removeAll { $0.2 == last.2 }
        }
        return Line(
            shown.enumerated().flatMap { index, hint in
                [Span(index > 0 ? "  " : ""), Span(hint.0, .title), Span(" \(hint.1)", .faint)]
            })
    }
}
