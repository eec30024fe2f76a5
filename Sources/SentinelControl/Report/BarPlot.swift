// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Numbers as bars below each other, each with its name and its number above it: so both find place on a narrow screen.
struct BarPlot {
    struct Bar {
        /// From 0 to 1.
        var share: Double
        /// Which of the colours, `s0` or `warn`.
        var colour: String
    }

    struct Row {
        var label: String
        var text: String
        var bars: [Bar]
        /// Whether the whole is shown that the bars are a share of.
        var hasTrack = false
    }

    let rows: [Row]
    /// What it shows, for who doesn't see it.
    let title: String
    let description: String

    private static let textHeight = 20.0
    private static let barHeight = 8.0
    private static let gap = 12.0

    var markup: Markup {
        var y = 0.0
        var parts: [Markup] = []
        for row in rows {
            parts.append(group(row, y))
            y += height(row)
        }
        return .element(
            "svg", ["class": "plot bars", "role": "img", "height": coordinate(max(1, y - Self.gap + 2))],
            [.element("title", [:], title), .element("desc", [:], description)] + parts)
    }

    private func height(_ row: Row) -> Double {
        Self.textHeight + (Self.barHeight + 2) * Double(row.bars.count) + Self.gap
    }

    private func group(_ row: Row, _ top: Double) -> Markup {
        var y = top + Self.textHeight
        var parts: [Markup] = [
            .element("title", [:], "\(row.label): \(row.text)"),
            .element("text", ["class": "label", "x": "0", "y": coordinate(top + 14)], row.label),
            .element(
                "text", ["class": "value", "x": "100%", "y": coordinate(top + 14), "text-anchor": "end"],
                row.text),
        ]
        for bar in row.bars {
            let height = coordinate(Self.barHeight)
            if row.hasTrack {
                parts.append(
                    .element(
                        "rect",
                        [
                            "class": "track", "x": "0", "y": coordinate(y), "width": "100%", "height": height,
                            "rx": "2",
                        ]))
            }
            if bar.share > 0 {
                // What is there is seen, however little it is.
                let width = percent(min(1, max(bar.share, 0.003)))
                parts.append(
                    .element(
                        "rect",
                        [
                            "class": bar.colour, "x": "0", "y": coordinate(y), "width": width,
                            "height": height, "rx": "2",
                        ]))
            }
            y += Self.barHeight + 2
        }
        return .element("g", [:], parts)
    }
}
