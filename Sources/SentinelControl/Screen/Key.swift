// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Something typed at a terminal.
enum Key: Hashable, Sendable {
    case character(Character)
    case enter, escape, backspace, delete, tab
    case up, down, left, right, pageUp, pageDown, home, end
    /// With Control held: the letter.
    case control(Character)
    /// What was pasted, where the terminal tells it from what is typed.
    case pasted(String)
}
