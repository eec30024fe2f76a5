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
        case .banSubject: "Ban whom (address, block or endpoint): "
        case .banLength(let subject): "Ban \(subject) for how long (1h30m, 7d, good; empty: as configured): "
        case .lift(_, let key): "Lift the ban of \(key)? (y/n) "
        case .exempt: "Exempt from every ban, in the configuration's file (address or block): "
        }
    }
}
