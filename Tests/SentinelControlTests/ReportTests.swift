// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import FoundationXML
import Inet
import PlainText
import SentinelProtocol
import TestRandom
import Testing
import Varlink

@testable import SentinelControl

/// What a report counts and how it is drawn. How it looks is for Tests/report to see.
@Suite struct ReportTests {
    // MARK: Counting

    @Test(arguments: 0..<40)
    func `Steps of time cover it, begin at round times, and are no more than there is room for`(seed: Int) {
        var random = Seeded(UInt64(seed))
        let ahead = Int64.random(in: -12...14, using: &random) * 3600
        let local = LocalTime { _ in ahead }
        let from = Timestamp(rawValue: .random(in: 0...1_900_000_000_000, using: &random))
        let span = Int64.random(in: 0...(1 << Int64.random(in: 1...41, using: &random)), using: &random)
        let to = Timestamp(rawValue: from.rawValue + span)
        let grid = TimeGrid(from: from, through: to, local)
        #expect(grid.start <= from && grid[1] > from)
        #expect(grid.end > to && grid[grid.count - 1] <= to)
        #expect((1...TimeGrid.most).contains(grid.count))
        let day: Int64 = 86_400_000
        #expect((grid.start.rawValue + ahead * 1000) % min(grid.step, day) == 0)
        #expect(grid.step >= day ? grid.step % day == 0 : day % grid.step == 0)
        #expect(grid.index(of: from) == 0 && grid.index(of: to) == grid.count - 1)
        #expect(grid.index(of: Timestamp(rawValue: .min)) == 0)
        #expect(grid.index(of: Timestamp(rawValue: .max)) == grid.count - 1)
        for index in 0..<grid.count {
            #expect(grid.index(of: grid[index]) == index)
            #expect(grid.index(of: Timestamp(rawValue: grid[index + 1].rawValue - 1)) == index)
        }
        let marks = grid.marks(atMost: 8, local)
        #expect(marks.count <= 8 && (grid.count < 12 || marks.count >= 2))
        for (one, next) in zip(marks, marks.dropFirst()) { #expect(one.time < next.time) }
        for mark in marks { #expect(mark.time >= grid.start && mark.time <= grid.end && !mark.label.isEmpty) }
        let again = TimeGrid(start: grid.start, step: grid.step, count: grid.count)
        #expect(again == grid)
    }

    @Test func `Marks of days stay at midnight when the clocks are changed`() {
        // Clocks go an hour ahead at 2026-03-29T01:00Z.
        let change: Int64 = 1_774_746_000
        let local = LocalTime { $0 < change ? 3600 : 7200 }
        let from = Timestamp(rawValue: (change - 4 * 86_400) * 1000)
        let grid = TimeGrid(from: from, through: Timestamp(rawValue: (change + 3 * 86_400) * 1000), local)
        let marks = grid.marks(atMost: 8, local)
        #expect(marks.map(\.label) == ["03-26", "03-27", "03-28", "03-29", "03-30", "03-31", "04-01"])
        for mark in marks { #expect(local.text(mark.time).hasSuffix("00:00:00")) }
        #expect(
            local.zone(at: from) == "UTC+01:00" && LocalTime { _ in -12_600 }.zone(at: from) == "UTC-03:30")
    }

    @Test func `An axis ends at a round number that none is above, and its marks are whole`() {
        var random = Seeded(7)
        var numbers: [Int64] = Array(-1...1200) + [.max, .max - 1, 1 << 62]
        for _ in 0..<2000 {
            numbers.append(
                .random(in: 0...(.max >> Int64.random(in: 0...62, using: &random)), using: &random))
        }
        for number in numbers {
            let axis = ValueAxis(through: number)
            #expect(axis.marks.first == 0 && (2...6).contains(axis.marks.count), "\(number)")
            #expect(axis.top >= number || number > .max / 2, "\(number)")
            #expect(number < 10 || number > .max / 8 || axis.top <= number * 5 / 2, "\(number): \(axis.top)")
            let step = axis.marks[1]
            for (one, next) in zip(axis.marks, axis.marks.dropFirst()) where number < .max / 4 {
                #expect(next - one == step)
            }
        }
        #expect(ValueAxis(through: 7).marks == [0, 2, 4, 6, 8])
        #expect(
            [0, 999, 1500, 20_000, 1_000_000].map(ValueAxis.label) == ["0", "999", "1.5 k", "20 k", "1 M"])
    }

    @Test(arguments: 0..<12)
    func `Counts by block are those of a dictionary, and the top is sorted`(seed: Int) {
        var random = Seeded(UInt64(seed))
        var tally = PrefixTally()
        var plain: [String: Int64] = [:]
        for _ in 0..<2000 {
            let count = Int64.random(in: 1...5, using: &random)
            let (a, b, c) = (
                Int.random(in: 0...3, using: &random), Int.random(in: 0...9, using: &random),
                Int.random(in: 1...250, using: &random)
            )
            let (key, block): (String, String) =
                switch Int.random(in: 0...6, using: &random) {
                case 0: ("198.18.\(b).\(c)", "198.18.\(b).0/24")
                case 1: ("tcp:198.18.\(b).\(c):4001", "198.18.\(b).0/24")
                case 2: ("198.18.\(b).0/25", "198.18.\(b).0/24")
                case 3: ("198.18.\(a * 16).0/20", "198.18.\(a * 16).0/20")
                case 4: ("2001:db8:\(b):\(c)::/64", "2001:db8:\(b)::/48")
                case 5: ("udp:[2001:db8:\(b):\(c)::7]:4001", "2001:db8:\(b)::/48")
                default: ("198.18.\(b).3-198.18.\(b).9", "198.18.\(b).0/24")
                }
            let isRead = tally.add(key, count)
            #expect(isRead)
            // Some are written in another form than the one that is shortest.
            plain[IPNetwork(block)!.description, default: 0] += count
        }
        let unread = [tally.add("nobody"), tally.add("")]
        #expect(unread == [false, false])
        let top = tally.top(1000)
        #expect(Dictionary(uniqueKeysWithValues: top.map { ($0.network, $0.count) }) == plain)
        for (one, next) in zip(top, top.dropFirst()) { #expect(one.count >= next.count) }
        #expect(tally.top(5) == Array(top.prefix(5)) && tally.top(0).isEmpty)
    }

    @Test func `Each ban is in one range of lengths, of time left and of strikes`() {
        let now = Recorder.now
        var tally = BanTally(now: now, wanted: [3])
        let minutes: [Int64?] = [0, 1, 9, 10, 59, 60, 1440, 50_000, nil, -5]
        for (index, length) in minutes.enumerated() {
            var ban = sampleBan(Int64(index), key: "198.18.0.\(index)")
            ban.granted = length.map { Milliseconds(rawValue: max(0, $0) * 60_000) }
            ban.expires = length.map { Timestamp(rawValue: now.rawValue + $0 * 60_000) }
            ban.strikes = index * index
            tally.add(ban)
        }
        #expect(tally.durations.map(\.granted) == [2, 2, 2, 1, 0, 1, 0, 1, 1])
        #expect(tally.durations.map(\.left) == [2, 2, 2, 1, 0, 1, 0, 1, 1])
        #expect(tally.durations.last?.from == nil && tally.durations.last?.to == nil)
        #expect(tally.strikeRanges.map(\.bans) == [1, 1, 0, 0, 1, 1, 6])
        #expect(tally.strikeRanges.map(\.from) == [0, 1, 2, 3, 4, 5, 10])
        #expect(tally.repeaters.map(\.id) == [9, 8, 7, 6, 5, 4, 3, 2])
        #expect(Array(tally.found.keys) == [3])
    }

    @Test func `However many reasons a node thinks of, so many are told apart`() {
        let grid = TimeGrid(start: Timestamp(rawValue: 0), step: 1000, count: 10)
        var tally = EventTally(grid)
        for index in 0..<1000 {
            var ban = sampleBan()
            ban.reason = "reason-\(index)"
            tally.add(Event(kind: .banned, time: Timestamp(rawValue: Int64(index * 10)), ban: ban))
            tally.add(Event(kind: .lifted, time: Timestamp(rawValue: Int64(index)), ban: ban))
        }
        tally.add(Event(kind: .alarm, time: Timestamp(rawValue: 0), message: "of no ban"))
        let history = tally.history
        #expect(
            history.bans.count == 201 && history.bans.first?.name == "other"
                && history.bans.first?.total == 800)
        #expect(history.bans.reduce(0) { $0 + $1.total } == 1000)
        #expect(history.bans.allSatisfy { $0.counts.reduce(0, +) == $0.total && $0.counts.count == 10 })
        #expect(history.changes.map(\.name) == ["lifted"] && history.earliest == Timestamp(rawValue: 0))
    }

    @Test func `Bans of an imported list are counted, as many as there were`() {
        var tally = EventTally(TimeGrid(start: Timestamp(rawValue: 0), step: 1000, count: 10))
        var ban = sampleBan()
        ban.reason = "firehol"
        tally.add(Event(kind: .banned, time: Timestamp(rawValue: 2500), ban: ban))
        tally.add(
            Event(
                kind: .imported, time: Timestamp(rawValue: 2600), check: .accept, reason: "firehol",
                count: 40_000))
        let history = tally.history
        #expect(history.bans.map(\.name) == ["firehol"] && history.bans[0].total == 40_001)
        #expect(history.bans[0].counts[2] == 40_001 && history.changes.isEmpty)
    }

    @Test func `Of the packets' elements the best are kept, over all sets, with their bans`() {
        var tally = PacketTally()
        for (number, name) in ["accept4", "dial4", "node_ports"].enumerated() {
            var set = SetInfo(name: name, type: "", flags: [], count: 30)
            set.elements = (0..<30).map { index in
                SetElement(
                    key: "198.18.\(number).\(index)",
                    packets: name == "node_ports" ? nil : Int64(index * 10 + number),
                    ban: index % 2 == 0 ? Int64(index + 100 * number) : nil)
            }
            tally.add(set)
        }
        #expect(tally.hasAll && tally.offenders(with: [:]).count == 20)
        let offenders = tally.offenders(with: [128: sampleBan(128)])
        #expect(
            offenders.prefix(4).map(\.key) == ["198.18.1.29", "198.18.0.29", "198.18.1.28", "198.18.0.28"])
        #expect(offenders.map { $0.ban != nil } == (0..<20).map { $0 == 2 })
        #expect(tally.wanted == [20, 22, 24, 26, 28, 120, 122, 124, 126, 128])
        var large = SetInfo(name: "accept6", type: "", flags: [], count: 1_000_000)
        large.elements = (0..<1000).map { SetElement(key: "2001:db8::\($0)", packets: 1) }
        tally.add(large)
        #expect(!tally.hasAll && tally.prefixes.top(1).first?.network == "198.18.1.0/24")
    }

