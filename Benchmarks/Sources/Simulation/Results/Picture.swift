// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A picture of a shape's rows: what became of the attack, and what became of the honest.
///
/// The colours can be told apart by those who don't see all of them (after Okabe and Ito), and it is legible on a light and
/// on a dark page: it brings its background along, and follows the reader's preference where the viewer knows it.
public struct Picture: Sendable {
    private let shape: Shape
    private let rows: [Row]
    private var lines: [String] = []

    private static let width = 760.0
    private static let margin = 24.0
    private static let barWidth = width - 2 * margin
    private static let top = 122.0
    private static let blockHeight = 122.0

    /// - Parameter rows: one for each contender.
    public init(_ shape: Shape, _ rows: [Row]) {
        self.shape = shape
        self.rows = rows
    }

    /// The picture as SVG.
    public var svg: String {
        var picture = self
        picture.draw()
        return picture.lines.joined(separator: "\n") + "\n"
    }

    private mutating func draw() {
        let height = Self.top + Double(rows.count) * Self.blockHeight + 22
        open(height: height)
        text(shape.title, 24, 36, "t", size: 20, weight: "600")
        text(shape.summary, 24, 58, "m", size: 13)
        legend()
        for (number, row) in rows.enumerated() {
            block(row, Self.top + Double(number) * Self.blockHeight)
        }
        text(
            "Simulated, seed \(rows.first?.seed ?? 0). Costs: the attack's, as a share of what it costs a node that"
                + " refuses nothing.", 24, height - 14, "m", size: 11)
        lines.append("</svg>")
    }

    private mutating func open(height: Double) {
        lines.append(
            """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 \(Self.text(height))" width="760" \
            height="\(Self.text(height))" font-family="Helvetica, Arial, 'DejaVu Sans', sans-serif" role="img">
            <title>\(Self.escaped(shape.title)): what became of the attack and of the honest</title>
            <style>
            .b { fill: #ffffff; stroke: #d0d7de } .t { fill: #1f2328 } .m { fill: #57606a } .g { fill: #e3e7eb }
            @media (prefers-color-scheme: dark) {
            .b { fill: #14181d; stroke: #3d444d } .t { fill: #e6edf3 } .m { fill: #a3adb8 } .g { fill: #30363d }
            }
            </style>
            <rect class="b" x="0.5" y="0.5" width="759" height="\(Self.text(height - 1))" rx="8"/>
            """)
    }

    // MARK: Parts

    private mutating func legend() {
        var x = Self.margin
        for stage in Stage.allCases {
            swatch(x, 76, stage.colour)
            text(stage.title, x + 17, 86, "t", size: 12)
            x += 17 + Double(stage.title.count) * 6.2 + 22
        }
        swatch(Self.margin, 96, Self.honestColour)
        text("honest connections refused", Self.margin + 17, 106, "t", size: 12)
    }

    /// A contender: its bars, each with the figures below.
    private mutating func block(_ row: Row, _ y: Double) {
        text(row.contender, Self.margin, y + 16, "t", size: 14, weight: "600")
        text(row.contenderTitle, Self.margin + 94, y + 16, "m", size: 12)
        bar(y + 24, 22, Stage.allCases.map { (row.share($0), $0.colour) })
        let shares = Stage.allCases.filter { row.count($0) > 0 }.map {
            "\($0.shortTitle) \(Numbers.percent(row.share($0))) %"
        }
        text(
            "\(Numbers.grouped(row.attempts)) attempts to attack: " + shares.joined(separator: " · "),
            Self.margin, y + 61,
            "t", size: 12)
        text(
            "costs the node \(Numbers.percent(row.costShare)) %", Self.width - Self.margin, y + 16, "m",
            size: 12, end: true)
        let shown = row.neighbours.attempts > 0 ? row.neighbours : row.honest
        bar(y + 70, 8, [(shown.refusedShare, Self.honestColour)])
        text(honestCaption(row), Self.margin, y + 93, "t", size: 12)
    }

    private func honestCaption(_ row: Row) -> String {
        let (all, near) = (row.honest, row.neighbours)
        let cut = all.cut == 0 ? "" : ", \(Numbers.grouped(all.cut)) more cut while open"
        guard near.attempts > 0 else { return "honest connections: \(Self.refused(all))" + cut }
        let far = all.subtracting(near)
        return
            "honest from \(shape.neighbourhood): \(Self.refused(near))\(cut); elsewhere \(Self.refused(far))"
    }

    private static func refused(_ count: HonestCount) -> String {
        let of = "of \(Numbers.grouped(count.attempts))"
        guard count.refused > 0 else { return "none \(of) refused" }
        return "\(Numbers.grouped(count.refused)) \(of) refused, \(Numbers.percent(count.refusedShare)) %"
    }

    /// A bar that is a whole, with its parts from the left. What there is of a part can be seen, however little.
    private mutating func bar(_ y: Double, _ height: Double, _ parts: [(share: Double, colour: String)]) {
        rectangle(Self.margin, y, Self.barWidth, height, "class=\"g\"")
        let shown = parts.filter { $0.share > 0 }
        let widened = shown.map { max($0.share * Self.barWidth, Self.leastWidth) }
        // The widest gives what the others were widened by.
        var widths = widened
        let excess = widened.reduce(0, +) - shown.reduce(0) { $0 + $1.share } * Self.barWidth
        if let widest = widths.indices.max(by: { widths[$0] < widths[$1] }), shown.count > 1 {
            widths[widest] -= excess
        }
        var x = Self.margin
        for (part, width) in zip(shown, widths) {
            rectangle(x, y, width, height, "fill=\"\(part.colour)\"")
            x += width
        }
    }

    private static let leastWidth = 1.5
    private static let honestColour = "#cc79a7"

    // MARK: SVG

    private mutating func swatch(_ x: Double, _ y: Double, _ colour: String) {
        rectangle(x, y, 12, 12, "fill=\"\(colour)\"")
    }

    private mutating func rectangle(
        _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ style: String
    ) {
        lines.append(
            "<rect x=\"\(Self.text(x))\" y=\"\(Self.text(y))\" width=\"\(Self.text(width))\" "
                + "height=\"\(Self.text(height))\" \(style)/>")
    }

    private mutating func text(
        _ words: String, _ x: Double, _ y: Double, _ kind: String, size: Int, weight: String? = nil,
        end: Bool = false
    ) {
        let weight = weight.map { " font-weight=\"\($0)\"" } ?? ""
        let anchor = end ? " text-anchor=\"end\"" : ""
        lines.append(
            "<text class=\"\(kind)\" x=\"\(Self.text(x))\" y=\"\(Self.text(y))\" font-size=\"\(size)\""
                + "\(weight)\(anchor)>\(Self.escaped(words))</text>")
    }

    private static func text(_ number: Double) -> String {
        number == number.rounded() ? "\(Int(number))" : Numbers.fixed(number, digits: 2)
    }

    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            default: result.append(character)
            }
        }
    }
}

extension Stage {
    /// Blue where the node is spared, warm where it pays.
    fileprivate var colour: String {
        switch self {
        case .kernel: "#0072b2"
        case .accept: "#56b4e9"
        case .afterHandshake: "#e69f00"
        case .through: "#c8402f"
        }
    }
}
