// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Testing

@testable import SentinelControl

@Suite struct TextTableTests {
    static let columns: [TextTable.Column] = [
        .init(title: "KEY", fit: .key), .init(title: "N", alignment: .right),
        .init(title: "REASON", fit: .cut(to: 6)), .init(title: "EXTRA", rank: 1),
        .init(title: "MORE", rank: 2),
    ]
    static let row: [Span] = ["203.0.113.7", "12", "rate-limit", "extra", "more"]

    private func text(_ rows: [[Span]], width: Int?) -> [String] {
        var table = TextTable(Self.columns, width: width)
        return table.lines(rows).map { $0.rendered(inColours: false) }
    }

    @Test func `Without a width nothing is cut or left out`() {
        #expect(
            text([Self.row, ["192.0.2.1", "3", "x", "", ""]], width: nil) == [
                "KEY           N  REASON      EXTRA  MORE", "203.0.113.7  12  rate-limit  extra  more",
                "192.0.2.1     3  x",
            ])
    }

    @Test func `What may be cut is cut before anything is left out`() {
        #expect(
            text([Self.row], width: 38) == [
                "KEY           N  REASON    EXTRA  MORE", "203.0.113.7  12  rate-li…  extra  more",
            ])
    }

    @Test func `Columns of the highest rank are left out first`() {
        #expect(
            text([Self.row], width: 30) == [
                "KEY           N  REASON  EXTRA", "203.0.113.7  12  rate-…  extra",
            ])
        #expect(text([Self.row], width: 24) == ["KEY           N  REASON", "203.0.113.7  12  rate-l…"])
    }

    @Test func `A key is never cut: it takes a line of its own`() {
        let key: Span = "udp:[2001:db8:1234:5678:9abc:def0:1234:5678]:4001"
        #expect(
            text([[key, "1", "x", "y", "z"], ["192.0.2.1", "2", "x", "y", "z"]], width: 40) == [
                "KEY               N  REASON  EXTRA  MORE",
                "udp:[2001:db8:1234:5678:9abc:def0:1234:5678]:4001",
                "                  1  x       y      z", "192.0.2.1         2  x       y      z",
            ])
    }

    @Test func `A later page has no header and keeps to the earlier widths`() {
        var table = TextTable(Self.columns, width: nil)
        _ = table.lines([Self.row])
        #expect(
            table.lines([["192.0.2.1", "3", "x", "y", "z"]]).map { $0.rendered(inColours: false) } == [
                "192.0.2.1     3  x           y      z"
            ])
    }

    @Test func `Lines fit where all that must stay fits`() {
        // What must stay takes 15 + 5 + 6 columns and the gaps between them.
        for width in 30..<120 {
            for _ in 0..<20 {
                let rows: [[Span]] = (0..<5).map { _ in
                    func word(_ length: Int) -> Span {
                        Span(String(repeating: "x", count: Int.random(in: 0...length)))
                    }
                    return [word(15), word(5), word(30), word(20), word(20)]
                }
                for line in text(rows, width: width) { #expect(line.displayWidth <= width) }
            }
        }
    }
}
