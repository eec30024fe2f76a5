// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol

/// Events as lines.
struct EventTable {
    private let console: Console
    private var table: TextTable

    init(_ console: Console) {
        self.console = console
        table = TextTable(
            [
                .init(title: ""), .init(title: ""), .init(title: "", fit: .key, minimum: 15),
                .init(title: "", minimum: 7), .init(title: "", fit: .cut(to: 8), minimum: 8),
                .init(title: ""),
                .init(title: "", fit: .cut(to: 12), rank: 1),
                .init(title: "", rank: 2), .init(title: "", fit: .cut(to: 20), rank: 3),
            ], width: console.width, hasHeader: false)
    }

    mutating func lines(_ events: [Event]) -> [Line] {
        var lines: [Line] = []
        var rows: [[Span]] = []
        for event in events {
            if let ban = event.ban {
                rows.append(row(event, ban))
            } else {
                lines += table.lines(rows) + [line(event)]
                rows = []
            }
        }
        return lines + table.lines(rows)
    }

    private func row(_ event: Event, _ ban: Ban) -> [Span] {
        [
            time(event), kind(event), Span(ban.key, .title), ban.checkSpan, Span(ban.reason),
            Span(end(event, ban)),
            Span(event.actor ?? (ban.byOperator ? "operator \(ban.caller)" : ban.caller)),
            Span(ban.peer ?? ""), Span(ban.detail ?? ""),
        ]
    }

    /// When a ban ends that has come about; for others the event's own time says it.
    private func end(_ event: Event, _ ban: Ban) -> String {
        switch event.kind {
        case .banned, .renewed: ban.expires?.relative(to: event.time) ?? "for good"
        default: ""
        }
    }

    private func line(_ event: Event) -> Line {
        let missed = event.missed.map { "\(Quantity.count($0, "event")) not seen: this reader was too slow" }
        return Line(time(event), "  ", kind(event), "  ", Span(event.message ?? missed ?? ""))
    }

    private func time(_ event: Event) -> Span { Span(console.localTime.text(event.time), .faint) }

    private func kind(_ event: Event) -> Span {
        let style: Style =
            switch event.kind {
            case .banned, .renewed: .bad
            case .lifted, .expired: .good
            default: .warning
            }
        let name = event.kind.rawValue
        return Span(name + String(repeating: " ", count: max(0, 8 - name.count)), style)
    }
}
