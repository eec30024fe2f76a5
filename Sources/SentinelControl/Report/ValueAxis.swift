// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// An axis for counts: from 0 to a round number that none is above.
struct ValueAxis: Hashable, Sendable {
    /// The marks, from 0 on, at equal distances.
    let marks: [Int64]

    /// For numbers up to `largest`: two to six marks, at 1, 2 or 5 times a power of ten.
    init(through largest: Int64) {
        let largest = max(1, largest)
        var power: Int64 = 1
        var distance: Int64?
        while distance == nil {
            distance = [1, 2, 5].lazy.map { $0 * power }.first { (largest - 1) / $0 < 5 }
            // Beyond this there is no such number; nobody counts that far.
            guard distance == nil, power <= .max / 50 else { break }
            power *= 10
        }
        let step = distance ?? largest
        marks = (0...(largest - 1) / step + 1).map { $0.multipliedReportingOverflow(by: step).partialValue }
    }

    var top: Int64 { marks.last ?? 1 }

    /// A mark's number in three characters or so: `250`, `1.5 k`, `20 M`.
    static func label(_ value: Int64) -> String {
        for (unit, name) in [(1_000_000_000_000, "T"), (1_000_000_000, "G"), (1_000_000, "M"), (1000, "k")]
            as [(Int64, String)]
        where value >= unit {
            let tenths = value / (unit / 10)
            return tenths % 10 == 0 ? "\(tenths / 10) \(name)" : "\(tenths / 10).\(tenths % 10) \(name)"
        }
        return "\(value)"
    }
}
