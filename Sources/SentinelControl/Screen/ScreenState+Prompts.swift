// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

extension ScreenState {
    /// A key at a question.
    mutating func take(_ key: Key, in prompt: Prompt) -> [ScreenEffect] {
        if key == .escape {
            if case .filter(let before) = prompt.purpose { filter = before }
            focus = .table
            return []
        }
        if case .lift(let ban, let name) = prompt.purpose { return answer(key, lifting: ban, name) }
        guard key != .enter else { return finish(prompt) }
        var prompt = prompt
        guard prompt.line.take(key) else { return [] }
        if case .filter = prompt.purpose { filter = prompt.line.text }
        focus = .prompt(prompt)
        return []
    }

    /// Only a yes is one; what means neither is waited for.
    private mutating func answer(_ key: Key, lifting ban: Int64, _ name: String) -> [ScreenEffect] {
        switch key {
        case .character("y"), .character("Y"):
            focus = .table
            return run(.lift(key: name), ["lift", "--id", "\(ban)"], "lifting the ban of \(name)")
        case .character("n"), .character("N"), .character("q"), .enter:
            focus = .table
            say("The ban of \(name) stays.")
            return []
        default: return []
        }
    }

    /// What was typed is complete.
    private mutating func finish(_ prompt: Prompt) -> [ScreenEffect] {
        let text = Self.trimmed(prompt.line.text)
        focus = .table
        switch prompt.purpose {
        case .filter, .lift: return []
        case .banSubject:
            guard !text.isEmpty else { return [] }
            do {
                _ = try Subject(text: text).inferredCheck()
            } catch {
                say("\(error)", .bad)
                focus = .prompt(prompt)
                return []
            }
            let length = LineEditor(draft?.subject == text ? draft?.length ?? "" : "")
            focus = .prompt(Prompt(purpose: .banLength(subject: text), line: length))
            return []
        case .banLength(let subject):
            let options =
                switch text {
                case "": [String]()
                case "good", "for good": ["--for-good"]
                default: ["--for=\(text)"]
                }
            return run(
                .ban(subject: subject, length: text), ["ban"] + options + ["--", subject],
                "banning \(subject)")
        case .exempt:
            guard !text.isEmpty else { return [] }
            return run(
                .exempt, ["exempt", "add", "--config=\(configuration)", "--", text], "exempting \(text)")
        }
    }

    private mutating func run(
        _ kind: ScreenAction.Kind, _ arguments: [String], _ doing: String
    ) -> [ScreenEffect] {
        message = nil
        self.doing = doing
        return [.run(ScreenAction(kind: kind, arguments: arguments, doing: doing))]
    }

    private static func trimmed(_ text: String) -> String {
        let start = text.drop { $0 == " " }
        return start.lastIndex { $0 != " " }.map { String(start[...$0]) } ?? ""
    }
}
