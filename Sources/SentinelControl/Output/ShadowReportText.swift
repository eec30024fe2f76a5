// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import PlainText
internal import SentinelProtocol

/// What bans in shadow would have done, as text: the numbers, whom they concern, and what follows from it.
struct ShadowReportText {
    private let report: HelperInterface.Shadow.Reply
    private let console: Console
    private let isFiltered: Bool
    /// So many of those that had connections are shown.
    private let most: Int

    init(_ report: HelperInterface.Shadow.Reply, _ console: Console, isFiltered: Bool, most: Int) {
        self.report = report
        self.console = console
        self.isFiltered = isFiltered
        self.most = most
    }

    var lines: [Line] {
        var lines = head
        lines += section("What would have been refused, since each set is in shadow", sets)
        lines += section("By reason, of the bans in force", reasons)
        lines += section("Bans in force that would have refused most", sources)
        lines += section("Who had connections meanwhile", contacts)
        return lines + section("What follows", conclusions.flatMap(wrapped))
    }

    private var head: [Line] {
        let checks = report.checks.map(\.rawValue).joined(separator: ", ")
        let text = "What their bans match is counted, and passes."
        var lines = [Line(Span("In shadow: \(checks)", .title))] + wrapped(text)
        var fields = FieldList()
        fields.add("bans", "\(Quantity.number(report.bans)) in force, \(Quantity.number(report.seen)) in all")
        fields.add("observed", report.since.map { "since \(console.moment($0))" })
        lines += fields.lines(width: console.width)
        return lines
    }

    private func section(_ title: String, _ lines: [Line]) -> [Line] {
        lines.isEmpty ? [] : [Line(), Line(Span(title, .title))] + lines
    }

    private func wrapped(_ text: String) -> [Line] {
        text.sanitised.wrapped(to: console.width ?? .max).map { Line(Span($0)) }
    }

    // MARK: What would have been refused

    private var sets: [Line] {
        var table = TextTable(
            [
                .init(title: "SET", fit: .key), .init(title: "BANS", alignment: .right),
                .init(title: "PACKETS", alignment: .right), .init(title: "BYTES", alignment: .right),
            ], width: console.width)
        return table.lines(
            report.sets.map { set in
                [Span(set.name), Span(Quantity.number(set.count))]
                    + counts(set.packets ?? 0, set.bytes ?? 0)
            })
    }

    private func counts(_ packets: Int64, _ bytes: Int64) -> [Span] {
        [
            Span(Quantity.number(packets), packets > 0 ? .warning : .plain), Span(Quantity.bytes(bytes)),
        ]
    }

    private var reasons: [Line] {
        guard !report.reasons.isEmpty else { return [] }
        var table = TextTable(
            [
                .init(title: "CHECK"), .init(title: "REASON", fit: .cut(to: 12)),
                .init(title: "BANS", alignment: .right), .init(title: "MATCHED", alignment: .right),
                .init(title: "PACKETS", alignment: .right), .init(title: "BYTES", alignment: .right),
            ], width: console.width)
        return table.lines(
            report.reasons.map { reason in
                [
                    Span(reason.check.rawValue), Span(reason.reason), Span(Quantity.number(reason.bans)),
                    Span(Quantity.number(reason.matched)),
                ] + counts(reason.packets, reason.bytes)
            })
    }

    private var sources: [Line] {
        guard !report.sources.isEmpty else { return [] }
        var table = TextTable(
            [
                .init(title: "KEY", fit: .key), .init(title: "CHECK"),
                .init(title: "REASON", fit: .cut(to: 8)), .init(title: "PACKETS", alignment: .right),
                .init(title: "BYTES", alignment: .right), .init(title: "BAN", alignment: .right, rank: 1),
                .init(title: "BY", fit: .cut(to: 9), rank: 2), .init(title: "PEER", rank: 3),
            ], width: console.width)
        return table.lines(
            report.sources.map { source in
                let ban = source.ban
                return [Span(ban.key), Span(ban.check.rawValue), Span(ban.reason)]
                    + counts(source.packets, source.bytes)
                    + [
                        Span("\(ban.id)"), Span(ban.byOperator ? "operator \(ban.caller)" : ban.caller),
                        Span(ban.peer ?? "-"),
                    ]
            })
    }

