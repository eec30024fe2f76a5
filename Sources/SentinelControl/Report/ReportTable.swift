// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A table of a report.
struct ReportTable {
    struct Column {
        enum Kind: String {
            /// Short, and in one line.
            case plain
            case number
            /// As long as somebody made it.
            case words
        }

        var title: String
        var kind = Kind.plain
    }

    let caption: String
    let columns: [Column]
    let rows: [[String]]
    /// A last row.
    var sum: [String]?

    /// The table, without columns that say nothing; it scrolls by itself where it is too wide for the page.
    var markup: Markup {
        .element(
            "div", ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": caption],
            [
                .element(
                    "table", [:],
                    [
                        .element("caption", [:], caption),
                        .element("thead", [:], [row(columns.map(\.title), "th", scope: "col")]),
                        .element("tbody", [:], rows.map { row($0, "td") }),
                        sum.map { .element("tfoot", [:], [row($0, "td")]) } ?? .nothing,
                    ])
            ])
    }

    /// The same, to be unfolded.
    var folded: Markup {
        .element("details", [:], [.element("summary", [:], "These figures as a table"), markup])
    }

    private func row(_ cells: [String], _ name: StaticString, scope: String? = nil) -> Markup {
        .element(
            "tr", [:],
            shown.map { index in
                let isHead = index == 0 && scope == nil
                let kind = columns[index].kind
                return .element(
                    isHead ? "th" : name,
                    ["scope": isHead ? "row" : scope, "class": kind == .plain ? nil : kind.rawValue],
                    cells[index])
            })
    }

    private var shown: [Int] {
        columns.indices.filter { index in rows.contains { !$0[index].isEmpty } }
    }
}
