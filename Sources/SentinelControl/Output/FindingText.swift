// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import PlainText

/// Findings as text: a line for each, which goes on below itself where it is long.
struct FindingText {
    private let console: Console

    init(_ console: Console) {
        self.console = console
    }

    func lines(_ findings: [CheckFinding]) -> [Line] {
        findings.flatMap(lines) + [Line(), closing(findings)]
    }

    private static let levels = 9
    private static let areas = 15

    private func lines(_ finding: CheckFinding) -> [Line] {
        let start = Self.levels + Self.areas
        let room = console.width.map { max(20, $0 - start) } ?? .max
        let text = finding.remedy.map { "\(finding.what); \($0)" } ?? finding.what
        return text.sanitised.wrapped(to: room).enumerated().map { index, text in
            let level = index == 0 ? finding.level.rawValue : ""
            let area = index == 0 ? finding.area.rawValue : ""
            return Line(
                Span(level, style(finding.level)),
                Span(String(repeating: " ", count: Self.levels - level.count)),
                Span(area, .faint), Span(String(repeating: " ", count: Self.areas - area.count)), Span(text))
        }
    }

    private func style(_ level: CheckFinding.Level) -> Style {
        switch level {
        case .ok: .good
        case .note: .faint
        case .warning: .warning
        case .problem: .bad
        }
    }

    private func closing(_ findings: [CheckFinding]) -> Line {
        let (warnings, problems) = (
            findings.count { $0.level == .warning }, findings.count { $0.level == .problem }
        )
        guard warnings + problems > 0 else { return Line(Span("Nothing is wrong.", .good)) }
        let parts = [
            problems > 0 ? Quantity.count(problems, "problem") : nil,
            warnings > 0 ? Quantity.count(warnings, "warning") : nil,
        ].compactMap { $0 }
        return Line(Span("\(parts.joined(separator: ", ")).", problems > 0 ? .bad : .warning))
    }
}
