// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// How many there are of each set.
struct SetCounts: Sendable {
    private var counts = Array(repeating: 0, count: SetKind.allCases.count)

    subscript(_ kind: SetKind) -> Int {
        get { counts[Int(kind.rawValue)] }
        set { counts[Int(kind.rawValue)] = newValue }
    }
}
