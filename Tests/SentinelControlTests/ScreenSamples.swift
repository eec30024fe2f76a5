// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import SentinelProtocol

@testable import SentinelControl

/// States of the screen for tests.
enum ScreenSamples {
    static func instant(_ seconds: Double) -> ScreenInstant {
        ScreenInstant(
            elapsed: .seconds(seconds),
            time: Timestamp(rawValue: Recorder.now.rawValue + Int64(seconds * 1000)))
    }

    static func state(_ columns: Int = 80, _ rows: Int = 24) -> ScreenState {
        ScreenState(
            size: TerminalSize(columns: columns, rows: rows), now: instant(0), configuration: "/c.toml",
            view: ScreenView(glyphs: .blocks, localTime: LocalTime { _ in 0 }))
    }

    static func status(
        bans: Int = 1, mode: Mode = .ownedPersistent, problems: [String] = []
    ) -> Status {
        Status(
            version: "0.1.0", mode: mode, table: "inet sentinel", started: Recorder.now, bans: bans,
            generation: 1, callers: 1, subscribers: 0,
            kernel: .init(
                release: "6.1.0", ownership: true, persistence: true, timeoutUpdate: true,
                elementDestroy: true, setCounts: true, socketDestroy: true),
            ledger: .healthy, sets: [set("accept4", count: bans, packets: nil)], problems: problems)
    }

    static func set(_ name: String, count: Int, packets: Int64?, _ elements: [SetElement]? = nil) -> SetInfo {
        var set = SetInfo(
            name: name, type: "ipv4_addr", flags: ["timeout"], count: count, capacity: 1_048_576,
            elements: elements)
        set.packets = packets
        set.bytes = packets.map { $0 * 60 }
        return set
    }

    static func glance(
        packets: Int64 = 0, bans: Int = 1, banned: Int64 = 0, mode: Mode = .ownedPersistent,
        problems: [String] = []
    ) -> ScreenData.Glance {
        ScreenData.Glance(
            status: status(bans: bans, mode: mode, problems: problems),
            counters: .init(
                sets: [set("accept4", count: bans, packets: packets)],
                events: [EventCount(kind: .banned, check: .accept, reason: "rate-limit", count: banned)]))
    }

    /// A ban for each packet count, numbered from 1 on: 203.0.113.1 and so on.
    static func reading(_ packets: Int64?..., change: (inout Ban) -> Void = { _ in }) -> ScreenData.Reading {
        var bans = packets.indices.map { sampleBan(Int64($0 + 1), key: "203.0.113.\($0 + 1)") }
        for index in bans.indices { change(&bans[index]) }
        let elements = zip(bans, packets).compactMap { ban, packets in
            packets.map { SetElement(key: ban.key, packets: $0, bytes: $0 * 60, ban: ban.id) }
        }
        let set = set("accept4", count: bans.count, packets: nil, elements)
        return .init(sets: [set], bans: bans, limit: 200)
    }
}

extension ScreenState {
    /// Types a text, and keys behind it.
    @discardableResult
    mutating func type(_ text: String, _ keys: Key..., at seconds: Double = 1) -> [ScreenEffect] {
        (text.map(Key.character) + keys).flatMap { take(.key($0), at: ScreenSamples.instant(seconds)) }
    }

    /// What is on the screen.
    var shown: [String] { view.frame(self).lines.map { $0.rendered(inColours: false) } }
}
