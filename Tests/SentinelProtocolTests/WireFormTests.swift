// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import SentinelProtocol
import Testing

@Suite struct WireFormTests {
    @Test func `A word that is not known yet is kept as it is`() throws {
        let event = try JSONDecoder().decode(
            Event.self, from: Data(#"{"kind":"postponed","time":1}"#.utf8))
        #expect(event.kind == EventKind(rawValue: "postponed"))
        #expect("\(event.kind)" == "postponed")
        let again = try JSONDecoder().decode(Event.self, from: JSONEncoder().encode(event))
        #expect(again == event)
    }

    @Test func `A check that is not known is an error that names its place`() {
        let json = Data(#"[{"check":"tunnel","subject":"a","reason":"r","validated":true}]"#.utf8)
        let error = #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([Denial].self, from: json)
        }
        guard case .dataCorrupted(let context)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(context.codingPath.map(\.stringValue).last == "check")
    }

    @Test(
        arguments: [
            (Duration.zero, 0), (.seconds(90), 90_000), (.milliseconds(-5), -5), (.microseconds(1999), 1),
            (.seconds(Int64.max), Int64.max), (.seconds(Int64.min), Int64.min),
        ] as [(Duration, Int64)])
    func `A duration is whole milliseconds on the wire, as many as fit`(duration: Duration, value: Int64) {
        #expect(Milliseconds(duration).rawValue == value)
    }

    @Test func `Milliseconds are the duration they were made of`() {
        for value in [0, 1, 86_400_000, .max] as [Int64] {
            #expect(Milliseconds(Milliseconds(rawValue: value).duration).rawValue == value)
        }
    }
}
