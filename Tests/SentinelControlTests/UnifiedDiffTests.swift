// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Testing

@testable import SentinelControl

private func diff(_ old: String, _ new: String) -> [String] {
    UnifiedDiff.lines(from: Array(old.utf8), named: "old", to: Array(new.utf8), named: "new")
}

@Suite struct UnifiedDiffTests {
    @Test func `A difference comes with three lines around it, far ones apart, near ones together`() {
        let old = (1...20).map { "\($0)\n" }.joined()
        let new = old.replacing("3\n4\n", with: "3\nfour\n4\n").replacing("\n6\n", with: "\n")
            .replacing("\n18\n", with: "\neighteen\n")
        #expect(
            diff(old, new) == [
                "--- old", "+++ new", "@@ -1,9 +1,9 @@", " 1", " 2", " 3", "+four", " 4", " 5", "-6", " 7",
                " 8",
                " 9", "@@ -15,6 +15,6 @@", " 15", " 16", " 17", "-18", "+eighteen", " 19", " 20",
            ])
    }

    @Test func `Texts that are the same have none`() { #expect(diff("a\n", "a\n") == []) }

    @Test func `A last line without an end is said to have none`() {
        #expect(
            diff("a\nb", "a\nb\nc") == [
                "--- old", "+++ new", "@@ -1,2 +1,3 @@", " a", "-b", "\\ No newline at end of file", "+b",
                "+c",
                "\\ No newline at end of file",
            ])
    }

    @Test func `Of nothing everything is added`() {
        #expect(diff("", "a\n") == ["--- old", "+++ new", "@@ -0,0 +1 @@", "+a"])
        #expect(diff("a\n", "") == ["--- old", "+++ new", "@@ -1 +0,0 @@", "-a"])
    }
}
