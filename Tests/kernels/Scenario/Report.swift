// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Foundation

/// What this kernel does, line by line: `is - what: how` for what differs between kernels, `ok - promise` or
/// `not ok - promise` for what must hold on each.
@MainActor final class Report {
    private(set) var broken = 0

    /// Something that may differ between kernels.
    func note(_ what: String, _ how: String) { say("is - \(what): \(how)") }

    func note(_ what: String, _ how: Bool) { note(what, how ? "yes" : "no") }

    /// A promise, what has to be so for it to be kept, and what was seen, which is told where it isn't.
    func check(_ promise: String, _ conditions: Bool..., seen: Any? = nil) {
        let isKept = conditions.allSatisfy { $0 }
        say("\(isKept ? "ok" : "not ok") - \(promise)")
        guard !isKept else { return }
        broken += 1
        if let seen { explain("\(seen)") }
    }

    /// A part of the scenario. What it can't do is a promise that isn't kept.
    func part(_ name: String, _ body: () async throws -> Void) async {
        do {
            try await body()
        } catch {
            check("\(name) comes to its end", false, seen: error)
        }
    }

    private func explain(_ text: String) {
        for line in text.split(separator: "\n") { say("#   \(line)") }
    }

    private func say(_ line: String) {
        // At once: nobody sees what is in a buffer when a kernel stops.
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }
}
