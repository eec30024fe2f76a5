// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// What a check has found, good or bad.
struct Finding: Encodable, Hashable, Sendable {
    enum Level: String, Encodable, Comparable, CaseIterable {
        case ok
        /// Worth knowing; nothing has to be done.
        case note
        /// Something may not do what it is there for.
        case warning
        /// Something doesn't.
        case problem

        static func < (a: Self, b: Self) -> Bool { allCases.firstIndex(of: a)! < allCases.firstIndex(of: b)! }
    }

    /// What it is about.
    enum Area: String, Encodable, CaseIterable {
        case configuration, helper, kernel, capacity, clock, rulesets, ports, users, ssh, unit, files
    }

    var level: Level
    var area: Area
    /// What is so, and where.
    var what: String
    /// What to do about it; absent where nothing has to be done.
    var remedy: String?

    static func ok(_ area: Area, _ what: String) -> Finding { Finding(level: .ok, area: area, what: what) }

    static func note(_ area: Area, _ what: String, _ remedy: String? = nil) -> Finding {
        Finding(level: .note, area: area, what: what, remedy: remedy)
    }

    static func warning(_ area: Area, _ what: String, _ remedy: String) -> Finding {
        Finding(level: .warning, area: area, what: what, remedy: remedy)
    }

    static func problem(_ area: Area, _ what: String, _ remedy: String?) -> Finding {
        Finding(level: .problem, area: area, what: what, remedy: remedy)
    }
}
