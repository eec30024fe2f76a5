// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A question at the bottom of the screen.
struct Prompt: Hashable, Sendable {
    enum Purpose: Hashable, Sendable {
        /// Takes effect while it is typed. Escape brings back what was there before.
        case filter(before: String)
        case banSubject
        case banLength(subject: String)
        /// Yes or no.
        case lift(ban: Int64, key: String)
        case exempt
    }

    var purpose: Purpose
    var line = LineEditor()

    var question: String {
        switch purpose {
        case .filter: "Show what has "
        case .banSubject: "Ban (address, block or endpoint): "
        case .banLength(let subject): "Ban \(subject) for how long: "
        case .lift(_, let key): "Lift the ban of \(key)? (y/n) "
        case .exempt: "Exempt from every ban: "
        }
    }

    /// What may be answered.
    var hint: String {
        switch purpose {
        case .filter: "A part of an address, a peer's id, a reason.   Enter: keep it   Esc: as it was"
        case .banSubject: "Enter: go on   Esc: never mind   Ctrl-U: empty the line"
        case .banLength: "1h30m, 7d, or good; nothing: as configured.   Enter: ban   Esc: never mind"
        case .lift: "y: yes   n: no"
        case .exempt: "An address or a block.   Enter: write it into the configuration   Esc: never mind"
        }
    }
}
