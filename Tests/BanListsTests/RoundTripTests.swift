// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import BanLists
import Inet
import TestRandom
import Testing

/// What is written reads back as the same, as far as the format can hold it.
@Suite struct RoundTripTests {
    /// Which entries a format holds whole.
    struct Form: Sendable, CustomStringConvertible {
        var kind: BanListKind
        var hasBlocks = true
        var hasIPv6Blocks = true
        /// Whether prefixes may be other than whole octets.
        var hasAnyPrefix = true
        var hasEndpoints = false
        var ends: [@Sendable (inout Seeded) -> BanEntry.End]
        var hasCreation = false
        var hasReason = false
        var hasOrigin = false
        var hasRecord = false

        var description: String { kind.rawValue }
    }

    private static let unstated: @Sendable (inout Seeded) -> BanEntry.End = { _ in .unstated }
    private static let forGood: @Sendable (inout Seeded) -> BanEntry.End = { _ in .forGood }
    private static let second: @Sendable (inout Seeded) -> BanEntry.End = {
        .at(seconds(.random(in: 1...2_000_000_000, using: &$0)))
    }
    private static let millisecond: @Sendable (inout Seeded) -> BanEntry.End = {
        .at(now.advanced(by: .random(in: 1...2_000_000_000_000, using: &$0)))
    }

    static let forms: [Form] = [
        Form(kind: .bitcoin, ends: [second, forGood], hasCreation: true),
        Form(kind: .bitcoinRPC, ends: [second, forGood], hasCreation: true),
        Form(kind: .crowdsec, ends: [unstated, millisecond, forGood], hasReason: true, hasOrigin: true),
        Form(kind: .crowdsecStream, ends: [millisecond, forGood], hasReason: true, hasOrigin: true),
        Form(kind: .monero, hasIPv6Blocks: false, hasAnyPrefix: false, ends: [forGood]),
        Form(kind: .moneroRPC, hasIPv6Blocks: false, hasAnyPrefix: false, ends: [second, forGood]),
        Form(kind: .sshguard, hasBlocks: false, ends: [forGood], hasCreation: true),
        Form(
            kind: .sentinel, hasEndpoints: true, ends: [millisecond, forGood], hasCreation: true,
            hasReason: true,
            hasRecord: true),
    ]

    @Test(arguments: forms)
    func `Any list that a format can hold comes back`(form: Form) throws {
        let format = try #require(form.kind.format)
        for seed in 0..<200 as Range<UInt64> {
            var random = Seeded(seed)
            let entries = (0..<Int.random(in: 0...20, using: &random)).map { _ in Self.anyEntry(form, &random)
            }
            let writing = format.write(entries, now: now)
            #expect(writing.omissions.filter { $0.kind == .bans } == [])
            #expect(writing.count == entries.count)
            let reading = try format.read(writing.text.span, now: now)
            try #require(reading.entries == entries, "\(text(writing))")
            #expect(reading.refusals.isEmpty)
            if !entries.isEmpty, form.kind != .monero {
                let kind = try BanListKind(recognising: writing.text.span)
                #expect(kind == form.kind)
            }
        }
    }

    private static func anyEntry(_ form: Form, _ random: inout Seeded) -> BanEntry {
        let subject = subject(form, &random)
        let end = form.ends.randomElement(using: &random)?(&random) ?? .unstated
        let created = form.hasCreation ? seconds(.random(in: -1_000_000...0, using: &random)) : nil
        var reason: String?
        var origin: String?
        if form.hasReason, Bool.random(using: &random) { reason = words(&random) }
        if form.hasOrigin, Bool.random(using: &random) { origin = words(&random) }
        if form.kind == .sshguard { origin = "100" }
        var record: BanEntry.Record?
        if form.hasRecord, Bool.random(using: &random) {
            let check =
                switch subject {
                case .address: "accept"
                case .block: "network"
                case .endpoint: "dial"
                }
            record = BanEntry.Record(
                id: .random(in: 1...Int64.max, using: &random), check: check, subject: "\(subject)",
                key: words(&random),
                set: "accept4", caller: words(&random), byOperator: .random(using: &random),
                granted: Bool.random(using: &random) ? 3 : nil, strikes: 4, durable: .random(using: &random))
        }
        let notes =
            reason == nil && origin == nil && record == nil
            ? nil : BanEntry.Notes(reason: reason, origin: origin, record: record)
        return BanEntry(subject, created: created, end: end, notes: notes)
    }

    private static func subject(_ form: Form, _ random: inout Seeded) -> BanEntry.Subject {
        let isIPv4 = Bool.random(using: &random)
        let address: IPAddress =
            isIPv4
            ? .v4(IPv4Address(bits: .random(in: 0...(.max), using: &random)))
            : .v6(
                IPv6Address(
                    high: .random(in: 0x2000 << 48...0x3FFF << 48, using: &random),
                    low: .random(in: 0...(.max), using: &random)))
        if form.hasEndpoints, Bool.random(using: &random) {
            return .endpoint(
                Endpoint(address: address, transport: .udp, port: .random(in: 1...(.max), using: &random)))
        }
        guard form.hasBlocks, isIPv4 || form.hasIPv6Blocks, Bool.random(using: &random) else {
            return .address(address)
        }
        let length =
            form.hasAnyPrefix
            ? Int.random(in: 0...address.family.bitWidth, using: &random)
            : 8 * Int.random(in: 1...4, using: &random)
        return .init(IPNetwork(containing: address, prefixLength: length))
    }

