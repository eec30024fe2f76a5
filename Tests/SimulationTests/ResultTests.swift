// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Testing

@testable import Simulation

@Suite struct ResultTests {
    private func rows() throws -> [Row] {
        try Simulation(seed: 1, extent: .brief).rows(.nat)
    }

    @Test func aRowFitsEightyColumns() throws {
        for shape in Shape.allCases {
            for row in try Simulation(seed: 1, extent: .brief).rows(shape) {
                #expect(Table.line(row).count == Table.heading.count)
            }
        }
        #expect(Table.heading.count <= 80)
    }

    @Test func roundingHidesNothing() {
        #expect(Numbers.percent(0) == "0")
        #expect(Numbers.percent(0.00001) == "<0.01")
        #expect(Numbers.percent(0.5) == "50.00")
        #expect(Numbers.percent(0.99999) == ">99.99")
        #expect(Numbers.percent(1) == "100")
        #expect(Numbers.grouped(1_234_567) == "1 234 567")
        #expect(Numbers.grouped(12) == "12")
        #expect(Numbers.fixed(0.0512, digits: 3) == "0.051")
    }

    @Test func theResultsAreJSONWithARowForEachContender() throws {
        let rows = try rows()
        let text = Row.json(rows)
        #expect(text.hasPrefix("[\n {\"name\": \"nat\", \"contender\": \"sentinel\", \"seed\": 1, "))
        #expect(text.hasSuffix("}\n]\n"))
        #expect(text.split(separator: "\n").count == rows.count + 2)
        #expect(text.contains("\"attempts\": \(rows[0].attempts), \"refused_in_kernel\": 0, "))
    }

    @Test func aPictureShowsEachContender() throws {
        let rows = try rows()
        let svg = Picture(.nat, rows).svg
        for row in rows { #expect(svg.contains(">\(row.contender)</text>")) }
        #expect(svg.contains("none of \(Numbers.grouped(rows[0].neighbours.attempts)) refused"))
        // What is less than a hundredth is written as a text, not as markup.
        #expect(!svg.contains(" <0"))
        #expect(svg.hasSuffix("</svg>\n"))
    }
}
