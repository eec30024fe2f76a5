// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Testing

@testable import SentinelControl

@Suite struct RateSeriesTests {
    private func series(_ looks: (Double, Int64)..., keeping kept: Double = 600) -> RateSeries {
        var series = RateSeries(keeping: .seconds(kept))
        for (moment, count) in looks { series.take(count, at: .seconds(moment)) }
        return series
    }

    @Test func `A rate is known from the second look on`() {
        #expect(series().rate == nil)
        #expect(series((1, 100)).rate == nil)
        #expect(series((1, 100), (3, 150)).rate == 25)
        #expect(series((1, 100), (3, 150), (4, 150)).rate == 0)
    }

    @Test func `A counter that has fallen began anew, and no rate is ever negative`() {
        #expect(series((0, 100), (2, 30)).rate == 15)
        #expect(series((0, 100), (2, 0)).rate == 0)
        #expect(series((0, 100), (2, -5)).rate == 0)
        #expect(series((0, 100), (2, 30), (4, 40)).rate == 5)
    }

    @Test func `A look that isn't later says nothing`() {
        #expect(series((2, 100), (2, 900), (1, 50), (4, 120)).rate == 10)
    }

    @Test func `Columns are averages, and those of which nothing is known are empty`() {
        let series = series((10, 0), (11, 10), (12, 40), (14, 40))
        #expect(series.columns(4, each: .seconds(2), until: .seconds(15)) == [nil, 20, 0, nil])
        #expect(series.columns(3, each: .seconds(4), until: .seconds(15)) == [nil, 20, 0])
        #expect(series.columns(0, each: .seconds(1), until: .seconds(14)) == [])
        #expect(series.columns(2, each: .zero, until: .seconds(14)) == [])
    }

    @Test func `A slow look fills all columns of its time`() {
        #expect(
            series((0, 0), (20, 200)).columns(4, each: .seconds(5), until: .seconds(19)) == [10, 10, 10, 10])
    }

    @Test func `An average over the last seconds counts what lies within alone`() {
        let series = series((0, 0), (10, 1000), (20, 1000), (30, 1100))
        #expect(series.average(over: .seconds(10), until: .seconds(30)) == 10)
        #expect(series.average(over: .seconds(15), until: .seconds(30)) == 100.0 / 15)
        #expect(series.average(over: .seconds(5), until: .seconds(60)) == nil)
    }

    @Test func `What columns show is what the counter grew by`() {
        for _ in 0..<200 {
            var series = RateSeries(keeping: .seconds(1000))
            var (moment, count) = (0.0, Int64(0))
            series.take(0, at: .zero)
            for _ in 0..<Int.random(in: 1...20) {
                moment += Double.random(in: 0.1...4)
                count += Int64.random(in: 0...500)
                series.take(count, at: .seconds(moment))
            }
            let each = Double.random(in: 0.5...3)
            let columns = series.columns(
                Int(moment / each) + 1, each: .seconds(each), until: .seconds(moment))
            // The last column's time is known in part.
            let last = moment - Double(columns.count - 1) * each
            let sum = columns.dropLast().reduce(0) { $0 + ($1 ?? 0) * each } + (columns.last! ?? 0) * last
            #expect(abs(sum - Double(count)) < 0.01 + Double(count) * 1e-6)
        }
    }

    @Test func `What is past is forgotten`() {
        var series = RateSeries(keeping: .seconds(10))
        for moment in 0..<1000 { series.take(Int64(moment), at: .seconds(moment)) }
        let columns = series.columns(100, each: .seconds(1), until: .seconds(999))
        #expect((10...12).contains(columns.count { $0 != nil }))
    }
}

@Suite struct PacingTests {
    @Test func `No more than a tenth of the time is spent on answers, and none is asked for twice at once`() {
        for took in [0.001, 0.05, 0.2, 2.5, 30] {
            var pacing = Pacing(interval: .seconds(1))
            var (moment, busy, asked) = (0.0, 0.0, 0)
            while moment < 1000 {
                guard pacing.begin(at: .seconds(moment)) else {
                    moment += 0.01
                    continue
                }
                #expect(pacing.begin(at: .seconds(moment)) == false)
                moment += took
                busy += took
                asked += 1
                pacing.end(at: .seconds(moment))
            }
            // The last one may have been the beginning of its own time.
            #expect(busy - took <= moment * 0.1 + 0.001, "\(took)")
            #expect(asked >= Int(1000 / max(1.02, took * 10 + 0.02)))
        }
    }

    @Test func `An answer that had to wait behind another isn't taken for more work`() {
        var pacing = Pacing(interval: .seconds(1), remembering: 8)
        #expect(pacing.begin(at: .zero) == true)
        pacing.end(at: .milliseconds(5))
        for second in stride(from: 1.0, through: 61, by: 10) {
            #expect(pacing.begin(at: .seconds(second)) == true)
            pacing.end(at: .seconds(second + 9))
        }
        // All of those it remembers have taken long: so does the work.
        #expect(pacing.begin(at: .seconds(71)) == true)
        pacing.end(at: .seconds(80))
        #expect(pacing.begin(at: .seconds(81)) == false)
        #expect(pacing.begin(at: .seconds(161)) == true)
    }

    @Test func `A change is looked at at once, unless looking takes long`() {
        var pacing = Pacing(interval: .seconds(1))
        #expect(pacing.begin(at: .zero) == true)
        pacing.end(at: .milliseconds(5))
        #expect(pacing.begin(at: .milliseconds(10)) == false)
        pacing.hurry(at: .milliseconds(10), lastTook: .milliseconds(5))
        #expect(pacing.begin(at: .milliseconds(10)) == true)
        pacing.end(at: .seconds(3))
        pacing.hurry(at: .seconds(4), lastTook: .seconds(3))
        #expect(pacing.begin(at: .seconds(4)) == false)
        #expect(pacing.begin(at: .seconds(30)) == true)
    }
}
