// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Which row is selected, and which are in view.
struct RowSelection<ID: Hashable & Sendable>: Hashable, Sendable {
    /// What has been chosen; nil: whatever is first.
    private(set) var chosen: ID?
    /// Where the selected row was when it was last looked for.
    private(set) var index = 0
    /// The first row in view.
    private(set) var top = 0

    /// Finds the chosen row among `rows`, wherever it has gone to, and brings it into a view of `height` rows. Where it
    /// is gone, the row that is in its place is chosen.
    mutating func follow(_ rows: [ID], height: Int) {
        let last = max(0, rows.count - 1)
        if let chosen {
            if let found = rows.firstIndex(of: chosen) {
                index = found
            } else {
                index = min(index, last)
                self.chosen = rows.isEmpty ? nil : rows[index]
            }
        } else {
            index = 0
        }
        let height = max(1, height)
        top = min(top, index, max(0, rows.count - height))
        if index >= top + height { top = index - height + 1 }
    }

    /// Goes so many rows down, or up where it is negative.
    mutating func move(_ count: Int, in rows: [ID], height: Int) {
        follow(rows, height: height)
        guard !rows.isEmpty else { return }
        let (sum, overflows) = index.addingReportingOverflow(count)
        index = overflows ? (count > 0 ? rows.count - 1 : 0) : min(max(0, sum), rows.count - 1)
        chosen = rows[index]
        follow(rows, height: height)
    }

    /// Whatever is first is selected again.
    mutating func reset() {
        chosen = nil
        index = 0
        top = 0
    }
}
