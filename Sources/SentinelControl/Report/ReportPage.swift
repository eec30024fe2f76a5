// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol

/// A report as one page of HTML that needs nothing else: no script, no font, no picture, no network.
struct ReportPage {
    let figures: ReportFigures
    let localTime: LocalTime

    init(_ figures: ReportFigures, _ localTime: LocalTime) {
        self.figures = figures
        self.localTime = localTime
    }

    /// The page. It is well-formed XML as well.
    var html: String {
        "<!DOCTYPE html>\n"
            + Markup.element("html", ["lang": "en", "xmlns": "http://www.w3.org/1999/xhtml"], [head, body])
            .html
    }

    private var title: String { "Seed Sentinel on \(figures.host)" }

    /// Nothing is loaded, nothing runs, and nothing has a style but the page's own.
    private static var policy: String {
        [
            "default-src 'none'", "style-src 'sha256-\(ReportStyle.hash)'", "base-uri 'none'",
            "form-action 'none'",
        ]
        .joined(separator: "; ")
    }

    private var head: Markup {
        .element(
            "head", [:],
            [
                .element("meta", ["charset": "utf-8"]),
                .element(
                    "meta",
                    [
                        "http-equiv": "Content-Security-Policy",
                        "content": Self.policy,
                    ]),
                .element("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
                .element("meta", ["name": "color-scheme", "content": "light dark"]),
                .element("meta", ["name": "robots", "content": "noindex"]),
                .element("meta", ["name": "referrer", "content": "no-referrer"]),
                .element("title", [:], title),
                .element("style", [:], [Markup(verbatim: ReportStyle.text)]),
            ])
    }

    private var body: Markup {
        .element(
            "body", [:],
            [
                .element(
                    "header", [:],
                    [
                        .element("h1", [:], title),
                        .element(
                            "p", ["class": "soft"],
                            "\(moment(figures.since)) to \(moment(figures.taken)), \(zone)"),
                        state, facts, problems, tiles,
                    ]),
                .element("main", [:], plots),
                .element(
                    "footer", [:],
                    [
                        .element(
                            "p", [:],
                            "Made by sentinelctl report on \(figures.host). Packets and bytes are counted since the table "
                                + "was made, sockets since sentineld was started, events since "
                                + "\(moment(figures.since)), and the rest is as it was at \(moment(figures.taken))."
                        )
                    ]),
            ])
    }

    // MARK: The head

    func moment(_ time: Timestamp) -> String { localTime.text(time) }

    /// The time zone; both where the clocks were changed in between.
    private var zone: String {
        let (first, last) = (localTime.zone(at: figures.since), localTime.zone(at: figures.taken))
        return first == last ? last : "\(first), later \(last)"
    }

    private var state: Markup {
        let status = figures.status
        let (text, style) =
            switch status.mode {
            case .released: ("Not enforcing: the table has been released", "state bad")
            case _ where !(status.shadow ?? []).isEmpty:
                (
                    "In shadow, only counted: "
                        + (status.shadow ?? []).map(\.rawValue).joined(separator: ", "), "state warn"
                )
            case _ where !status.problems.isEmpty:
                ("Enforcing, with \(Quantity.count(status.problems.count, "problem"))", "state warn")
            case _ where status.ledger != .healthy:
                ("Enforcing; bans would not outlive a reboot", "state warn")
            default: ("Enforcing", "state")
            }
        return .element("div", [:], [.element("span", ["class": style], text)])
    }

    private var facts: Markup {
        let status = figures.status
        return .element(
            "dl", ["class": "facts"],
            [
                ("sentineld", "\(status.version), since \(moment(status.started))"), ("table", status.table),
                ("mode", status.mode.rawValue), ("ledger", status.ledger.rawValue),
                ("kernel", status.kernel.release),
            ].map { .element("div", [:], [.element("dt", [:], $0.0), .element("dd", [:], $0.1)]) })
    }

    private var problems: Markup {
        guard !figures.status.problems.isEmpty else { return .nothing }
        return .element(
            "ul", ["class": "problems"], figures.status.problems.map { .element("li", [:], $0) })
    }

    private var tiles: Markup {
        let packets = figures.sets.compactMap(\.packets)
        let bytes = figures.sets.compactMap(\.bytes)
        let begun = figures.history.map { $0.bans.reduce(0) { $0 + $1.total } }
        let tiles: [(String, String)] = [
            ("bans in force", Quantity.number(figures.status.bans)),
            ("bans that began in this time", begun.map { Quantity.number($0) } ?? "not known"),
            ("packets refused", packets.isEmpty ? "not counted" : Quantity.number(packets.reduce(0, adding))),
            ("of data refused", bytes.isEmpty ? "not counted" : Quantity.bytes(bytes.reduce(0, adding))),
            ("sockets of banned peers closed", Quantity.number(figures.status.socketsCut)),
        ]
        return .element(
            "dl", ["class": "tiles"],
            tiles.map { .element("div", [:], [.element("dt", [:], $0.0), .element("dd", [:], $0.1)]) })
    }

    /// A sum that ends at what a number can be.
    private func adding(_ a: Int64, _ b: Int64) -> Int64 {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? .max : sum
    }
}
