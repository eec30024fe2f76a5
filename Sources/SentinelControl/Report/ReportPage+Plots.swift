// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol

extension ReportPage {
    var plots: [Markup] {
        [
            bansOverTime, changesOverTime,
            .element(
                "section", [:],
                [
                    refused, fill,
                    prefixes(
                        "prefixes-bans", "Blocks with most bans", figures.prefixes.bans, "ban",
                        "Bans in force by the block of 24 bits (IPv4) or 48 bits (IPv6) that they lie in."),
                    prefixes(
                        "prefixes-packets", "Blocks that cost most", figures.prefixes.packets, "packet", costs
                    ),
                    durations, strikes,
                ]), offenders, repeaters,
        ]
    }

    private var costs: String {
        figures.prefixes.allPackets
            ? "Packets refused by the elements of bans in force, by the block that they lie in."
            : "Packets refused by the 1,000 elements of each set that refused most, by the block that they lie in: a "
                + "block of many that refused little has more than is shown."
    }

    // MARK: A plot with what belongs to it

    /// - Parameter plot: nil where there is nothing to draw; `empty` says what isn't there.
    func figure(
        _ name: String, _ title: String, _ text: String, empty: String, style: String? = nil,
        _ plot: [Markup]?
    ) -> Markup {
        .element(
            "figure", ["class": style, "id": name],
            [.element("figcaption", [:], [.element("h2", [:], title), .element("p", [:], text)])]
                + (plot ?? [.element("p", ["class": "empty"], empty)]))
    }

    func legend(_ entries: [(name: String, number: String?)]) -> Markup {
        .element(
            "ul", ["class": "legend"],
            entries.enumerated().map { index, entry in
                .element(
                    "li", [:],
                    [
                        .element("i", ["class": "s\(index)"]), Markup(entry.name),
                        entry.number.map { Markup([Markup(" "), .element("b", [:], $0)]) } ?? .nothing,
                    ])
            })
    }

    // MARK: Over time

    private static var noHistory: String { "Nothing is known of the past." }

    private var bansOverTime: Markup {
        overTime(
            "bans", "Bans over time", "by their reasons", figures.history.map { Self.distinct($0.bans) },
            empty: "No ban began in this time.")
    }

    private var changesOverTime: Markup {
        overTime(
            "changes", "What became of bans", "renewals and ends", figures.history.map(\.changes),
            empty: "No ban was renewed or ended in this time.")
    }

    private func overTime(
        _ name: String, _ title: String, _ by: String, _ series: [ReportFigures.Series]?, empty: String
    ) -> Markup {
        guard let history = figures.history, let series else {
            return figure(
                name, title, Self.noHistory, empty: figures.historyProblem ?? Self.noHistory, style: "wide",
                nil)
        }
        let text =
            "In steps of \(Quantity.length(history.step.rawValue)), \(by), as the ledger remembers them."
        guard series.contains(where: { $0.total > 0 }) else {
            return figure(name, title, text, empty: empty, style: "wide", nil)
        }
        let grid = TimeGrid(
            start: figures.since, step: history.step.rawValue, count: series.first?.counts.count ?? 0)
        return figure(
            name, title, text, empty: empty, style: "wide",
            [
                legend(series.map { ($0.name, Quantity.number($0.total)) }),
                TimePlot(grid: grid, series: series, localTime: localTime, title: title).markup,
                table(title, series, grid).folded,
            ])
    }

    /// As many as can be told apart by colour: the rest are one.
    private static func distinct(_ series: [ReportFigures.Series]) -> [ReportFigures.Series] {
        guard series.count > colours else { return series }
        let rest = series[(colours - 1)...]
        let counts = rest.dropFirst().reduce(into: rest.first?.counts ?? []) { sums, series in
            for (index, count) in series.counts.enumerated() { sums[index] += count }
        }
        return series.prefix(colours - 1) + [
            .init(
                name: "\(rest.count) other reasons", total: rest.reduce(0) { $0 + $1.total }, counts: counts)
        ]
    }

    private static var colours: Int { 8 }

