// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol

extension ScreenView {
    /// A text over the whole screen, with what it is above and how to go on below.
    func frame(of overlay: ScreenState.Overlay, _ state: ScreenState) -> Frame {
        let size = state.size
        let lines = self.lines(of: overlay.content, state)
        let room = max(1, size.rows - 2)
        let top = min(overlay.top, lastTop(of: overlay, state))
        let shown = Array(lines.dropFirst(top).prefix(room))
        let blank = Array(repeating: Line(), count: max(0, room - shown.count))
        let place =
            lines.count > room ? "lines \(top + 1) to \(top + shown.count) of \(lines.count)" : ""
        let title =
            switch overlay.content {
            case .explanation: "sentinelctl explain"
            case .help: "sentinelctl top: keys"
            }
        let head = Line(Span(title, .title)).justified(Line(Span(place, .faint)), to: size.columns)
        let foot = Line(
            Span("q", .title), Span(" back  ", .faint), Span("j k", .title), Span(" scroll", .faint))
        return Frame([head.highlighted(.selected, to: size.columns)] + shown + blank + [foot], size: size)
    }

    /// From which line on it may be shown at most, so that its end is in view.
    func lastTop(of overlay: ScreenState.Overlay, _ state: ScreenState) -> Int {
        max(0, lines(of: overlay.content, state).count - max(1, state.size.rows - 2))
    }

    private func lines(of content: ScreenState.Overlay.Content, _ state: ScreenState) -> [Line] {
        switch content {
        case .explanation(let explanation):
            let now = state.now.time
            let console = Console(
                write: { _ in }, writeError: { _ in }, width: state.size.columns, now: { now },
                localTime: localTime)
            return ExplanationText(explanation, console).lines
        case .help: return help(state.size.columns)
        }
    }

    private func help(_ columns: Int) -> [Line] {
        let keys = [
            ("up down k j", "select a row (PgUp, PgDn, Home and End go further)"),
            ("Enter, e", "explain the selected one: what decides, which ban, why, until when"),
            ("b", "ban: whom, beginning with the selected one, then for how long"),
            ("l", "lift the selected ban, after a yes"),
            ("x", "exempt an address from every ban, in the configuration's file"),
            ("/", "show the rows that have a text in them (Esc shows all)"),
            ("P R S E", "sort by packets, packets a second, strikes, or what ends soonest"),
            ("s, r", "sort by the next of these, the other way round"),
            ("p, space", "hold still, and go on"), ("Ctrl-L", "paint anew"), ("Ctrl-Z", "stop; fg goes on"),
            ("q, Ctrl-C", "end"),
        ]
        var list = FieldList()
        for (key, text) in keys { list.add(key, text) }
        let words = [
            "A packet that is refused is an attempt: PACKETS counts them since the ban began, /S a second. "
                + "Each graph is scaled to its own highest column.",
            "STR is how often the address was banned within the time that strikes are remembered. "
                + "Packets above the table are those of all sets since there is the table.",
        ]
        return list.lines(width: columns)
            + words.flatMap { [Line()] + $0.wrapped(to: max(1, columns)).map { Line(Span($0)) } }
    }
}
