// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Rows as a table of at most 80 columns.
public enum Table {
    /// What the columns are.
    public static let heading = """
        contender attempts kernel accept  later   past     honest    nearby  cut   cost
        """

    /// The row of a contender; all shares are percentages.
    public static func line(_ row: Row) -> String {
        row.contender.left(9) + String(row.attempts).right(9)
            + Stage.allCases.map { Numbers.percent(row.share($0)).right(7) }.joined()
            + "\(row.honest.refused)/\(row.honest.attempts)".right(11)
            + "\(row.neighbours.refused)/\(row.neighbours.attempts)".right(10)
            + String(row.honest.cut).right(5) + Numbers.percent(row.costShare).right(7)
    }
}
