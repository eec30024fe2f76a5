// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import PlainText
internal import SentinelProtocol

extension ScreenView {
    /// What the table shows, and how old it is.
    func caption(_ state: ScreenState) -> Line {
        let data = state.data
        var left: [Span] = []
        if data.readingAt != nil {
            let shown = state.rows.count
            let all = state.data.glance?.status.bans ?? shown
            let isPart = shown < all && state.filter.isEmpty
            let what = Quantity.count(shown, "row") + (isPart ? ", of those that have refused most" : "")
            left.append(Span(what, .faint))
        }
        if !state.filter.isEmpty {
            left += [
                Span("  with ", .faint), Span("\"\(state.filter)\"", .warning), Span(" (Esc: all)", .faint),
            ]
        }
        if let refusal = data.refusal { left += [Span("  \(refusal)", .warning)] }
        var right = Line()
        if let last = data.readingAt {
            let age = Int64((state.now.elapsed - last.elapsed).seconds * 1000)
            let took = Int64(data.readingTook.seconds * 1000)
            let isSlow = took > 300
            let text = isSlow ? "as of \(Quantity.length(age)) ago, read in \(Quantity.length(took))" : ""
            right = Line(Span(age > 5000 && !isSlow ? "as of \(Quantity.length(age)) ago" : text, .faint))
        }
        return Line(left).justified(right, to: state.size.columns)
    }

    /// The table's title and `height` rows of it, from the first in view on.
    func table(_ state: ScreenState, height: Int) -> [Line] {
        let width = max(0, state.size.columns - 2)
        var table = TextTable(columns(state), width: width)
        let rows = state.rows.dropFirst(state.selection.top).prefix(max(0, height))
        let lines = table.lines(rows.map { cells($0, state) })
        let body = lines.dropFirst().enumerated().map { index, line in
            let isSelected = index + state.selection.top == state.selection.index
            let marked = Line([Span(isSelected ? "\(glyphs.marker) " : "  ")] + line.spans)
            return isSelected ? marked.highlighted(.selected, to: state.size.columns) : marked
        }
        let head = lines.first.map { Line([Span("  ")] + $0.spans) } ?? Line()
        return [head] + (body.isEmpty ? nothing(state) : body)
    }

    private func nothing(_ state: ScreenState) -> [Line] {
        let text: String
        if state.data.readingAt == nil {
            text = "Reading the sets…"
        } else {
            text = state.filter.isEmpty ? "No bans in force." : "No row has \"\(state.filter)\"."
        }
        return text.sanitised.wrapped(to: max(1, state.size.columns - 2)).map { Line(Span("  \($0)")) }
    }

    private func columns(_ state: ScreenState) -> [TextTable.Column] {
        func title(_ text: String, _ order: OffenderOrder) -> String {
            guard state.order == order else { return text }
            let isDescending = (order != .ends) != state.isReversed
            return "\(text)\(isDescending ? glyphs.descending : glyphs.ascending)"
        }
        return [
            .init(title: "ADDRESS", fit: .cut(to: 15), minimum: 15),
            .init(title: "REASON", fit: .cut(to: 7), minimum: 10),
        ] + (state.hasPeers ? [.init(title: "PEER", rank: 3, minimum: 9)] : []) + [
            .init(title: "CHECK", rank: 5, minimum: 6),
            .init(title: title("PACKETS", .packets), alignment: .right, minimum: 8),
            .init(title: title("/S", .rate), alignment: .right, minimum: 5),
            .init(title: "LAST MIN", rank: 2, minimum: Self.graph),
            .init(title: title("STR", .strikes), alignment: .right, rank: 1),
            .init(title: title("LEFT", .ends), alignment: .right, minimum: 6),
            .init(title: "BYTES", alignment: .right, rank: 6, minimum: 9),
            .init(title: "BY", fit: .cut(to: 12), rank: 7),
        ]
    }

    /// How many columns a row's graph has.
    private static var graph: Int { 8 }

    private func cells(_ row: Offender, _ state: ScreenState) -> [Span] {
        let rate = state.data.rate(row.id)
        let isActive = (rate ?? 0) > 0
        let graph = Sparkline(state.data.columns(row.id, Self.graph, until: state.now.elapsed)).text(glyphs)
        return [Span(row.key, .title), Span(row.reason ?? "-")]
            + (state.hasPeers ? [Span(row.peer.map(Self.short) ?? "-")] : []) + [
                Span(row.check?.rawValue ?? row.set),
                Span(row.packets.map { Quantity.number($0) } ?? "-", isActive ? .warning : .plain),
                Span(Quantity.rate(rate), isActive ? .warning : .plain), Span(graph, .warning),
                Span(row.strikes.map { "\($0)" } ?? "-"), Span(left(row, state.now.time)),
                Span(row.bytes.map { Quantity.bytes($0) } ?? "-"), Span(row.caller ?? "-"),
            ]
    }

    private func left(_ row: Offender, _ now: Timestamp) -> String {
        guard let ends = row.ends else { return "for good" }
        let (left, overflows) = ends.rawValue.subtractingReportingOverflow(now.rawValue)
        return Quantity.shortLength(overflows ? .max : left)
    }

    /// A peer's id by its beginning and its end, in which ids differ.
    static func short(_ peer: String) -> String {
        let shown = peer.sanitised
        return shown.count <= 10 ? shown : "\(shown.prefix(4))…\(shown.suffix(4))"
    }
}
