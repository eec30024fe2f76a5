// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Crypto
import Testing

@testable import SeedNode

@Suite struct RecordTests {
    private let key = SymmetricKey(size: .bits256)

    private func records(_ count: Int) throws -> [[UInt8]] {
        var sealer = RecordSealer(key: key)
        return try (0..<count).map { try sealer.seal([UInt8(truncatingIfNeeded: $0)]) }
    }

    @Test func `Records open in any order, each once`() throws {
        var opener = RecordOpener(key: key)
        for (index, record) in try records(60).enumerated().shuffled() {
            #expect(opener.open(record) == [UInt8(index)])
            #expect(opener.open(record) == nil)
        }
    }

    @Test func `What is 64 records old is too old, what is 63 old is not`() throws {
        let all = try records(100)
        var opener = RecordOpener(key: key)
        #expect(opener.open(all[99]) != nil)
        #expect(opener.open(all[36]) != nil)
        #expect(opener.open(all[35]) == nil)
    }

    @Test func `A record far ahead is taken, and shuts out all before it`() throws {
        let all = try records(300)
        var opener = RecordOpener(key: key)
        #expect(opener.open(all[0]) != nil)
        #expect(opener.open(all[299]) != nil)
        #expect(opener.open(all[1]) == nil)
        #expect(opener.open(all[298]) != nil)
    }

    @Test func `A forged record is refused and uses up no number`() throws {
        let record = try records(1)[0]
        var opener = RecordOpener(key: key)
        for index in record.indices {
            var forged = record
            forged[index] ^= 1
            #expect(opener.open(forged) == nil)
        }
        #expect(opener.open(Array(record.dropLast())) == nil)
        #expect(opener.open([]) == nil)
        #expect(opener.open(record) == [0])
    }
}
