// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol

/// What became of requests, as text.
struct ReceiptText {
    let console: Console

    init(_ console: Console) {
        self.console = console
    }

    /// A line for each that was carried out, or will be. The others are complaints.
    func lines(_ receipts: [Receipt]) -> [Line] {
        let done = receipts.filter { $0.refusal == nil || $0.id != nil }
        var table = TextTable(
            [
                .init(title: "", fit: .fixed), .init(title: "", fit: .key), .init(title: ""),
                .init(title: "", rank: 1), .init(title: "", rank: 2),
            ], width: console.width, hasHeader: false)
        var lines = table.lines(done.map(row))
        if done.contains(where: { !$0.durable }) {
            lines.append(Line(Span("Not durable: a reboot ends such a ban.", .faint)))
        }
        return lines
    }

    private func outcome(_ receipt: Receipt) -> Span {
        if receipt.enforced { return Span("banned", .good) }
        return Span(receipt.shadowed == true ? "in shadow, only counted" : "noted, not enforced", .warning)
    }

    private func row(_ receipt: Receipt) -> [Span] {
        [
            outcome(receipt),
            Span(receipt.subject, .title),
            Span(receipt.expires.map { "until \(console.moment($0))" } ?? "for good"),
            Span("strike \(receipt.strikes)"), Span(receipt.id.map { "ban \($0)" } ?? ""),
        ]
    }
}
