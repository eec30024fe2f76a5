// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol

extension ReportPage {
    // MARK: Lengths of time

    var durations: Markup {
        let ranges = figures.durations
        let most = Double(ranges.map { max($0.granted, $0.left) }.max() ?? 0)
        let plot = BarPlot(
            rows: ranges.map { range in
                .init(
                    label: label(range),
                    text: "\(Quantity.number(range.granted)) granted, \(Quantity.number(range.left)) left",
                    bars: [
                        .init(share: Double(range.granted) / max(1, most), colour: "s0"),
                        .init(share: Double(range.left) / max(1, most), colour: "s1"),
                    ])
            }, title: "How long bans last", description: "Bans in force by how long they last and have to go."
        )
        let table = ReportTable(
            caption: "How long bans last",
            columns: [
                .init(title: "length"), .init(title: "granted", kind: .number),
                .init(title: "left", kind: .number),
            ],
            rows: ranges.map { [label($0), Quantity.number($0.granted), Quantity.number($0.left)] },
            sum: [
                "in all", Quantity.number(ranges.reduce(0) { $0 + $1.granted }),
                Quantity.number(ranges.reduce(0) { $0 + $1.left }),
            ])
        return figure(
            "durations", "How long bans last",
            "Bans in force, by the time that they were granted at last and by the time that they have left.",
            empty: "No bans are in force.",
            most == 0
                ? nil : [legend([("granted", nil), ("left", nil)]), plot.markup, table.folded])
    }

    private func label(_ range: ReportFigures.DurationRange) -> String {
        switch (range.from, range.to) {
        case (nil, _): "for good"
        case (let from?, nil): "\(Quantity.length(from.rawValue)) and more"
        case (let from?, let to?):
            from.rawValue == 0
                ? "under \(Quantity.length(to.rawValue))"
                : "\(Quantity.length(from.rawValue)) to \(Quantity.length(to.rawValue))"
        }
    }

    var strikes: Markup {
        // Who isn't banned has none, so this is nearly always empty.
        let ranges = figures.strikes.filter { $0.from > 0 || $0.bans > 0 }
        let most = Double(ranges.map(\.bans).max() ?? 0)
        let plot = BarPlot(
            rows: ranges.map { range in
                .init(
                    label: label(range), text: Quantity.count(range.bans, "ban"),
                    bars: [.init(share: Double(range.bans) / max(1, most), colour: "s4")])
            }, title: "Strikes", description: "Bans in force by how often their subjects were banned.")
        let table = ReportTable(
            caption: "Strikes", columns: [.init(title: "strikes"), .init(title: "bans", kind: .number)],
            rows: ranges.map { [label($0), Quantity.number($0.bans)] },
            sum: ["in all", Quantity.number(ranges.reduce(0) { $0 + $1.bans })])
        return figure(
            "strikes", "Strikes",
            "Bans in force, by how often their subject was banned within the time that strikes are remembered.",
            empty: "No bans are in force.", most == 0 ? nil : [plot.markup, table.folded])
    }

    private func label(_ range: ReportFigures.StrikeRange) -> String {
        guard let to = range.to else { return "\(range.from) strikes and more" }
        return to == range.from ? Quantity.count(to, "strike") : "\(range.from) to \(to) strikes"
    }

    // MARK: Who it was

    var offenders: Markup {
        let columns: [ReportTable.Column] = [
            .init(title: "key"), .init(title: "packets", kind: .number),
            .init(title: "data", kind: .number),
            .init(title: "set"), .init(title: "reason"), .init(title: "strikes", kind: .number),
            .init(title: "ends"),
            .init(title: "peer", kind: .words), .init(title: "evidence", kind: .words),
            .init(title: "asked for by"),
        ]
        let table = ReportTable(
            caption: "Who cost most", columns: columns,
            rows: figures.offenders.map { offender in
                let ban = offender.ban
                return [
                    offender.key, offender.packets.map { Quantity.number($0) } ?? "",
                    offender.bytes.map { Quantity.bytes($0) } ?? "", offender.set,
                    ban?.reason ?? offender.comment ?? "",
                    ban.map { "\($0.strikes)" } ?? "", ban.map(end) ?? "", ban?.peer ?? "", ban?.detail ?? "",
                    ban?.caller ?? "",
                ]
            })
        return figure(
            "offenders", "Who cost most", "The banned of whom most packets were refused.",
            empty: "No packet has been refused.", style: "wide table",
            figures.offenders.isEmpty ? nil : [table.markup])
    }

    var repeaters: Markup {
        let columns: [ReportTable.Column] = [
            .init(title: "key"), .init(title: "strikes", kind: .number), .init(title: "check"),
            .init(title: "reason"),
            .init(title: "since"), .init(title: "ends"), .init(title: "peer", kind: .words),
            .init(title: "evidence", kind: .words),
            .init(title: "asked for by"),
        ]
        let table = ReportTable(
            caption: "Who came back most often", columns: columns,
            rows: figures.repeaters.compactMap(\.ban).map { ban in
                [
                    ban.key, "\(ban.strikes)", ban.check.rawValue, ban.reason, moment(ban.created), end(ban),
                    ban.peer ?? "", ban.detail ?? "", ban.caller,
                ]
            })
        return figure(
            "repeaters", "Who came back most often", "The banned with most strikes.",
            empty: "Nobody who is banned was banned before.", style: "wide table",
            figures.repeaters.isEmpty ? nil : [table.markup])
    }

    private func end(_ ban: Ban) -> String { ban.expires.map(moment) ?? "never" }
}
