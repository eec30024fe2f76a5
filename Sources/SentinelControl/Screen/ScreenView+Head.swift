// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import PlainText
internal import SentinelProtocol

extension ScreenView {
    /// What stands above the table: how the helper is, what it has refused, how full the sets are.
    func head(_ state: ScreenState) -> [Line] {
        let columns = state.size.columns
        var lines = [title(state)]
        lines += alerts(state)
        guard let glance = state.data.glance else { return lines + [caption(state)] }
        lines.append(totals(glance.status, state.data, columns))
        lines.append(traffic(state.data, columns, state.now.elapsed))
        lines.append(changes(state.data, columns))
        lines += fills(glance, columns, most: state.size.rows < 30 ? 2 : 4)
        return lines + [caption(state)]
    }

    // MARK: How the helper is

    private func title(_ state: ScreenState) -> Line {
        var left = [Span("sentineld", .title)]
        if let status = state.data.glance?.status {
            left += [Span(" \(status.version)"), Span("  "), Span(status.mode.rawValue, style(status.mode))]
            left += [Span("  "), health(status, state)]
        }
        var right: [Span] = []
        if state.isPaused { right += [Span("PAUSED", .alert), Span("  ")] }
        right.append(Span(String(localTime.text(state.now.time).suffix(8)), .faint))
        return Line(left).justified(Line(right), to: state.size.columns)
    }

    private func style(_ mode: Mode) -> Style {
        switch mode {
        case .ownedPersistent, .owned: .good
        case .released: .bad
        default: .warning
        }
    }

    private func health(_ status: Status, _ state: ScreenState) -> Span {
        if silence(state) != nil { return Span("no answer", .bad) }
        guard !status.problems.isEmpty else { return Span("healthy", .good) }
        return Span(Quantity.count(status.problems.count, "problem"), .bad)
    }

    /// How long the helper hasn't answered, where that is remarkable.
    private func silence(_ state: ScreenState) -> Duration? {
        if let outage = state.outage { return state.now.elapsed - outage.since.elapsed }
        guard let last = state.data.glanceAt, !state.isPaused else { return nil }
        let age = state.now.elapsed - last.elapsed
        return age > .seconds(10) ? age : nil
    }

    /// What must not be overlooked.
    private func alerts(_ state: ScreenState) -> [Line] {
        let columns = state.size.columns
        var lines: [Line] = []
        if let silence = silence(state) {
            let length = Quantity.length(Int64(silence.seconds * 1000))
            let why = state.outage.map { "\($0.error.message)" } ?? "it has taken the call"
            lines += alert("NO ANSWER for \(length)", why, columns)
        }
        guard let status = state.data.glance?.status else { return lines }
        if status.mode == .released {
            lines += alert("NOTHING IS ENFORCED", "the table has been released; restart sentineld", columns)
        }
        if let notice = ShadowNotice(status) { lines += alert("SHADOW", notice.state, columns) }
        if let problem = status.problems.first {
            let count = status.problems.count
            lines += alert(count > 1 ? "PROBLEM 1 of \(count)" : "PROBLEM", problem, columns)
        }
        return lines
    }

    /// At most three lines; where there is no room beside what is the matter, below it.
    private func alert(_ what: String, _ text: String, _ columns: Int) -> [Line] {
        var words = text.sanitised.split(separator: " ").map(String.init)
        var first = Line(Span(" \(what) ", .alert), Span(" "))
        while let word = words.first, first.width + word.displayWidth + 1 <= columns {
            first.spans.append(Span(" \(word)", .bad))
            words.removeFirst()
        }
        guard !words.isEmpty else { return [first] }
        var rest = words.joined(separator: " ").wrapped(to: max(1, columns - 2))
        if rest.count > 2 { rest = [rest[0], rest[1...].joined(separator: " ").cut(to: columns - 2)] }
        return [first] + rest.map { Line(Span("  \($0)", .bad)) }
    }

    // MARK: What it has refused

