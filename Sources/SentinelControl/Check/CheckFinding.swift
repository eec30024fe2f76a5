// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// What a check has found, good or bad.
struct CheckFinding: Encodable, Hashable, Sendable {
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

    /// - Parameters:
    ///   - text: what, and behind "; " the remedy where that isn't given by itself.
    init(_ level: Level, _ area: Area, _ text: String, remedy: String? = nil) {
        (self.level, self.area) = (level, area)
        guard remedy == nil, let place = text.firstRange(of: "; ") else {
            (what, self.remedy) = (text, remedy)
            return
        }
        (what, self.remedy) = (String(text[..<place.lowerBound]), String(text[place.upperBound...]))
    }

    static func ok(_ area: Area, _ text: String) -> CheckFinding { .init(.ok, area, text) }

    static func note(_ area: Area, _ text: String, remedy: String? = nil) -> CheckFinding {
        .init(.note, area, text, remedy: remedy)
    }

    static func warning(_ area: Area, _ text: String) -> CheckFinding { .init(.warning, area, text) }

    static func problem(_ area: Area, _ text: String) -> CheckFinding { .init(.problem, area, text) }
}
