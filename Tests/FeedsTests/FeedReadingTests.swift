// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import BanLists
import FeedReader
import Inet
import SentinelConfiguration
import Testing

@testable import Feeds

private func reading(_ text: String, format: String? = nil) throws -> FeedReading {
    try FeedReading(text: Array(text.utf8), format: format, now: 1_795_836_037_000, file: "f")
}

private func problem(_ text: String, format: String? = nil) throws -> String {
    try #require(throws: ConfigurationError.self) { try reading(text, format: format) }.description
}

@Suite struct FeedReadingTests {
    @Test func `A netset becomes addresses and blocks, and what isn't taken is told`() throws {
        let found = try reading(
            """
            # FireHOL
            192.0.2.1
            192.0.2.2 ; a comment
            203.0.113.0-203.0.113.9
            198.51.100.1/24
            0.0.0.0/0
            2001:db8::/32
            """)
        #expect(found.format == "plain")
        #expect(
            found.list
                == (try list("192.0.2.1", "192.0.2.2", "203.0.113.0/29", "203.0.113.8/31", "2001:db8::/32")))
        #expect(found.refused == 2)
        #expect(
            found.refusals == [
                "line 5: bits behind the prefix, \"198.51.100.1/24\"; write 198.51.100.0/24 for the block, or 198.51.100.1 for the one address",
                "line 6: a block wider than /8, \"0.0.0.0/0\"; write the blocks that are meant",
            ])
    }

    @Test func `What ends by itself is left out once it has, and is known to end`() throws {
        let found = try reading(
            """
            {"version": 1, "banned_nets": [
            {"version": 1, "ban_created": 1, "banned_until": 2000000000, "address": "192.0.2.1/32"},
            {"version": 1, "ban_created": 1, "banned_until": 1900000000, "address": "192.0.2.2/32"},
            {"version": 1, "ban_created": 1, "banned_until": 1700000000, "address": "192.0.2.3/32"}]}
            """)
        #expect(found.list == (try list("192.0.2.1", "192.0.2.2")))
        #expect(found.ended == 1 && found.nextEnd == 1_900_000_000_000 && found.format == "bitcoin")
    }

    @Test func `A list may be meant to be empty, but a file without anything is an accident`() throws {
        #expect(try reading("# empty\n").list.isEmpty)
        #expect(try reading("null\n").format == "crowdsec")
        for text in ["", "\n \n"] {
            #expect(
                try problem(text)
                    == "f: is empty, as a file is whose download failed; fetch it again; if it is meant to be empty, "
                    + "write a line \"# empty\" into it")
        }
    }

    @Test func `What is no list isn't taken, nor what is mostly none`() throws {
        #expect(
            try problem("<html>\n<p>404</p>\n</html>\n", format: "plain").hasPrefix(
                "f: isn't what it should be: 3 entries of it are refused, 0 aren't; line 1: no address, \"<html>\"; "
            ))
        #expect(
            try problem("192.0.2.1\na\nb\n", format: "plain").contains(
                "2 entries of it are refused, 1 aren't"))
        #expect(try reading("192.0.2.1\na\n", format: "plain").refused == 1)
        #expect(try problem("{\"a\": 1}").contains("say in its [[feed]] which format it has"))
        #expect(try problem("SQLite format 3\0…").contains("`fail2ban-client banned`"))
        #expect(try problem("{\"version\": 1, \"banned_nets\": [").hasPrefix("f:1: "))
    }

    @Test func `The configuration knows the formats of lists that are text`() {
        let known = BanListKind.allCases.filter { $0.format != nil }.map(\.rawValue)
        #expect(Configuration.FeedFormat.allCases.map(\.rawValue) == known)
        #expect(known.allSatisfy { $0.utf8.count <= 16 })
    }

    // MARK: Coded

    @Test func `What is coded comes back`() throws {
        var found = try reading("192.0.2.1\n198.51.100.0/24\n2001:db8::7\n2001:db8:1::/48\nx\n")
        found.nextEnd = 5
        var again = try FeedReading(coded: found.coded)
        #expect(again.refusals == [] && found.refusals.count == 1)
        again.refusals = found.refusals
        #expect(again == found)
        #expect(found.coded.count <= FeedReading.mostBytes(addresses: 1, blocks: 1))
        #expect(try FeedReading(coded: FeedReading().coded) == FeedReading())
    }

    @Test
    func `A coded reading that was cut, changed or lengthened is refused, or is another that is in order`()
        throws
    {
        let coded = try reading("192.0.2.1\n192.0.2.7\n198.51.100.0/24\n203.0.113.0/24\n2001:db8::7\n").coded
        for count in coded.indices {
            #expect(throws: FeedCodingError.self) { try FeedReading(coded: Array(coded[..<count])) }
        }
        #expect(throws: FeedCodingError.self) { try FeedReading(coded: coded + [0]) }
        for (index, bit) in coded.indices.flatMap({ index in (0..<8).map { (index, $0) } }) {
            var changed = coded
            changed[index] ^= 1 << bit
            guard let found = try? FeedReading(coded: changed) else { continue }
            #expect(
                NumberList(checking: found.list.ipv4.addresses, found.list.ipv4.blocks) == found.list.ipv4)
        }
        var list = AddressList()
        list.ipv4 = NumberList([1, 2], [.init(4, 5), .init(9, 9)])
        var found = FeedReading()
        found.list = list
        #expect(try FeedReading(coded: found.coded).list == list)
    }

    @Test func `Numbers that aren't in order, or overlap, are none of a list's`() {
        #expect(NumberList<UInt32>(checking: [1, 1], []) == nil)
        #expect(NumberList<UInt32>(checking: [2, 1], []) == nil)
        #expect(NumberList<UInt32>(checking: [], [.init(5, 5)]) == nil)
        #expect(NumberList<UInt32>(checking: [], [.init(5, 4)]) == nil)
        #expect(NumberList<UInt32>(checking: [], [.init(1, 5), .init(5, 9)]) == nil)
        #expect(NumberList<UInt32>(checking: [], [.init(1, 5), .init(6, 9)]) == nil)
        #expect(NumberList<UInt32>(checking: [3], [.init(1, 5)]) == nil)
        #expect(NumberList<UInt32>(checking: [.max], [.init(1, 5)]) != nil)
    }
}