    private func totals(_ status: Status, _ data: ScreenData, _ columns: Int) -> Line {
        var spans = [Span("bans ", .faint), Span(Quantity.number(status.bans), .title)]
        if let totals = data.totals {
            spans += [
                Span("   refused ", .faint), Span(Quantity.number(totals.packets), .title),
                Span(" packets, ", .faint), Span(Quantity.bytes(totals.bytes), .title),
            ]
        } else {
            spans.append(Span("   what is refused isn't counted", .faint))
        }
        if status.socketsCut > 0 {
            spans += [Span("   sockets cut ", .faint), Span(Quantity.number(status.socketsCut))]
        }
        return Line(spans)
    }

    private func traffic(_ data: ScreenData, _ columns: Int, _ now: Duration) -> Line {
        let rate = data.packets.rate
        let bytes = data.bytes.rate.map { Quantity.bytes(Int64($0)) + "/s" } ?? "-"
        let numbers = Quantity.rate(rate).padded(to: 6) + "  " + bytes.padded(to: 11) + "  "
        let each = Duration.seconds(5)
        // Behind it stands how much its highest column is, and how much time it shows.
        let width = min(120, max(0, columns - 10 - numbers.count - 23))
        let values = data.packets.columns(width, each: each, until: now)
        let most = values.compactMap(\.self).max() ?? 0
        let minutes = Quantity.shortLength(Int64(Double(width) * each.seconds * 1000))
        return Line(
            Span("packets/s ", .faint), Span(numbers, (rate ?? 0) > 0 ? .warning : .plain),
            Span(Sparkline(values).text(glyphs), .warning),
            Span(width > 0 ? "  most \(Quantity.rate(most)) in \(minutes)" : "", .faint))
    }

    private func changes(_ data: ScreenData, _ columns: Int) -> Line {
        var spans = [Span("bans/s    ", .faint)]
        for check in Check.allCases {
            let rate = data.rate(.banned, check)
            spans += [
                Span("\(check.rawValue) ", .faint),
                Span(Quantity.rate(rate), (rate ?? 0) > 0 ? .warning : .plain), Span("  "),
            ]
        }
        let ended = [EventKind.expired, .lifted].compactMap { data.rate($0) }
        for (name, rate) in [
            ("renewed", data.rate(.renewed)), ("ended", ended.isEmpty ? nil : ended.reduce(0, +)),
            ("evicted", data.rate(.evicted)),
        ] {
            spans += [Span(" \(name) ", .faint), Span(Quantity.rate(rate)), Span(" ")]
        }
        return Line(spans)
    }

    // MARK: The sets

    /// How full each set is. Where there is no room for all, those that have nothing are left out.
    private func fills(_ glance: ScreenData.Glance, _ columns: Int, most: Int) -> [Line] {
        let all = glance.status.sets.filter { $0.capacity != nil && $0.blocks }
        let cellWidth = 25
        let perLine = max(1, (columns + 2) / (cellWidth + 2))
        let spare = max(0, perLine * most - all.count { $0.count > 0 })
        let empty = Set(all.filter { $0.count == 0 }.prefix(spare).map(\.name))
        let sets = all.filter { $0.count > 0 || empty.contains($0.name) }
        let cells = sets.prefix(perLine * most).map { fill($0, cellWidth) }
        return stride(from: 0, to: cells.count, by: perLine).map { start in
            Line(
                cells[start..<min(start + perLine, cells.count)].enumerated().flatMap { index, cell in
                    (index > 0 ? [Span("  ")] : []) + cell
                })
        }
    }

    private func fill(_ set: SetInfo, _ width: Int) -> [Span] {
        let capacity = set.capacity ?? 0
        let isFull = capacity > 0 && Double(set.count) / Double(capacity) >= 0.9
        let name = set.name.cut(to: 8)
        let used = "\(Quantity.compact(set.count))/\(Quantity.compact(capacity))"
        let bar = FillBar.text(set.count, of: capacity, width: 4, glyphs)
        let padding = max(0, width - 14 - used.count)
        return [
            Span(name + String(repeating: " ", count: 9 - name.displayWidth), .faint),
            Span(bar, isFull ? .bad : set.count > 0 ? .good : .faint), Span(" "),
            Span(used + String(repeating: " ", count: padding), isFull ? .bad : .plain),
        ]
    }
}

extension String {
    /// With blanks before it, up to so many columns.
    func padded(to width: Int) -> String {
        String(repeating: " ", count: max(0, width - displayWidth)) + self
    }
}
