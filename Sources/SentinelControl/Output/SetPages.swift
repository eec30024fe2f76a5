// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol

/// Sets with their elements as text, page by page: a set that has more than a page comes several times.
struct SetPages {
    private let console: Console
    private var current: String?
    private var table: TextTable?

    init(_ console: Console) {
        self.console = console
    }

    /// The lines of a page. A set's title comes before its first.
    mutating func lines(_ set: SetInfo) -> [Line] {
        var lines: [Line] = []
        let elements = set.elements ?? []
        if current != set.name {
            if current != nil { lines.append(Line()) }
            current = set.name
            table = nil
            lines.append(Line(Span(set.name, .title), Span("  \(summary(set, elements))", .faint)))
            if set.shadowed == true {
                lines.append(
                    Line(
                        Span("in shadow: what it matches is counted and passes, none of it is refused", .bad))
                )
            }
        }
        guard !elements.isEmpty else { return lines }
        var table = table ?? elementTable(elements)
        lines += table.lines(elements.map { ElementRow(console).cells($0, isIn: set) })
        self.table = table
        return lines
    }

    private func summary(_ set: SetInfo, _ elements: [SetElement]) -> String {
        let count = max(set.count, elements.count)
        let size =
            set.capacity.map { "\(Quantity.number(count)) of \(Quantity.number($0)) elements" }
            ?? Quantity.count(count, "element")
        return ([size, set.type] + set.flags).joined(separator: ", ")
    }

    private func elementTable(_ elements: [SetElement]) -> TextTable {
        ElementRow(console).table(
            isTimed: elements.contains { $0.timeout != nil || $0.remaining != nil || $0.comment != nil },
            isCounted: elements.contains { $0.packets != nil })
    }
}

/// Elements as rows of a table.
struct ElementRow {
    private let console: Console

    init(_ console: Console) {
        self.console = console
    }

    /// A table for elements that end and count, or not.
    func table(isTimed: Bool, isCounted: Bool) -> TextTable {
        var columns = [TextTable.Column(title: "KEY", fit: .key)]
        func title(_ title: String, _ isShown: Bool) -> String { isShown ? title : "" }
        columns += [
            .init(title: title("LEFT", isTimed)), .init(title: title("ENDS", isTimed), rank: 1),
            .init(title: title("PACKETS", isCounted), alignment: .right),
            .init(title: title("BYTES", isCounted), alignment: .right),
            .init(title: title("BAN", isTimed), alignment: .right, rank: 2),
            .init(title: title("REASON", isTimed), fit: .cut(to: 24)),
        ]
        return TextTable(columns, width: console.width)
    }

    /// An element's cells. Those that it has nothing to say in are empty.
    func cells(_ element: SetElement, isIn set: SetInfo? = nil) -> [Span] {
        let isTimed = set.map { $0.flags.contains("timeout") } ?? true
        let ends = element.remaining.map { remaining in
            Timestamp(
                rawValue: console.now().rawValue.addingReportingOverflow(remaining.rawValue).partialValue)
        }
        let refuses = (element.packets ?? 0) > 0
        return [
            Span(element.key),
            Span(element.remaining.map { Quantity.length($0.rawValue) } ?? (isTimed ? "for good" : "")),
            Span(ends.map(console.localTime.text) ?? (isTimed ? "never" : "")),
            Span(element.packets.map { Quantity.number($0) } ?? "", refuses ? .warning : .plain),
            Span(element.bytes.map { Quantity.bytes($0) } ?? ""),
            Span(element.ban.map { "\($0)" } ?? ""), Span(element.comment ?? ""),
        ]
    }
}
