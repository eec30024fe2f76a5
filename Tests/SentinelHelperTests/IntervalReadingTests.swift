// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Nftables
import Testing

@testable import SentinelHelper

@Suite struct IntervalReadingTests {
    private func texts(_ ends: (String, isEnd: Bool)...) throws -> [String] {
        let elements = try ends.map { text, isEnd in
            Element(ElementKey(try #require(IPAddress(text))), isIntervalEnd: isEnd)
        }
        return IntervalReading(elements).ranges.map(\.text)
    }

    @Test func `Beginnings and ends in any order become ranges`() throws {
        #expect(
            try texts(("10.2.0.0", true), ("10.0.0.0", false), ("10.2.0.7", true), ("10.2.0.0", false))
                == ["10.0.0.0/15", "10.2.0.0-10.2.0.6"])
    }

    @Test func `What has no end goes on to the family's last address`() throws {
        #expect(try texts(("224.0.0.0", false)) == ["224.0.0.0/3"])
        #expect(try texts(("ff00::", false)) == ["ff00::/8"])
    }

    @Test func `Two that begin at the same address are one`() throws {
        #expect(try texts(("10.0.0.0", false), ("10.0.0.0", false), ("10.1.0.0", true)) == ["10.0.0.0/16"])
    }

    @Test func `A range ends with its family`() throws {
        #expect(
            try texts(("::", false), ("224.0.0.0", false), ("2001:db8::", true))
                == ["224.0.0.0/3", "::-2001:db7:ffff:ffff:ffff:ffff:ffff:ffff"])
    }
}
