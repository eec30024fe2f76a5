// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import SentinelProtocol
import Testing

@testable import SentinelControl

/// Rows of the screen: where they come from, their order, and which of them is selected.
@Suite struct OffenderTests {
    private static func row(
        _ key: String, packets: Int64? = nil, strikes: Int? = nil, ends: Int64? = nil
    ) -> Offender {
        var row = Offender(SetElement(key: key), in: "accept4", at: Recorder.now)
        row.packets = packets
        row.strikes = strikes
        row.ends = ends.map { Timestamp(rawValue: $0) }
        return row
    }

    private static func set(_ name: String, _ elements: [SetElement]) -> SetInfo {
        SetInfo(name: name, type: "ipv4_addr", flags: [], count: elements.count, elements: elements)
    }

    @Test(arguments: [
        (
            "rate-limit by user:seed, strike 2, peer 12D3, with a comma", "12D3, with a comma" as String?,
            false
        ),
        ("spam by operator user:root, strike 12", nil, true),
    ])
    func `An element's comment says of its ban what there is room for`(
        text: String, peer: String?, isOperators: Bool
    ) {
        let comment = ElementComment(text)
        #expect(comment?.peer == peer && comment?.byOperator == isOperators)
        #expect(comment?.strikes == (isOperators ? 12 : 2))
        #expect(comment?.reason == (isOperators ? "spam" : "rate-limit"))
        #expect(comment?.caller == (isOperators ? "user:root" : "user:seed"))
    }

    @Test(arguments: ["", ", ", "mine", "a by b", "a by b, strike x", "a by c d, strike 1", "by, strike 1"])
    func `A comment of somebody else's is none`(text: String) {
        #expect(ElementComment(text) == nil)
    }

    @Test func `A ban is one row, with what all its elements have refused`() {
        let rows = Offender.all(
            elements: [
                Self.set(
                    "net4",
                    [
                        SetElement(key: "10.0.0.0-10.0.0.5", packets: 3, bytes: 30, ban: 17),
                        SetElement(key: "10.0.0.7-10.0.0.9", packets: 4, bytes: 40, ban: 17),
                    ]), Self.set("exempt4", [SetElement(key: "192.0.2.1")]),
                Self.set("accept4", [SetElement(key: "192.0.2.9", packets: 1, comment: "mine")]),
            ], bans: [sampleBan(17), sampleBan(18)], limit: 200, at: Recorder.now)
        #expect(rows.count == 3)
        let ban = rows.first { $0.ban == 17 }
        #expect(ban?.packets == 7 && ban?.bytes == 70 && ban?.peer == "12D3KooWA" && ban?.strikes == 2)
        // Its set was read whole, and it wasn't there.
        #expect(rows.first { $0.ban == 18 }?.packets == 0)
        let stranger = rows.first { $0.ban == nil }
        #expect(stranger?.key == "192.0.2.9" && stranger?.reason == "mine" && stranger?.check == .accept)
        let cut = Offender.all(
            elements: [Self.set("accept4", [SetElement(key: "192.0.2.9", packets: 1, ban: 17)])],
            bans: [sampleBan(18)], limit: 1, at: Recorder.now)
        // There may be more that have refused something.
        #expect(cut.first { $0.ban == 18 }?.packets == .some(nil))
        #expect(cut.first { $0.ban == 17 }?.packets == 1)
    }

    @Test func `Most comes first, soonest comes first, and what isn't known comes last`() {
        let rows = [
            Self.row("a", packets: 5, strikes: 1, ends: 300), Self.row("b", packets: 50, strikes: 3),
            Self.row("c", strikes: nil, ends: 100), Self.row("d", packets: 5, strikes: 2, ends: 200),
        ]
        func keys(_ order: OffenderOrder, isReversed: Bool = false) -> String {
            order.sorted(rows.shuffled(), isReversed: isReversed) { id in
                id == rows[0].id ? 7 : id == rows[2].id ? 9 : nil
            }.map(\.key).joined()
        }
        #expect(keys(.packets) == "badc")
        #expect(keys(.rate) == "cabd")
        #expect(keys(.strikes) == "bdac")
        #expect(keys(.ends) == "cdab")
        #expect(keys(.packets, isReversed: true) == "cadb")
    }

    @Test func `Any order has all rows, and is the same for rows in any order`() {
        for order in OffenderOrder.allCases {
            for isReversed in [false, true] {
                let rows = (0..<50).map { index in
                    Self.row(
                        "k\(index)", packets: [nil, 1, 2].randomElement()!,
                        strikes: [nil, 1].randomElement()!, ends: [nil, 5, 6].randomElement()!)
                }
                let sorted = order.sorted(rows, isReversed: isReversed) { _ in nil }
                #expect(Set(sorted) == Set(rows) && sorted.count == rows.count)
                #expect(order.sorted(rows.shuffled(), isReversed: isReversed) { _ in nil } == sorted)
            }
        }
    }

    @Test func `Each order has a key of its own, and all are gone through`() {
        #expect(Set(OffenderOrder.allCases.map(\.key)).count == OffenderOrder.allCases.count)
        var seen: Set<OffenderOrder> = []
        var order = OffenderOrder.packets
        for _ in OffenderOrder.allCases {
            seen.insert(order)
            order = order.next
        }
        #expect(seen.count == OffenderOrder.allCases.count && order == .packets)
    }

    @Test func `A text is looked for in all that identifies or explains a row`() {
        let row = Offender(sampleBan())
        for text in ["", "203.0", "ACCEPT", "rate-", "d3kooW", "user:seed"] { #expect(row.matches(text)) }
        #expect(!row.matches("spam"))
    }

    // MARK: The selection

    @Test func `The chosen row stays chosen wherever it goes, and in view`() {
        for _ in 0..<300 {
            var rows = Array(0..<Int.random(in: 1...60))
            var selection = RowSelection<Int>()
            let height = Int.random(in: 1...20)
            selection.move(Int.random(in: -5...70), in: rows, height: height)
            let chosen = rows[selection.index]
            for _ in 0..<5 {
                rows.shuffle()
                rows.append(rows.count + 1000)
                selection.follow(rows, height: height)
                #expect(rows[selection.index] == chosen)
                #expect((selection.top..<selection.top + height).contains(selection.index))
                #expect(selection.top + height <= max(height, rows.count))
            }
        }
    }

    @Test func `Where the chosen row is gone, the one in its place is chosen`() {
        var selection = RowSelection<String>()
        selection.move(2, in: ["a", "b", "c", "d"], height: 10)
        selection.follow(["a", "b", "d"], height: 10)
        #expect(selection.chosen == "d")
        selection.follow(["a", "b"], height: 10)
        #expect(selection.chosen == "b" && selection.index == 1)
        selection.follow([], height: 10)
        #expect(selection.index == 0 && selection.top == 0)
        selection.move(1, in: [], height: 10)
        selection.follow(["z"], height: 10)
        #expect(selection.index == 0)
    }

    @Test func `Until something is chosen, whatever is first is selected`() {
        var selection = RowSelection<Int>()
        selection.follow([1, 2], height: 2)
        selection.follow([2, 1], height: 2)
        #expect(selection.index == 0 && selection.chosen == nil)
        selection.move(.max, in: [2, 1], height: 2)
        #expect(selection.index == 1)
        selection.move(.min, in: [2, 1], height: 2)
        #expect(selection.index == 0 && selection.chosen == 2)
        selection.reset()
        #expect(selection.chosen == nil)
    }
}
