// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Synchronization

/// Runs another verb within this process, and keeps what it prints.
enum VerbRun {
    static func outcome(
        of arguments: [String], _ console: Console, _ helper: HelperAddress
    ) async -> VerbOutcome {
        let printed = Printed()
        var inner = console
        inner.write = { (text: String) throws(OutputClosed) in printed.add(output: text) }
        inner.writeError = { printed.add(error: $0) }
        inner.ask = nil
        inner.showProgress = nil
        inner.width = nil
        inner.hasColours = false
        let status = await ControlProgram.status(of: arguments, on: inner, helper)
        return printed.outcome(status)
    }
}

/// What has been printed so far.
private final class Printed: Sendable {
    private let texts = Mutex((output: "", errors: ""))

    func add(output text: String) { texts.withLock { $0.output += text } }
    func add(error text: String) { texts.withLock { $0.errors += text + "\n" } }

    func outcome(_ status: ExitStatus) -> VerbOutcome {
        func lines(_ text: String) -> [String] { text.split(separator: "\n").map(String.init) }
        return texts.withLock { texts in
            VerbOutcome(
                status: status, output: lines(texts.output),
                // Which help to see is of no use at a prompt.
                errors: lines(texts.errors).filter { !$0.contains("--help") }.map {
                    $0.hasPrefix("sentinelctl: ") ? String($0.dropFirst(13)) : $0
                })
        }
    }
}