    private func table(_ caption: String, _ series: [ReportFigures.Series], _ grid: TimeGrid) -> ReportTable {
        let rows = (0..<grid.count).filter { index in series.contains { $0.counts[index] > 0 } }
        return ReportTable(
            caption: "\(caption): times in which there were none are left out.",
            columns: [.init(title: "from")] + series.map { .init(title: $0.name, kind: .number) },
            rows: rows.map { index in [moment(grid[index])] + series.map { Quantity.number($0.counts[index]) }
            },
            sum: ["in all"] + series.map { Quantity.number($0.total) })
    }

    // MARK: Sets

    private var refused: Markup {
        let sets = figures.sets.filter { ($0.packets ?? 0) > 0 }.sorted { $0.packets ?? 0 > $1.packets ?? 0 }
        let isCounted = figures.sets.contains { $0.packets != nil }
        let most = Double(sets.first?.packets ?? 1)
        let text =
            "By the set that refused them, since there is the table. What was refused when isn't kept: for that, have "
            + "sentinelctl metrics collected."
        let plot = BarPlot(
            rows: sets.map { set in
                .init(
                    label: set.name, text: Quantity.count(set.packets ?? 0, "packet"),
                    bars: [.init(share: Double(set.packets ?? 0) / most, colour: "s0")])
            }, title: "Packets refused", description: "\(Quantity.count(sets.count, "set")) refused packets.")
        let table = ReportTable(
            caption: "Packets refused",
            columns: [
                .init(title: "set"), .init(title: "packets", kind: .number),
                .init(title: "data", kind: .number),
            ],
            rows: sets.map {
                [
                    $0.name, Quantity.number($0.packets ?? 0),
                    $0.bytes.map { Quantity.bytes($0) } ?? "not counted",
                ]
            })
        return figure(
            "refused", "Packets refused", text,
            empty: isCounted ? "No packet has been refused." : "Nothing counts the packets here.",
            sets.isEmpty ? nil : [plot.markup, table.folded])
    }

    private var fill: Markup {
        let sets = figures.sets.filter { $0.capacity != nil }
        let plot = BarPlot(
            rows: sets.map { set in
                let share = Double(set.count) / Double(max(1, set.capacity ?? 1))
                return .init(
                    label: "\(set.name)  \(Quantity.share(set.count, of: set.capacity ?? 0))",
                    text: "\(Quantity.number(set.count)) of \(Quantity.number(set.capacity ?? 0))",
                    bars: [.init(share: share, colour: share >= 0.9 ? "warn" : "s2")], hasTrack: true)
            }, title: "How full the sets are",
            description: "\(Quantity.count(sets.count, "set")), each with what it holds and what it can hold."
        )
        let table = ReportTable(
            caption: "How full the sets are",
            columns: [
                .init(title: "set"), .init(title: "elements", kind: .number),
                .init(title: "capacity", kind: .number),
                .init(title: "full", kind: .number),
            ],
            rows: sets.map {
                [
                    $0.name, Quantity.number($0.count), Quantity.number($0.capacity ?? 0),
                    Quantity.share($0.count, of: $0.capacity ?? 0),
                ]
            })
        return figure(
            "fill", "How full the sets are",
            "A full set makes room for a new ban by the one that ends soonest.",
            empty: "There are no sets.", sets.isEmpty ? nil : [plot.markup, table.folded])
    }

    // MARK: Blocks of addresses

    private func prefixes(
        _ name: String, _ title: String, _ prefixes: [ReportFigures.Prefix], _ unit: String, _ text: String
    ) -> Markup {
        let most = Double(max(1, prefixes.first?.count ?? 1))
        let plot = BarPlot(
            rows: prefixes.map {
                .init(
                    label: $0.network, text: Quantity.count($0.count, unit),
                    bars: [.init(share: Double($0.count) / most, colour: unit == "ban" ? "s0" : "s1")])
            }, title: title, description: "The \(Quantity.count(prefixes.count, "block")) that hold most.")
        let table = ReportTable(
            caption: title, columns: [.init(title: "block"), .init(title: "\(unit)s", kind: .number)],
            rows: prefixes.map { [$0.network, Quantity.number($0.count)] })
        return figure(
            name, title, text, empty: unit == "ban" ? "No bans are in force." : "No packet has been refused.",
            prefixes.isEmpty ? nil : [plot.markup, table.folded])
    }
}
