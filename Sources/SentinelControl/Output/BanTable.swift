// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol

/// Bans as rows of a table, page by page.
struct BanTable {
    private let console: Console
    private var table: TextTable

    init(_ console: Console) {
        self.console = console
        table = TextTable(
            [
                .init(title: "KEY", fit: .key), .init(title: "CHECK"),
                .init(title: "REASON", fit: .cut(to: 8)), .init(title: "ENDS", rank: 1), .init(title: "LEFT"),
                .init(title: "ID", alignment: .right, rank: 2),
                .init(title: "BY", fit: .cut(to: 12), rank: 3),
                .init(title: "STRIKES", alignment: .right, rank: 4), .init(title: "CREATED", rank: 6),
                .init(title: "PEER", rank: 5), .init(title: "DETAIL", fit: .cut(to: 20), rank: 7),
            ], width: console.width)
    }

    /// The lines of some more bans; the header comes before the first.
    mutating func lines(_ bans: [Ban]) -> [Line] {
        let now = console.now()
        return table.lines(
            bans.map { ban in
                [
                    Span(ban.key), ban.checkSpan, Span(ban.reason),
                    Span(ban.expires.map(console.localTime.text) ?? "never"),
                    Span(ban.expires?.relative(to: now) ?? "for good"), Span("\(ban.id)"),
                    Span(ban.byOperator ? "operator \(ban.caller)" : ban.caller), Span("\(ban.strikes)"),
                    Span(console.localTime.text(ban.created)), Span(ban.peer ?? "-"), Span(ban.detail ?? "-"),
                ]
            })
    }
}
