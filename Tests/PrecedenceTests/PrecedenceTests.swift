// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Precedence
import Testing

@Suite struct PrecedenceTests {
    /// Which values there are, and which of them holds for a ban of check "c" and reason "r".
    @Test(arguments: [
        (["c r", "- r", "c -", "- -"], "c r"), (["- r", "c -", "- -"], "- r"), (["c -", "- -"], "c -"),
        (["- -"], "- -"), (["c r"], "c r"), (["- r", "c -"], "- r"), (["x r", "c x", "- x", "x -"], nil),
        ([], nil),
    ])
    func `The most specific value holds`(values: [String], holds: String?) {
        let found = Precedence.first(check: "c", reason: "r") { check, reason in
            values.first { $0 == "\(check ?? "-") \(reason ?? "-")" }
        }
        #expect(found == holds)
        let byCheck = ["c": "c -", "x": "x -"].filter { values.contains($0.value) }
        let byReason = ["r": "- r", "x": "- x"].filter { values.contains($0.value) }
        let both = ["c": ["r": "c r", "x": "c x"], "x": ["r": "x r"]].mapValues {
            $0.filter { values.contains($0.value) }
        }
        let placed = Precedence.first(
            check: "c", reason: "r", both: both, byReason: byReason, byCheck: byCheck, otherwise: "- -")
        #expect(placed == holds ?? "- -")
    }
}
