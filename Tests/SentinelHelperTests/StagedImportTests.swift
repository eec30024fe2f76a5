// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import SentinelProtocol
import TestRandom
import Testing

@testable import SentinelHelper

@Suite struct StagedImportTests {
    /// Few subjects, so that many are named twice, in parts of all checks.
    private func parts(_ random: inout Seeded) -> [ImportPart] {
        (0..<Int.random(in: 1...8, using: &random)).map { number in
            let check = Check.allCases.randomElement(using: &random) ?? .accept
            let subjects = (0..<Int.random(in: 0...20, using: &random)).map { _ in
                let host = Int.random(in: 1...9, using: &random)
                let address = Bool.random(using: &random) ? "192.0.2.\(host)" : "2001:db8::\(host)"
                return switch check {
                case .accept: address
                case .dial: address.contains(":") ? "tcp:[\(address)]:\(host)" : "udp:\(address):\(host)"
                case .network: "\(address)/\(address.contains(":") ? 128 : 32)"
                }
            }
            let separator = String(repeating: " ", count: Int.random(in: 1...2, using: &random))
            return ImportPart(
                check: check, subjects: subjects.joined(separator: separator), reason: "r\(number)")
        }
    }

    @Test(arguments: 0..<200)
    func `What was named comes in the order of keys, those alike as they were named`(seed: UInt64) throws {
        var random = Seeded(seed)
        let parts = parts(&random)
        var staged = StagedImport()
        for part in parts { #expect(staged.add(part) == []) }
        let named = staged.entries.map { ($0.index, Target($0).description, $0.part) }
        staged.order()
        let entries = staged.entries
        for (a, b) in zip(entries, entries.dropFirst()) { #expect((a.key, a.index) < (b.key, b.index)) }
        let sorted = entries.sorted { $0.index < $1.index }.map {
            ($0.index, Target($0).description, $0.part)
        }
        #expect(sorted.elementsEqual(named, by: ==))
        #expect(
            sorted.map(\.1) == parts.flatMap { $0.subjects.split(separator: " ").map(String.init) })
        #expect(staged.named == parts.reduce(0) { $0 + StagedImport.count($1) })
    }

    @Test(arguments: 0..<50) func `The places of a set are those of its bans`(seed: UInt64) throws {
        var random = Seeded(seed)
        var staged = StagedImport()
        for part in parts(&random) { _ = staged.add(part) }
        staged.order()
        var imported = ImportedBans(
            staged: staged, caller: "user:root", ipv6Prefix: 64, granted: 0, created: 0)
        // As an import has them: no two with one key.
        for (place, entry) in staged.entries.enumerated() {
            let ban = ImportedBan(entry: UInt32(place), strikes: 1, deadline: 1)
            if imported.bans.last.map(imported.key) != entry.key.matching(ipv6Prefix: 64) {
                imported.bans.append(ban)
            }
        }
        let keys = imported.bans.map(imported.key)
        #expect(Set(keys).count == keys.count)
        for kind in SetKind.allCases {
            #expect(
                imported.bans[imported.places(in: kind)].map(imported.key) == keys.filter { $0.set == kind })
        }
        for entry in staged.entries {
            #expect(imported.holds(entry.key.matching(ipv6Prefix: 64)))
        }
        #expect(!imported.holds(BanKey(source: .v4(IPv4Address(203, 0, 113, 1)), ipv6Prefix: 64)))
    }
}
