// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelConfiguration
internal import SentinelProtocol

/// A change of the configuration's file, and what has become of it.
struct FileChange {
    enum Outcome: String, Encodable {
        /// It says that already.
        case unchanged
        case dryRun = "dry-run"
        /// The helper has it.
        case reloaded
        /// The helper isn't there, and takes it when it is started.
        case nextStart = "next-start"
    }

    let file: String
    let before: Configuration
    let after: Configuration
    let diff: [String]
    var outcome: Outcome
    /// What the helper has taken over, with what had been changed in the file before.
    var changes: [HelperInterface.Reload.Change] = []

    /// The diff for people.
    var diffLines: [Line] {
        diff.map { line in
            switch line.first {
            case "+": Line(Span(line, .good))
            case "-": Line(Span(line, .bad))
            case "@": Line(Span(line, .faint))
            default: Line(Span(line))
            }
        }
    }

    /// What has become of it, for people.
    ///
    /// - Parameter undo: whether to say how it is taken back.
    func closing(undo: Bool) -> [Line] {
        let back = undo ? " To take it back: sentinelctl durations undo" : ""
        return switch outcome {
        case .unchanged: [Line(Span("Nothing to change: \(file) says that already."))]
        case .dryRun: [Line(Span("Nothing is changed. What would change in \(file):"))] + diffLines
        case .reloaded: [Line(Span("\(file) is changed, and in force.", .good), Span(back, .faint))]
        case .nextStart:
            [
                Line(
                    Span("\(file) is changed.", .good),
                    Span(" sentineld isn't running: it holds from its next start.", .warning),
                    Span(back, .faint))
            ]
        }
    }

    /// What has come into force besides, by changes of the file that hadn't been taken over.
    func others(than sections: [String]) -> [Line] {
        let others = changes.filter { change in !sections.contains { change.key.hasPrefix($0) } }
        guard !others.isEmpty else { return [] }
        return [Line(Span("The file had other changes that were not in force; they are now:", .warning))]
            + others.map { Line(Span("  \($0.key): \($0.old) → \($0.new)")) }
    }
}

/// As it is printed with --json.
struct FileChangeReport<State: Encodable>: Encodable {
    let file: String
    let outcome: FileChange.Outcome
    let before: State
    let after: State
    let diff: String
    let changes: [HelperInterface.Reload.Change]
    /// What the helper says about those that were named, where they were.
    var explanations: [Explanation]?

    init(_ change: FileChange, _ state: (Configuration) -> State) {
        file = change.file
        outcome = change.outcome
        before = state(change.before)
        after = state(change.after)
        diff = change.diff.map { $0 + "\n" }.joined()
        changes = change.changes
    }
}
