// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import LedgerSupport
import TestRandom
import Testing

@testable import Ledger

@Suite struct PageReaderTests {
    /// The pages of a ledger's file, and what was written into them.
    private func written() throws -> (pages: [[UInt8]], chronicle: Chronicle) {
        let specimen = try Specimen(seed: 21, batches: 60, inLog: 0)
        let pages = stride(from: 0, to: specimen.main.count, by: PageReader.pageSize).map {
            Array(specimen.main[$0..<$0 + PageReader.pageSize])
        }
        return (pages, specimen.chronicle)
    }

    private func rows(_ pages: [[UInt8]]) -> [(table: LedgerTable, row: Row)] {
        pages.enumerated().flatMap { PageReader.rows(of: $1, isFirst: $0 == 0) }
    }

    @Test func `All rows of a file are found without a way to them`() throws {
        let (pages, chronicle) = try written()
        let rows = rows(pages)
        let bans = rows.filter { $0.table == .bans }.compactMap { LedgerBan($0.row) }
        #expect(bans.count == chronicle.state.bans.count && bans.count > 150)
        #expect(Set(bans) == Set(chronicle.state.bans.values))
        let offences = rows.filter { $0.table == .offences }.compactMap { LedgerOffence($0.row) }
        #expect(Set(offences) == Set(chronicle.state.offences.values))
        #expect(
            rows.filter { $0.table == .history }.compactMap { LedgerEvent($0.row) }.count
                == chronicle.state.events)
        #expect(
            rows.filter { $0.table == .state }.compactMap { LedgerState($0.row) }.map(\.next) == [
                chronicle.state.next
            ])
    }

    @Test func `In a page with bytes that were overwritten nothing is found that wasn't there`() throws {
        let (pages, _) = try written()
        var random = Seeded(22)
        for _ in 0..<800 {
            let number = Int.random(in: 0..<pages.count, using: &random)
            var page = pages[number]
            let there = Set(PageReader.rows(of: page, isFirst: number == 0).map(\.row))
            let start = Int.random(in: 0..<page.count, using: &random)
            let end = min(page.count, start + Int.random(in: 1...64, using: &random))
            for offset in start..<end { page[offset] = UInt8.random(in: 0...255, using: &random) }
            #expect(there.isSuperset(of: PageReader.rows(of: page, isFirst: number == 0).map(\.row)))
        }
    }

    @Test func `Random bytes have no rows, and end nothing`() {
        var random = Seeded(23)
        for round in 0..<120 {
            var page = (0..<PageReader.pageSize).map { _ in UInt8.random(in: 0...255, using: &random) }
            // That of a leaf, so that it is looked at; small numbers make for records that fit.
            page[0] = 0x0D
            page[100] = 0x0D
            if round % 2 == 0 { for offset in page.indices.dropFirst(8) { page[offset] &= 0x1F } }
            #expect(PageReader.rows(of: page, isFirst: false).isEmpty)
            #expect(PageReader.rows(of: page, isFirst: true).isEmpty)
        }
        for size in [0, 1, 99, 4095, 4097] {
            #expect(PageReader.rows(of: [UInt8](repeating: 0x0D, count: size), isFirst: true).isEmpty)
        }
        #expect(PageReader.rows(of: [UInt8](repeating: 0xFF, count: 4096), isFirst: false).isEmpty)
    }
}