    /// A text that has to be written with care.
    private static func words(_ random: inout Seeded) -> String {
        let alphabet: [Character] = [
            "a", "é", "\"", "'", "\\", "\n", "\t", "/", "\u{1B}", "😀", "{", " ", "x",
        ]
        return "w"
            + String(
                (0..<Int.random(in: 0...8, using: &random)).compactMap { _ in
                    alphabet.randomElement(using: &random)
                })
    }

    @Test func `A plain list comes back as the addresses that it holds`() throws {
        for seed in 0..<200 as Range<UInt64> {
            var random = Seeded(seed)
            let entries = (0..<20).map { _ in
                Self.anyEntry(Form(kind: .plain, ends: [Self.unstated]), &random)
            }
            let once = try PlainList.read(PlainList.write(entries, now: now).text.span, now: now)
            let twice = try PlainList.read(PlainList.write(once.entries, now: now).text.span, now: now)
            // Merged once, there is nothing left to merge.
            #expect(twice.entries == once.entries)
            #expect(twice.merged == 0)
            for entry in entries {
                let network = try #require(entry.subject.network)
                let isHeld = once.entries.contains {
                    guard let held = $0.subject.network else { return false }
                    return held.contains(network.first) && held.contains(network.last)
                }
                #expect(isHeld, "\(network)")
            }
        }
    }

    @Test func `banlist json is laid out as Bitcoin Core reads and people do`() {
        let ban = entry("203.0.113.7", .at(seconds(60)), created: now)
        #expect(
            text(BitcoinList.write([ban], now: now)) == """
                {
                  "banned_nets": [
                  {
                    "version": 1,
                    "ban_created": 1795836037,
                    "banned_until": 1795836097,
                    "address": "203.0.113.7/32"
                  }
                ]
                }

                """)
        #expect(text(BitcoinList.write([], now: now)) == "{\n  \"banned_nets\": []\n}\n")
    }

    @Test func `monerod gets the whole octets that a block is made of`() throws {
        let blocks = ["8.0.0.0/6", "192.0.2.0/23", "192.0.2.254/31", "192.0.2.0/24"].map {
            entry($0, .forGood)
        }
        #expect(
            text(MoneroList.write(blocks, now: now)).split(separator: "\n") == [
                "8.0.0.0/8", "9.0.0.0/8", "10.0.0.0/8", "11.0.0.0/8", "192.0.2.0/24", "192.0.3.0/24",
                "192.0.2.254", "192.0.2.255", "192.0.2.0/24",
            ])
        let everyone = text(MoneroBans.write([entry("0.0.0.0/0", .forGood)], now: now))
        #expect(everyone.split(separator: "\n").count == 258)
    }

    @Test func `fail2ban's form has jails, with the addresses of each together`() throws {
        let entries = [
            entry("203.0.113.7", reason: "ss'hd"), entry("203.0.113.8", reason: "ss'hd"),
            entry("2001:db8::/32", reason: "we\"b\\"),
        ]
        let writing = Fail2banBanned.write(entries, now: now)
        #expect(
            text(writing) == #"[{'ss\'hd': ['203.0.113.7', '203.0.113.8']}, {'we"b\\': ['2001:db8::/32']}]"#
                + "\n")
        #expect(try Fail2banBanned.read(writing.text.span, now: now).entries == entries)
    }

    @Test(arguments: BanListKind.allCases.compactMap(\.format).map { "\($0)" })
    func `What a format can't hold is counted`(name: String) throws {
        let format = try #require(BanListKind.allCases.compactMap(\.format).first { "\($0)" == name })
        let entries = [
            entry("tcp:203.0.113.7:8776", .at(seconds(60)), created: now, reason: "r", origin: "o"),
            entry("192.0.2.7", .at(seconds(60)), created: now, reason: "r", origin: "o"),
            entry("203.0.113.0/24", .forGood, created: now, reason: "r", origin: "o"),
            entry("2001:db8::/32", .unstated, created: now, reason: "r", origin: "o"),
        ]
        let writing = format.write(entries, now: now)
        let left = writing.omissions.filter { $0.kind == .bans }.reduce(0) { $0 + $1.count }
        #expect(writing.count + left == entries.count)
        #expect(try format.read(writing.text.span, now: now).entries.count == writing.count)
        #expect(!writing.omissions.isEmpty)
    }

    @Test func `Garbage is refused or read, and traps nothing`() throws {
        let seeds = RecognitionTests.lists.map { Array($0.0.utf8) }
        for seed in 0..<3000 as Range<UInt64> {
            var random = Seeded(seed)
            var bytes = seeds.randomElement(using: &random) ?? []
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let place = Int.random(in: 0...bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes.insert(.random(in: 0...255, using: &random), at: place)
                case 1: if place < bytes.count { bytes[place] = .random(in: 0...255, using: &random) }
                case 2: bytes.removeLast(bytes.count - place)
                default: bytes.insert(contentsOf: "9999999999999999999".utf8, at: place)
                }
            }
            _ = try? BanListKind(recognising: bytes.span)
            for kind in BanListKind.allCases {
                guard let format = kind.format, let reading = try? format.read(bytes.span, now: now) else {
                    continue
                }
                #expect(reading.lines.count == reading.entries.count)
                _ = format.write(reading.entries, now: now)
            }
        }
    }
}