    // MARK: Whom it concerns

    private var contacts: [Line] {
        var lines: [Line] = []
        for contact in report.contacts.prefix(most) {
            if !lines.isEmpty { lines.append(Line()) }
            lines.append(Line(Span(contact.ban.key, contact.connections > 0 ? .warning : .plain)))
            lines += fields(contact).lines(width: console.width)
        }
        let rest = report.contacts.count - most
        if rest > 0 {
            lines += [Line()] + wrapped("\(Quantity.number(rest)) more: --top or --json shows them.")
        }
        return lines
    }

    private func fields(_ contact: ShadowContact) -> FieldList {
        let ban = contact.ban
        var fields = FieldList(indent: 2)
        let ended = contact.inForce ? "" : ", which has ended"
        fields.add(
            "ban", "\(ban.id), \(ban.check.rawValue), \(ban.reason), by \(ban.caller)\(ended)")
        fields.add("detail", ban.detail)
        fields.add("peer", ban.peer ?? "not known")
        fields.add("from", contact.remotes == [ban.key] ? nil : contact.remotes.joined(separator: ", "))
        if contact.connections > 0 {
            fields.add(
                "connections",
                "\(Quantity.number(contact.connections)) that worked, \(Quantity.number(contact.open)) open")
            fields.add(
                "carried", "\(Quantity.bytes(contact.received)) in, \(Quantity.bytes(contact.sent)) out")
        }
        fields.add(
            "UDP", contact.udp == 0 ? nil : "\(Quantity.count(contact.udp, "connected socket")), use unknown")
        fields.add("first", console.moment(contact.first))
        fields.add("last", console.moment(contact.last))
        return fields
    }

    // MARK: What follows

    private var conclusions: [String] {
        let working = report.contacts.filter { $0.connections > 0 }
        let onlyUDP = report.contacts.count - working.count
        let all = isFiltered ? report.reasons.reduce(0) { $0 + $1.bans } : report.seen
        var conclusions = [verdict(working, of: max(all, report.contacts.count))]
        if onlyUDP > 0 {
            let what = Quantity.count(onlyUDP, "ban covers", "bans cover")
            conclusions.append(
                "\(what) connected UDP sockets. Whether they are in use the kernel doesn't tell.")
        }
        if let example = working.first {
            let subject = example.remotes.first ?? example.ban.subject
            conclusions.append("Let one through whatever is banned: sentinelctl exempt add \(subject)")
            if example.inForce {
                conclusions.append("End one's ban: sentinelctl lift --id \(example.ban.id)")
            }
        }
        if report.bans > 0 {
            let bans = Quantity.count(report.bans, "ban in force refuses", "bans in force refuse")
            conclusions.append(
                "Taken out of [shadow] checks, \(bans) from the reload on, and connections there are cut.")
        }
        if report.overlooked > 0 {
            let what = Quantity.count(report.overlooked, "connection was", "connections were")
            conclusions.append("\(what) not looked at: there are too many to banned addresses.")
        }
        let interval = Quantity.length(report.interval.rawValue)
        conclusions.append(
            "Not seen: connections that begin and end within \(interval), UDP without connected sockets, as QUIC has it, "
                + "and connections of a node in another network namespace.")
        return conclusions
    }

    private func verdict(_ working: [ShadowContact], of all: Int) -> String {
        let total = Quantity.number(all)
        if all == 0 { return "No ban has been in shadow yet, so nothing follows yet." }
        guard !working.isEmpty else {
            return all == 1
                ? "The one ban covers nobody who was seen to have a working connection."
                : "None of \(total) bans covers anybody who was seen to have a working connection."
        }
        let bans = all == 1 ? "ban" : "bans"
        let banned =
            "\(Quantity.number(working.count)) of \(total) \(bans) \(working.count == 1 ? "covers" : "cover")"
        return "\(banned) somebody with working connections: they may be honest, and would be refused."
    }
}
