// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// How fast a counter grows, over the time that is past. Moments are counted from the screen's beginning.
struct RateSeries: Sendable {
    /// A time between two looks at the counter.
    private struct Span {
        var from: Duration
        var to: Duration
        /// Per second.
        var rate: Double
    }

    private var spans: [Span] = []
    private var last: (at: Duration, count: Int64)?
    private let kept: Duration

    /// - Parameter kept: how far back it remembers.
    init(keeping kept: Duration) {
        self.kept = kept
    }

    /// Per second, between the last two looks; nil where there was one only.
    var rate: Double? { spans.last.map(\.rate) }

    /// Takes a look at the counter. One that has fallen began anew in between, and what it has now is the least by
    /// which it grew. A look that isn't later than the last one says nothing.
    mutating func take(_ count: Int64, at moment: Duration) {
        defer {
            if last.map({ moment > $0.at }) ?? true { last = (moment, count) }
        }
        guard let last, moment > last.at else { return }
        let grown = count >= last.count ? count - last.count : max(0, count)
        spans.append(Span(from: last.at, to: moment, rate: Double(grown) / (moment - last.at).seconds))
        let horizon = moment - kept
        if let first = spans.first, first.to < horizon { spans.removeAll { $0.to < horizon } }
    }

    /// Per second, on average over the last `length`; nil where nothing is known of it.
    func average(over length: Duration, until now: Duration) -> Double? {
        var (amount, time) = (0.0, 0.0)
        for span in spans.reversed() {
            guard span.to > now - length else { break }
            let shared = (span.to - max(span.from, now - length)).seconds
            amount += shared * span.rate
            time += shared
        }
        return time > 0 ? amount / time : nil
    }

    /// Averages per second for `count` stretches of `length` each, the last one that of `now`; nil for those of which
    /// nothing is known. Stretches begin at multiples of their length, so that they don't flow.
    func columns(_ count: Int, each length: Duration, until now: Duration) -> [Double?] {
        guard count > 0, length > .zero else { return [] }
        let width = length.seconds
        let first = Int((now.seconds / width).rounded(.down)) - count + 1
        var amounts = [Double](repeating: 0, count: count)
        var times = [Double](repeating: 0, count: count)
        for span in spans {
            let (from, to) = (span.from.seconds / width, span.to.seconds / width)
            let begin = max(first, Int(from.rounded(.down)))
            let end = min(first + count - 1, Int(to.rounded(.down)))
            guard begin <= end else { continue }
            for stretch in begin...end {
                let shared = min(to, Double(stretch + 1)) - max(from, Double(stretch))
                guard shared > 0 else { continue }
                amounts[stretch - first] += shared * span.rate
                times[stretch - first] += shared
            }
        }
        return zip(amounts, times).map { amount, time in time > 0 ? amount / time : nil }
    }
}

extension Duration {
    var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
