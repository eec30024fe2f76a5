// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Finds what was probably meant.
package enum Suggestion {
    /// The one of `known` that is nearest to `text`, if it is near enough for a slip.
    package static func nearest(to text: String, in known: [String]) -> String? {
        let text = Array(text.unicodeScalars.prefix(64))
        let measured = known.map { (name: $0, distance: distance(text, Array($0.unicodeScalars))) }
        guard let best = measured.min(by: { $0.distance < $1.distance }),
            best.distance <= max(1, min(3, best.name.count / 2))
        else { return nil }
        return best.name
    }

    /// How many characters must be inserted, removed, replaced or swapped with their neighbour (optimal string
    /// alignment).
    static func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for (i, x) in a.enumerated() {
            var row = [i + 1]
            for (j, y) in b.enumerated() {
                var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (x == y ? 0 : 1))
                if i > 0, j > 0, x == b[j - 1], a[i - 1] == y { best = min(best, beforeLast[j - 1] + 1) }
                row.append(best)
            }
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }
}
