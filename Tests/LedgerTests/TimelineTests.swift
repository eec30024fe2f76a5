// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Ledger
import LedgerSupport
import TestRandom
import Testing

@Suite struct TimelineTests {
    private static let tenYears: Int64 = 10 * 366 * 86_400_000

    /// A host that is booted again and again, with a wall clock that somebody sets as he likes.
    private struct Host {
        var random: Seeded
        var boot = "boot 0"
        var boots = 0
        var monotonic: Int64 = 0
        var wall: Int64 = 1_800_000_000_000
        var mark: Timeline.Mark?
        var timeline: Timeline
        /// When each ban that is in the ledger was granted, and for how long.
        var bans: [(since: Int64, granted: Int64)] = []

        init(seed: UInt64) {
            random = Seeded(seed)
            timeline = Timeline(after: nil, boot: boot, monotonic: 0, wall: 0)
        }

        var now: Int64 { timeline.time(monotonic) }

        mutating func pass(_ most: Int64) {
            let time = Int64.random(in: 0...most, using: &random)
            monotonic += time
            wall += time
        }

        mutating func setClock() {
            wall += Int64.random(in: -tenYears...tenYears, using: &random)
        }

        mutating func write() {
            mark = timeline.mark(monotonic: monotonic, wall: wall)
        }

        /// Restarts the helper, and the host with it.
        mutating func restart(reboots: Bool) {
            if reboots {
                boots += 1
                boot = "boot \(boots)"
                monotonic = Int64.random(in: 0...100_000, using: &random)
            }
            timeline = Timeline(after: mark, boot: boot, monotonic: monotonic, wall: wall)
        }
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func `Whatever the clocks do, what remains of a ban is between nothing and what was granted`(seed: UInt64)
    {
        var host = Host(seed: seed)
        for _ in 0..<400 {
            let before = host.now
            switch Int.random(in: 0..<10, using: &host.random) {
            case 0..<3:
                host.bans.append((host.now, Int64.random(in: 1...Self.tenYears, using: &host.random)))
                host.write()
            case 3..<5:
                // The ledger can't be written at the time.
                host.pass(86_400_000)
                #expect(host.now >= before)
            case 5:
                host.write()
            case 6:
                host.setClock()
                #expect(host.now == before, "a clock that is set changes nothing while the host runs")
            case 7, 8:
                host.pass(600_000)
                let (shift, isMarked) = (host.timeline.shift, host.mark?.boot == host.boot)
                host.restart(reboots: false)
                if isMarked { #expect(host.timeline.shift == shift, "in one boot the time is exact") }
            default:
                reboot(&host)
            }
            for ban in host.bans {
                let remaining = ban.since + ban.granted - host.now
                #expect(remaining <= ban.granted)
            }
        }
        #expect(host.boots > 5 && host.bans.count > 50)
    }

    private func reboot(_ host: inout Host) {
        host.pass(3_600_000)
        // Off for a while, in which somebody may have set the clock.
        host.wall += Int64.random(in: 0...86_400_000, using: &host.random)
        if Bool.random(using: &host.random) { host.setClock() }
        host.restart(reboots: true)
        guard let mark = host.mark else { return }
        let passed = host.wall - mark.wall
        #expect(host.now == mark.written + max(0, passed))
        // The ledger does so when it is opened, where it can.
        if Int.random(in: 0..<4, using: &host.random) > 0 { host.write() }
    }

    @Test func `A wall clock behind the last write neither shortens nor lengthens a ban`() {
        let mark = Timeline.Mark(boot: "a", shift: 500, written: 10_000, wall: 1_800_000_000_000)
        for behind in [0, 1, 1000, Self.tenYears] {
            let timeline = Timeline(after: mark, boot: "b", monotonic: 7, wall: mark.wall - behind)
            #expect(timeline.time(7) == 10_000)
            #expect(timeline.time(1007) == 11_000)
        }
        #expect(Timeline(after: mark, boot: "b", monotonic: 7, wall: mark.wall + 60).time(7) == 10_060)
    }

    @Test func `A boot id that nobody knows is another boot`() {
        let mark = Timeline.Mark(boot: "", shift: 500, written: 10_000, wall: 1_000_000)
        #expect(Timeline(after: mark, boot: "", monotonic: 20_000, wall: 1_000_000).time(20_000) == 10_000)
    }

    @Test func `A monotonic clock behind the last write isn't believed to be of the same boot`() {
        let mark = Timeline.Mark(boot: "a", shift: 0, written: 10_000, wall: 1_000_000)
        #expect(Timeline(after: mark, boot: "a", monotonic: 9999, wall: 1_000_500).time(9999) == 10_500)
    }

    @Test func `A point of the monotonic clock and its time lead to each other`() {
        let mark = Timeline.Mark(boot: "a", shift: 0, written: 10_000, wall: 1_000_000)
        let timeline = Timeline(after: mark, boot: "b", monotonic: 30, wall: 1_000_100)
        for monotonic in [-20_000, 0, 30, 1_000_000] as [Int64] {
            #expect(timeline.monotonic(timeline.time(monotonic)) == monotonic)
        }
    }

    @Test func `The least and the largest numbers overflow nowhere`() {
        let extremes: [Int64] = [.min, .min + 1, -1, 0, 1, .max - 1, .max]
        for shift in extremes {
            for written in extremes {
                for wall in extremes {
                    let mark = Timeline.Mark(boot: "a", shift: shift, written: written, wall: wall)
                    for monotonic in extremes {
                        for boot in ["a", "b"] {
                            let timeline = Timeline(
                                after: mark, boot: boot, monotonic: monotonic,
                                wall: extremes[(extremes.count - 1)])
                            let times = extremes.map { timeline.time($0) }
                            #expect(times == times.sorted())
                            for time in extremes { _ = timeline.monotonic(time) }
                            _ = timeline.mark(monotonic: monotonic, wall: wall)
                            _ = Timeline(after: mark, boot: boot, monotonic: monotonic, wall: .min)
                        }
                    }
                }
            }
        }
    }

    @Test func `A ban for longer than numbers reach ends at their end`() {
        let ban = LedgerBan(
            id: 1, check: "dial", address: "a", since: 5, granted: .max, reason: "", caller: "")
        #expect(ban.deadline == .max)
    }
}
