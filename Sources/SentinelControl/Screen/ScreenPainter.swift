// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Turns frames into what is written to a terminal: what has changed, no more (ECMA-48, and xterm's private modes).
struct ScreenPainter: Sendable {
    private let hasColours: Bool
    private var shown: Frame?

    init(hasColours: Bool) {
        self.hasColours = hasColours
    }

    /// The alternate screen without wrapping at the right edge, so that a character of unexpected width harms its own
    /// line alone; pastes are told apart from keys.
    static let enter = "\u{1B}[?1049h\u{1B}[?7l\u{1B}[?2004h\u{1B}[?25l\u{1B}[0m\u{1B}[2J"
    /// All as it was.
    static let leave = "\u{1B}[0m\u{1B}[?2004l\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l"

    /// What the terminal shows isn't known any more.
    mutating func forget() { shown = nil }

    /// What turns what is shown into this frame; nothing where it is that already.
    mutating func paint(_ frame: Frame) -> String {
        guard frame != shown else { return "" }
        let known = shown?.size == frame.size ? shown : nil
        var text = known == nil ? "\u{1B}[0m\u{1B}[2J" : ""
        for (row, line) in frame.lines.enumerated() where known?.lines[row] != line {
            if known == nil, line.width == 0 { continue }
            text += "\u{1B}[\(row + 1);1H" + line.rendered(inColours: hasColours)
            // Erased from here on; in the last column that would be the character just written.
            if line.width < frame.size.columns { text += "\u{1B}[K" }
        }
        if let cursor = frame.cursor {
            text += "\u{1B}[\(cursor.row + 1);\(cursor.column + 1)H\u{1B}[?25h"
        } else if known == nil || known?.cursor != nil {
            text += "\u{1B}[?25l"
        }
        shown = frame
        return text
    }
}
