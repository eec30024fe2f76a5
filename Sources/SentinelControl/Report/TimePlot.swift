// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol

/// Counts over time as columns, those of several series upon each other.
///
/// It is drawn in percent of the width it gets, and in pixels of height: so text stays as large as it is on any screen.
struct TimePlot {
    let grid: TimeGrid
    /// At most as many as there are colours.
    let series: [ReportFigures.Series]
    let localTime: LocalTime
    /// What it shows, for who doesn't see it.
    let title: String

    private static let height = 190.0
    private static let top = 10.0

    var markup: Markup {
        let sums = (0..<grid.count).map { index in series.reduce(0) { $0 + $1.counts[index] } }
        let axis = ValueAxis(through: Int64(sums.max() ?? 0))
        let total = sums.reduce(0, +)
        let description =
            "\(Quantity.number(total)) in all, at most \(Quantity.number(sums.max() ?? 0)) in "
            + "\(Quantity.length(grid.step)), from \(localTime.text(grid.start)) to \(localTime.text(grid.end))."
        return .element(
            "svg", ["class": "plot time", "role": "img", "height": "232"],
            [.element("title", [:], title), .element("desc", [:], description)]
                + axis.marks.map { line($0, axis) } + timeMarks
                + (0..<grid.count).filter { sums[$0] > 0 }.map { column($0, axis) })
    }

    private func height(_ value: Int, _ axis: ValueAxis) -> Double {
        Double(value) / Double(axis.top) * Self.height
    }

    private func line(_ value: Int64, _ axis: ValueAxis) -> Markup {
        let y = coordinate(Self.top + Self.height - height(Int(value), axis))
        return .element(
            "g", [:],
            [
                .element(
                    "line",
                    ["class": value == 0 ? "base" : "rule", "x1": "0", "x2": "100%", "y1": y, "y2": y]),
                .element(
                    "text", ["class": "mark", "x": "-8", "y": y, "dy": "4", "text-anchor": "end"],
                    ValueAxis.label(value)),
            ])
    }

    /// On a narrow screen every other mark is left out.
    private var timeMarks: [Markup] {
        let bottom = Self.top + Self.height
        return grid.marks(atMost: 8, localTime).enumerated().map { index, mark in
            let x = percent(grid.share(of: mark.time))
            return .element(
                "g", ["class": index % 2 == 1 ? "spare" : nil],
                [
                    .element(
                        "line",
                        [
                            "class": "base", "x1": x, "x2": x, "y1": coordinate(bottom),
                            "y2": coordinate(bottom + 5),
                        ]),
                    .element(
                        "text",
                        ["class": "mark", "x": x, "y": coordinate(bottom + 20), "text-anchor": "middle"],
                        mark.label),
                ])
        }
    }

    private func column(_ index: Int, _ axis: ValueAxis) -> Markup {
        let width = 1 / Double(grid.count)
        let (x, drawn) = (percent((Double(index) + 0.08) * width), percent(width * 0.84))
        var y = Self.top + Self.height
        var parts: [Markup] = []
        var told = [localTime.text(grid[index])]
        for (place, series) in series.enumerated() where series.counts[index] > 0 {
            // What is there is seen, however little it is.
            let height = max(1, height(series.counts[index], axis))
            y -= height
            parts.append(
                .element(
                    "rect",
                    [
                        "class": "s\(place)", "x": x, "y": coordinate(y), "width": drawn,
                        "height": coordinate(height),
                    ]))
            told.append("\(series.name): \(Quantity.number(series.counts[index]))")
        }
        return .element(
            "g", ["class": "column"], [.element("title", [:], told.joined(separator: ", "))] + parts)
    }
}
