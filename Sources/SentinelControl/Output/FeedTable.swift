// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol

/// Feeds, a row each, and below the table what is wrong with them.
struct FeedTable {
    private let console: Console

    init(_ console: Console) {
        self.console = console
    }

    func lines(_ feeds: [Feed]) -> [Line] {
        guard !feeds.isEmpty else { return [] }
        var table = TextTable(
            [
                .init(title: "FEED", fit: .key), .init(title: "ADDRESSES", alignment: .right),
                .init(title: "BLOCKS", alignment: .right), .init(title: "REFUSED", alignment: .right),
                .init(title: "GUARDED", alignment: .right, rank: 2), .init(title: "READ"),
                .init(title: "AGE"),
                .init(title: "FORMAT", rank: 3), .init(title: "PATH", fit: .cut(to: 12), rank: 1),
            ], width: console.width)
        let now = console.now()
        return table.lines(feeds.map { cells($0, now) }) + feeds.flatMap { remarks($0) }
    }

    private func cells(_ feed: Feed, _ now: Timestamp) -> [Span] {
        func ago(_ time: Timestamp?) -> String {
            time.map { Quantity.length(now.rawValue - $0.rawValue) } ?? "-"
        }
        return [
            Span(feed.name, feed.problem == nil ? .plain : .warning), Span(Quantity.number(feed.addresses)),
            Span(Quantity.number(feed.blocks)),
            Span(Quantity.number(feed.refused), feed.refused > 0 ? .warning : .plain),
            Span(Quantity.number(feed.guarded)), Span(ago(feed.read)), Span(ago(feed.refreshed)),
            Span(feed.format ?? "-"), Span(feed.path),
        ]
    }

    private func remarks(_ feed: Feed) -> [Line] {
        guard feed.problem != nil || feed.refused > 0 else { return [] }
        var fields = FieldList(indent: 2)
        fields.add("problem", feed.problem, .warning)
        for refusal in feed.refusals { fields.add("refused", refusal) }
        let more = feed.refused - feed.refusals.count
        if more > 0 { fields.add("refused", "\(Quantity.number(more)) more") }
        return [Line(), Line(Span(feed.name, .title))] + fields.lines(width: console.width)
    }
}
