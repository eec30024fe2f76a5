// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol

/// All that the screen shows comes from here. What happens goes in, what is to be done comes out; no clock and no
/// terminal is within.
struct ScreenState: Sendable {
    /// What keys go to.
    enum Focus: Sendable {
        case table
        case prompt(Prompt)
        case overlay(Overlay)
    }

    /// Something to be read over the table.
    struct Overlay: Sendable {
        enum Content: Sendable {
            case explanation(Explanation)
            case help
        }

        var content: Content
        /// The first line in view.
        var top = 0
    }

    struct Message: Hashable, Sendable {
        var text: String
        var style: Style
        var since: Duration
    }

    var size: TerminalSize
    var now: ScreenInstant
    var data = ScreenData()
    var order = OffenderOrder.packets
    var isReversed = false
    var filter = ""
    var selection = RowSelection<Offender.ID>()
    var focus = Focus.table
    var message: Message?
    /// What is being done just now.
    var doing: String?
    var isPaused = false
    /// Why there is no news, and since when.
    var outage: (error: ControlError, since: ScreenInstant)?
    /// What was typed for a ban that came to nothing: it isn't to be typed again.
    var draft: (subject: String, length: String)?
    /// The configuration's file, for what changes it.
    var configuration: String
    /// The rows in their order, as far as the filter lets them through.
    private(set) var rows: [Offender] = []
    /// Whether the peer of any of them is known.
    private(set) var hasPeers = false
    /// How it is shown: it knows how many rows there is room for.
    let view: ScreenView

    init(size: TerminalSize, now: ScreenInstant, configuration: String, view: ScreenView) {
        self.size = size
        self.now = now
        self.configuration = configuration
        self.view = view
    }

    /// What is selected.
    var selected: Offender? { rows.indices.contains(selection.index) ? rows[selection.index] : nil }

    /// Takes what has happened; what is to be done about it.
    mutating func take(_ event: ScreenEvent, at moment: ScreenInstant) -> [ScreenEffect] {
        now = moment
        var effects: [ScreenEffect] = []
        switch event {
        case .key(let key): effects = take(key)
        case .resized(let size):
            self.size = size
            effects = [.repaint]
        case .glance(let glance):
            outage = nil
            if !isPaused { data.take(glance, at: moment) }
        case .reading(let reading, let took):
            if !isPaused { data.take(reading, at: moment, took: took) }
        case .unread(let error):
            // That the helper is away, the next glance tells.
            if error.status != .unreachable { say(error.message, .bad) }
        case .failed(let error):
            outage = (error, outage?.since ?? moment)
        case .explained(let subject, let result):
            doing = nil
            show(result, of: subject)
        case .done(let action, let outcome):
            doing = nil
            tell(outcome, of: action)
            effects = [.refresh]
        case .tick: expireMessage()
        }
        arrange()
        return effects
    }

    /// Puts the rows in their order, with the selected one where it belongs.
    mutating func arrange() {
        rows = order.sorted(
            data.offenders.filter { $0.matches(filter) }, isReversed: isReversed, rate: data.rate)
        hasPeers = rows.contains { $0.peer != nil }
        selection.follow(rows.map(\.id), height: view.tableHeight(self))
    }

    /// Moves the selection.
    mutating func select(_ count: Int) {
        selection.move(count, in: rows.map(\.id), height: view.tableHeight(self))
    }

    mutating func say(_ text: String, _ style: Style = .plain) {
        message = Message(text: text, style: style, since: now.elapsed)
    }

    private mutating func show(_ result: Result<Explanation, ControlError>, of subject: String) {
        switch result {
        case .success(let explanation):
            message = nil
            focus = .overlay(Overlay(content: .explanation(explanation)))
        case .failure(let error): say(error.message, .bad)
        }
    }

    /// Says what has become of what was asked for. What is wrong stays until the next thing is done.
    private mutating func tell(_ outcome: VerbOutcome, of action: ScreenAction) {
        let isWell = outcome.status == .done && outcome.errors.isEmpty
        if case .ban(let subject, let length) = action.kind { draft = isWell ? nil : (subject, length) }
        let lines = outcome.output.filter { !$0.isEmpty }
        let remarks = lines.filter { $0.hasPrefix("Not durable") }
        let told = lines.filter { !$0.hasPrefix("Not durable") }
        let result: String? =
            switch action.kind {
            case .lift(let key): told.last.map { "\(key): \($0)" }
            default: told.first
            }
        let words = isWell ? [result].compactMap(\.self) + remarks : outcome.errors
        say(words.joined(separator: " "), isWell ? .good : .bad)
    }

    /// What went well has been read after a while; what didn't, stays.
    private mutating func expireMessage() {
        guard let message, message.style != .bad else { return }
        if now.elapsed - message.since > .seconds(15) { self.message = nil }
    }
}