    // MARK: Drawing

    @Test(arguments: 0..<25)
    func `Whatever texts there are, the page is well-formed and they are text in it`(seed: Int) throws {
        var random = Seeded(UInt64(seed))
        let figures = Self.sample(&random, hostile: true)
        let page = ReportPage(figures, LocalTime { _ in 3600 }).html
        let reader = PageReader(page)
        #expect(reader.parses, "\(reader.problem)")
        let allowed: Set<String> = [
            "html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "p", "div", "span", "dl",
            "dt", "dd",
            "ul", "li", "main", "section", "figure", "figcaption", "svg", "desc", "g", "line", "rect", "text",
            "i", "b",
            "details", "summary", "table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "footer",
        ]
        #expect(reader.elements.isSubset(of: allowed), "\(reader.elements.subtracting(allowed))")
        #expect(reader.attributes.isDisjoint(with: ["style", "href", "src", "onerror", "onload"]))
        for offender in figures.offenders {
            #expect(reader.text.contains(offender.key.sanitised))
            if let detail = offender.ban?.detail, !detail.isEmpty {
                #expect(reader.text.contains(detail.sanitised))
            }
        }
        for problem in figures.status.problems where !problem.isEmpty {
            #expect(reader.text.contains(problem.sanitised))
        }
        #expect(!page.unicodeScalars.contains { $0 != "\n" && $0.isUnfitForTerminal })
    }

