// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol

/// How long bans last, as tables.
struct DurationTable {
    private let console: Console

    init(_ console: Console) { self.console = console }

    /// A line for each check and reason.
    func lines(_ durations: HelperInterface.Durations.Reply) throws -> [Line] {
        var table = TextTable(
            [
                .init(title: "CHECK"), .init(title: "REASON", fit: .cut(to: 20)),
                .init(title: "1ST", alignment: .right), .init(title: "2ND", alignment: .right, rank: 2),
                .init(title: "3RD", alignment: .right, rank: 3),
                .init(title: "4TH", alignment: .right, rank: 4),
                .init(title: "MAXIMUM", alignment: .right), .init(title: "FOR GOOD", rank: 1),
                .init(title: "FORGOTTEN", rank: 5), .init(title: "CHANCE", alignment: .right, rank: 6),
            ], width: console.width)
        let rows = try durations.schedules.map { schedule in
            let steps = try (0..<4).map { Span(length(try DurationStep(strikes: $0, schedule).longest)) }
            return [Span(schedule.check?.rawValue ?? "any"), Span(schedule.reason ?? "any")] + steps + [
                Span(length(schedule.maximum)),
                Span(schedule.permanentAfter.map { "from strike \($0)" } ?? "never"),
                Span("after \(length(schedule.forgetAfter))"), Span("-\(percent(schedule.jitter))"),
            ]
        }
        let most = length(durations.nodeMaximum)
        return table.lines(rows) + [
            Line(), Line(Span("A node that wishes for a length of its own gets \(most) at most.", .faint)),
        ]
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
