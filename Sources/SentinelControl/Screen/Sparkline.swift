// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A graph of one line: a column for each value, scaled to the largest.
struct Sparkline: Hashable, Sendable {
    /// nil: nothing is known of that time.
    let values: [Double?]

    init(_ values: [Double?]) {
        self.values = values
    }

    /// The graph as text, as many columns as there are values. What is known to be nothing is the lowest level,
    /// anything more at least the one above it, the largest the highest; what isn't known is a blank.
    func text(_ glyphs: Glyphs) -> String {
        let most = values.reduce(0) { max($0, Self.amount($1) ?? 0) }
        let top = glyphs.levels.count - 1
        return String(
            values.map { value in
                guard let amount = Self.amount(value) else { return " " }
                guard amount > 0, most > 0 else { return glyphs.levels[0] }
                let level = Int((amount / most * Double(top)).rounded(.up))
                return glyphs.levels[min(max(level, 1), top)]
            })
    }

    /// A value that can be drawn.
    private static func amount(_ value: Double?) -> Double? {
        guard let value, value.isFinite else { return nil }
        return max(0, value)
    }
}

/// How full something is, as a bar.
enum FillBar {
    /// `width` columns; what isn't empty shows something at least, and only what is full fills all.
    static func text(_ part: Int, of whole: Int, width: Int, _ glyphs: Glyphs) -> String {
        guard width > 0 else { return "" }
        let steps = glyphs.partial.count + 1
        let filled: Int
        if whole <= 0 || part <= 0 {
            filled = 0
        } else if part >= whole {
            filled = width * steps
        } else {
            let share = Int(Double(part) / Double(whole) * Double(width * steps))
            filled = min(max(share, 1), width * steps - 1)
        }
        let bar = String(repeating: glyphs.full, count: filled / steps)
        let rest = filled % steps
        let edge = rest > 0 ? String(glyphs.partial[rest - 1]) : ""
        return bar + edge + String(repeating: glyphs.empty, count: width - bar.count - edge.count)
    }
}
