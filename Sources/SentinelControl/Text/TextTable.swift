// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A table of text whose columns are aligned, and which fits a width as well as it can: columns that may be cut are
/// cut, then columns that may be left out are left out. What identifies a row is never cut: where it doesn't fit, it
/// takes a line of its own.
struct TextTable {
    struct Column {
        enum Alignment {
            case left, right
        }

        /// What becomes of it where there is too little room.
        enum Fit: Hashable {
            /// It stays as it is.
            case fixed
            /// It identifies the row: it takes a line of its own rather than being cut.
            case key
            /// It is cut to no less than this.
            case cut(to: Int)
        }

        var title: String
        var alignment = Alignment.left
        var fit = Fit.fixed
        /// Whether it may be left out: those of the highest rank go first; nil: it may not.
        var rank: Int?
        /// How wide it is at least, for tables that begin before their widest row is known.
        var minimum = 0
    }

    private let columns: [Column]
    /// In columns of the terminal; nil: as much as it takes.
    private let width: Int?
    /// The widest cells so far: later pages of a table keep to what earlier ones needed.
    private var natural: [Int]
    private var hasHeader: Bool

    private static var gap: Int { 2 }
    /// A key column is this wide before others are left out for it: an IPv4 address.
    private static var narrowestKey: Int { 15 }

    init(_ columns: [Column], width: Int?, hasHeader: Bool = true) {
        self.columns = columns
        self.width = width
        self.hasHeader = hasHeader
        natural = columns.map { max($0.minimum, hasHeader ? $0.title.displayWidth : 0) }
    }

    /// The lines of some more rows; the header comes before the first.
    mutating func lines(_ rows: [[Span]]) -> [Line] {
        for row in rows {
            for (index, cell) in row.enumerated() { natural[index] = max(natural[index], cell.width) }
        }
        let widths = layout()
        var lines: [Line] = []
        if hasHeader {
            hasHeader = false
            lines += self.lines(columns.map { Span($0.title, .faint) }, widths)
        }
        return lines + rows.flatMap { self.lines($0, widths) }
    }

    /// Each column's width; nil where it is left out.
    private func layout() -> [Int?] {
        guard let width else { return natural }
        var shown = Set(columns.indices)
        while total(shown, least) > width,
            let dropped = shown.filter({ columns[$0].rank != nil }).max(by: { rank($0) < rank($1) })
        {
            shown.remove(dropped)
        }
        var slack = max(0, width - total(shown, least))
        var widths: [Int?] = columns.indices.map { shown.contains($0) ? least($0) : nil }
        // Where the longest key fits, keys come first. Else it has a line of its own anyway: the others come first,
        // and what is left is for the keys that do fit.
        let keys = shown.filter { columns[$0].fit == .key }
        let others = shown.subtracting(keys).sorted()
        let wanted = keys.reduce(0) { $0 + natural[$1] - least($1) }
        for index in wanted <= slack ? keys.sorted() + others : others + keys.sorted() {
            let more = min(slack, natural[index] - least(index))
            widths[index] = least(index) + more
            slack -= more
        }
        return widths
    }

    private func rank(_ index: Int) -> Int { columns[index].rank ?? -1 }

    private func least(_ index: Int) -> Int {
        switch columns[index].fit {
        case .fixed: natural[index]
        case .key: min(natural[index], Self.narrowestKey)
        case .cut(let least): min(natural[index], least)
        }
    }

    private func total(_ shown: Set<Int>, _ width: (Int) -> Int) -> Int {
        shown.reduce(0) { $0 + width($1) } + Self.gap * max(0, shown.count - 1)
    }

    private func lines(_ row: [Span], _ widths: [Int?]) -> [Line] {
        var lines: [Line] = []
        var spans: [Span] = []
        for (index, cell) in row.enumerated() {
            guard let width = widths[index] else { continue }
            if !spans.isEmpty { spans.append(Span(String(repeating: " ", count: Self.gap))) }
            var cell = cell
            if cell.width > width {
                if columns[index].fit == .key {
                    lines.append(Line(spans + [cell]))
                    // What stood before the key stands there once.
                    spans = spans.map { Span(String(repeating: " ", count: $0.width)) }
                    cell = ""
                } else {
                    cell = Span(cell.text.cut(to: width), cell.style)
                }
            }
            let padding = Span(String(repeating: " ", count: max(0, width - cell.width)))
            spans += columns[index].alignment == .left ? [cell, padding] : [padding, cell]
        }
        return lines + [Line(spans)]
    }
}
