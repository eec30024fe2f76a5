// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol

/// How long bans last, as tables.
struct DurationTable {
    private let console: Console

    init(_ console: Console) { self.console = console }

    /// A line for each check and reason.
    func lines(_ durations: HelperInterface.Durations.Reply) throws -> [Line] {
        var table = TextTable(Self.columns, width: console.width)
        let most = length(durations.nodeMaximum)
        return table.lines(try durations.schedules.map { try cells($0) }) + [
            Line(), Line(Span("A node that wishes for a length of its own gets \(most) at most.", .faint)),
        ]
    }

    /// A line for each check and reason that has the same ladder as before; of others, one with the old behind "-" and
    /// one with the new behind "+".
    func lines(
        from old: HelperInterface.Durations.Reply, to new: HelperInterface.Durations.Reply
    ) throws -> [Line] {
        var table = TextTable([.init(title: "")] + Self.columns, width: console.width)
        let all =
            old.schedules.filter { schedule in !new.schedules.contains { Self.isTwin(schedule, $0) } }
            + new.schedules
        var rows: [[Span]] = []
        for schedule in all.sorted(by: { Self.rank($0) < Self.rank($1) }) {
            let before = old.schedules.first { Self.isTwin($0, schedule) }
            let after = new.schedules.first { Self.isTwin($0, schedule) }
            if before == after {
                rows.append(try [Span("")] + cells(schedule))
                continue
            }
            if let before { rows.append(try [Span("-", .bad)] + cells(before, .bad)) }
            if let after { rows.append(try [Span("+", .good)] + cells(after, .good)) }
        }
        return table.lines(rows)
    }

    /// Whether both are for the same bans.
    private static func isTwin(_ one: Schedule, _ other: Schedule) -> Bool {
        one.check == other.check && one.reason == other.reason
    }

    /// The order that the helper has.
    private static func rank(_ schedule: Schedule) -> (Int, Int, String) {
        let check = schedule.check.flatMap { Check.allCases.firstIndex(of: $0) } ?? 0
        let kind = (schedule.check == nil ? 0 : 1) + (schedule.reason == nil ? 0 : 2)
        return (kind, check, schedule.reason ?? "")
    }

    private static var columns: [TextTable.Column] {
        [
            .init(title: "CHECK"), .init(title: "REASON", fit: .cut(to: 20)),
            .init(title: "1ST", alignment: .right), .init(title: "2ND", alignment: .right, rank: 2),
            .init(title: "3RD", alignment: .right, rank: 3),
            .init(title: "4TH", alignment: .right, rank: 4),
            .init(title: "MAXIMUM", alignment: .right), .init(title: "FOR GOOD", rank: 1),
            .init(title: "FORGOTTEN", rank: 5), .init(title: "CHANCE", alignment: .right, rank: 6),
        ]
    }

    private func cells(_ schedule: Schedule, _ style: Style = .plain) throws -> [Span] {
        let steps = try (0..<4).map { length(try DurationStep(strikes: $0, schedule).longest) }
        let texts =
            [schedule.check?.rawValue ?? "any", schedule.reason ?? "any"] + steps + [
                length(schedule.maximum), schedule.permanentAfter.map { "from strike \($0)" } ?? "never",
                "after \(length(schedule.forgetAfter))", "-\(percent(schedule.jitter))",
            ]
        return texts.map { Span($0, style) }
    }

    /// A line for each number of strikes.
    func lines(_ steps: [DurationStep], _ schedule: Schedule) -> [Line] {
        var table = TextTable(
            [.init(title: "STRIKES BEFORE", alignment: .right), .init(title: "BAN LASTS")],
            width: console.width)
        let rows = steps.map { step in
            let (shortest, longest) = (length(step.shortest), length(step.longest))
            return [
                Span(Quantity.number(step.strikes)),
                Span(shortest == longest ? longest : "\(shortest) to \(longest)"),
            ]
        }
        let whose =
            switch (schedule.check, schedule.reason) {
            case (let check?, let reason?): "those of check \(check.rawValue) with reason \(reason)"
            case (nil, let reason?): "those of reason \(reason)"
            case (let check?, nil): "those of check \(check.rawValue)"
            case (nil, nil): "the default"
            }
        return table.lines(rows) + [
            Line(), Line(Span("The terms that hold are \(whose).", .faint)),
            Line(Span("A strike is forgotten after \(length(schedule.forgetAfter)).", .faint)),
        ]
    }

    private func length(_ milliseconds: Milliseconds?) -> String {
        milliseconds.map { Quantity.length($0.rawValue) } ?? "for good"
    }

    private func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }
}