    @Test func `Sums in the tables are those of the figures, and columns are as high as their numbers`()
        throws
    {
        var random = Seeded(3)
        let figures = Self.sample(&random, hostile: false)
        let history = try #require(figures.history)
        let page = ReportPage(figures, LocalTime { _ in 0 })
        let reader = PageReader(page.html)
        for series in history.bans.prefix(7) + history.changes {
            #expect(reader.text.contains("\(series.name) \(Quantity.number(series.total))"))
        }
        let rest = history.bans.dropFirst(7)
        #expect(
            reader.text.contains(
                "\(rest.count) other reasons \(Quantity.number(rest.reduce(0) { $0 + $1.total }))"))
        let count = try #require(history.bans.first?.counts.count)
        let plot = TimePlot(
            grid: TimeGrid(start: figures.since, step: history.step.rawValue, count: count),
            series: history.changes,
            localTime: LocalTime { _ in 0 }, title: "t")
        let rects = PageReader(plot.markup.html).rects
        let top = ValueAxis(
            through: Int64(
                (0..<count).map { index in history.changes.reduce(0) { $0 + $1.counts[index] } }.max() ?? 0)
        ).top
        #expect(rects.count == history.changes.reduce(0) { $0 + $1.counts.count { $0 > 0 } })
        let drawn = rects.reduce(0) { $0 + $1.height } / 190 * Double(top)
        let total = Double(history.changes.reduce(0) { $0 + $1.total })
        #expect(abs(drawn - total) < total * 0.02)
        #expect(rects.allSatisfy { $0.y >= 9.99 && $0.y + $0.height <= 200.01 })
    }

    @Test func `Where there is nothing the page says what isn't there`() throws {
        var random = Seeded(1)
        var figures = Self.sample(&random, hostile: false)
        let empty = ReportFigures(
            host: "h", taken: figures.taken, since: figures.since, status: figures.status, sets: [],
            historyProblem: "without a ledger no history is kept; set [ledger] directory", prefixes: .init(),
            durations: BanTally(now: figures.taken, wanted: []).durations,
            strikes: BanTally(now: figures.taken, wanted: []).strikeRanges, offenders: [], repeaters: [])
        let reader = PageReader(ReportPage(empty, LocalTime { _ in 0 }).html)
        #expect(reader.parses && !reader.elements.contains("svg"))
        #expect(reader.text.contains("without a ledger no history is kept; set [ledger] directory"))
        #expect(reader.text.contains("No bans are in force.") && reader.text.contains("not known"))
        figures.history?.bans = []
        let half = PageReader(ReportPage(figures, LocalTime { _ in 0 }).html)
        #expect(half.text.contains("No ban began in this time.") && half.elements.contains("svg"))
    }

    // MARK: The verb

    @Test func `The page and the figures come of the helper's own answers, and a refusal is told`()
        async throws
    {
        let directory = FileManager.default.temporaryDirectory.path + "/\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let page = "\(directory)/report.html"
        let outcome = try await control("report", "--html", page, answer: Self.answer)
        #expect(outcome.status == 0 && outcome.output == "" && outcome.errors == "")
        let reader = PageReader(try String(contentsOfFile: page, encoding: .utf8))
        #expect(reader.parses && reader.text.contains("203.0.113.0/24"))
        let mode = try FileManager.default.attributesOfItem(atPath: page)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let piped = try await control("report", "--html", "-", "--since", "7d", answer: Self.answer)
        #expect(piped.output.hasPrefix("<!DOCTYPE html>") && piped.output.contains("rate-limit"))
        let json = try await control("report", "--json", answer: Self.answer)
        let figures = try #require(
            JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        #expect((figures["offenders"] as? [[String: Any]])?.first?["packets"] as? Int == 9)
        for arguments in [
            ["report"], ["report", "--json", "--html", page],
            ["report", "--html", page, "--since", "2300-01-01"],
        ] {
            let recorder = Recorder()
            #expect(await ControlProgram.run(arguments, on: recorder.console()) == 2, "\(arguments)")
        }
        let denied = try await control("report", "--json") { call throws(VarlinkFailure) in
            throw VarlinkFailure(
                HelperInterface.PermissionDenied(right: .operate, caller: "user:x", message: "no"))
        }
        #expect(denied.status == 4 && denied.output == "")
    }

    @Test func `Without a ledger and without a table there is a page all the same`() async throws {
        let outcome = try await control("report", "--html", "-") { call throws(VarlinkFailure) in
            switch call.method {
            case HelperInterface.history.name:
                throw VarlinkFailure(HelperInterface.HistoryUnavailable(message: "no ledger; set one"))
            case HelperInterface.sets.name:
                throw VarlinkFailure(HelperInterface.Released(message: "released"))
            default: try Self.answer(call)
            }
        }
        #expect(outcome.status == 0 && outcome.output.contains("no ledger; set one"))
    }

    private static func answer(_ call: VarlinkCall) throws(VarlinkFailure) {
        var set = SetInfo(name: "accept4", type: "ipv4_addr", flags: ["timeout"], count: 1, capacity: 10)
        (set.packets, set.bytes) = (9, 900)
        switch call.method {
        case HelperInterface.status.name:
            var random = Seeded(2)
            call.reply(sample(&random, hostile: false).status)
        case HelperInterface.counters.name:
            call.reply(HelperInterface.Counters.Reply(sets: [set], events: []))
        case HelperInterface.sets.name:
            set.elements = [SetElement(key: "203.0.113.7", packets: 9, bytes: 900, ban: 17)]
            call.reply(HelperInterface.Sets.Reply(sets: [set]))
        case HelperInterface.list.name:
            call.replyContinuing(HelperInterface.List.Reply(bans: [sampleBan()]))
            call.reply(HelperInterface.List.Reply(bans: [sampleBan(18, key: "203.0.113.8")]))
        default:
            let time = Timestamp(rawValue: Recorder.now.rawValue - 60_000)
            call.reply(
                HelperInterface.History.Reply(events: [Event(kind: .banned, time: time, ban: sampleBan())]))
        }
    }

    // MARK: Samples

    /// Figures of a day.
    static func sample(_ random: inout Seeded, hostile: Bool) -> ReportFigures {
        let now = Recorder.now
        let grid = TimeGrid(
            from: Timestamp(rawValue: now.rawValue - 86_400_000 + 900_000), through: now, LocalTime { _ in 0 }
        )
        func text(_ plain: String, _ random: inout Seeded) -> String {
            guard hostile else { return plain }
            let bad = [
                "<script>", "\"><img onerror=x>", "'", "&amp;", "]]>", "<!--", "\u{0}", "\u{202E}",
                "\u{FFFE}", "é", "字", "\n",
            ]
            return (0..<Int.random(in: 0...6, using: &random)).map { _ in
                bad.randomElement(using: &random) ?? ""
            }.joined()
        }
        let names = [
            "rate-limit", "scanner", "bad-handshake", "spam", "stale-fork", "sybil", "flood", "slow",
            "operator", "x",
        ]
        func series(_ name: String, _ scale: Double, _ random: inout Seeded) -> ReportFigures.Series {
            let phase = Double.random(in: 0...6, using: &random)
            let counts = (0..<grid.count).map { index in
                Int(
                    scale * (1.2 + sin(Double(index) / 9 + phase))
                        * Double.random(in: 0.6...1.4, using: &random))
            }
            return .init(name: name, total: counts.reduce(0, +), counts: counts)
        }
        var sets: [ReportFigures.Fill] = []
        for (name, capacity) in [
            ("accept4", 1_048_576), ("accept6", 1_048_576), ("dial4", 262_144), ("net4", 65_536),
        ] {
            let count = Int.random(in: 0...capacity, using: &random)
            let packets = Int64.random(in: 0...9_000_000, using: &random)
            sets.append(
                .init(name: name, count: count, capacity: capacity, packets: packets, bytes: packets * 60))
        }
        var tally = BanTally(now: now, wanted: [])
        var offenders: [ReportFigures.Offender] = []
        for index in 0..<3000 {
            var ban = sampleBan(Int64(index), key: "198.18.\(index % 90 * index % 40).\(index % 250)")
            let length = Int64(exp(Double.random(in: 9...22, using: &random)))
            ban.granted = Milliseconds(rawValue: length)
            ban.expires = Timestamp(rawValue: now.rawValue + length / 2)
            ban.strikes = 1 + Int(pow(Double.random(in: 0...1.6, using: &random), 4))
            if index < 12 {
                (ban.detail, ban.peer) = (
                    text("31 connections in 10 s", &random), text("12D3KooWQjKv", &random)
                )
                offenders.append(
                    .init(
                        key: ban.key + text("", &random), set: "accept4",
                        packets: Int64(90_000 / (index + 1)),
                        bytes: Int64(5_400_000 / (index + 1)), ban: ban))
            }
            tally.add(ban)
        }
        let reasons = names.enumerated().map { index, name in
            series(hostile ? name + text("", &random) : name, 40 / Double(index + 1), &random)
        }
        let status = Status(
            version: "0.1.0", mode: .ownedPersistent, table: "inet sentinel",
            started: Timestamp(rawValue: now.rawValue - 9_000_000_000),
            bans: 3000, generation: 9, callers: 3, subscribers: 1,
            kernel: KernelInfo(
                release: "6.12.9-amd64", ownership: true, persistence: true, timeoutUpdate: true,
                elementDestroy: true,
                setCounts: true, socketDestroy: true), ledger: .healthy, sets: [],
            problems: hostile ? [text("", &random)] : [], socketsCut: 412)
        return ReportFigures(
            host: text("seed.example.org", &random), taken: now, since: grid.start, status: status,
            sets: sets,
            history: .init(
                step: Milliseconds(rawValue: grid.step), bans: reasons,
                changes: [
                    series("renewed", 12, &random), series("lifted", 2, &random),
                    series("expired", 60, &random),
                ],
                earliest: grid.start),
            prefixes: .init(
                bans: tally.prefixes.top(12),
                packets: (0..<12).map {
                    .init(network: "198.18.\($0).0/24", count: Int64(800_000 / ($0 + 1)))
                },
                allPackets: false),
            durations: tally.durations, strikes: tally.strikeRanges, offenders: offenders,
            repeaters: tally.repeaters.map { .init(key: $0.key, set: $0.set, ban: $0) })
    }
}

/// Reads a page as XML.
private final class PageReader: NSObject, XMLParserDelegate {
    private(set) var elements: Set<String> = []
    private(set) var attributes: Set<String> = []
    private(set) var text = ""
    private(set) var rects: [(y: Double, height: Double)] = []
    private(set) var parses = false
    private(set) var problem = ""

    init(_ page: String) {
        super.init()
        let parser = XMLParser(data: Data(page.utf8))
        parser.delegate = self
        parses = parser.parse()
        problem = parser.parserError.map { "\($0) in line \(parser.lineNumber)" } ?? ""
    }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes given: [String: String]
    ) {
        elements.insert(name)
        attributes.formUnion(given.keys)
        if name == "rect" {
            rects.append((Double(given["y"] ?? "") ?? -1, Double(given["height"] ?? "") ?? -1))
        }
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }
}
