// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol

/// Sets at a glance, a row each: how full they are, and what they have refused where that is known.
struct SetTable {
    private let console: Console

    init(_ console: Console) {
        self.console = console
    }

    func lines(_ sets: [SetInfo]) -> [Line] {
        let isCounted = sets.contains { $0.packets != nil }
        let hasBackends = sets.contains { $0.backend != nil }
        let hasShadow = sets.contains { $0.shadowed == true }
        var columns = [TextTable.Column(title: "SET", fit: .key)]
        if hasShadow { columns.append(.init(title: "MODE")) }
        columns += [
            .init(title: "ELEMENTS", alignment: .right),
            .init(title: "CAPACITY", alignment: .right), .init(title: "FULL", alignment: .right),
        ]
        if isCounted {
            columns += [
                .init(title: "PACKETS", alignment: .right), .init(title: "BYTES", alignment: .right),
            ]
        }
        if hasBackends { columns.append(.init(title: "BACKEND", rank: 1)) }
        columns += [.init(title: "TYPE", fit: .cut(to: 12), rank: 2), .init(title: "FLAGS", rank: 3)]
        var table = TextTable(columns, width: console.width)
        return table.lines(
            sets.map { set in
                var cells = [Span(set.name)]
                if hasShadow {
                    // The others of a set's packets were refused.
                    cells.append(set.shadowed == true ? Span("shadow", .bad) : Span(""))
                }
                cells += [
                    Span(Quantity.number(set.count)),
                    Span(set.capacity.map { Quantity.number($0) } ?? "-"),
                    Span(set.capacity.map { Quantity.share(set.count, of: $0) } ?? "-", fullness(set)),
                ]
                if isCounted {
                    cells += [
                        Span(
                            set.packets.map { Quantity.number($0) } ?? "-",
                            set.packets ?? 0 > 0 ? .warning : .plain),
                        Span(set.bytes.map { Quantity.bytes($0) } ?? "-"),
                    ]
                }
                if hasBackends { cells.append(Span(set.backend ?? "-")) }
                return cells + [Span(set.type), Span(set.flags.joined(separator: ", "))]
            })
    }

    private func fullness(_ set: SetInfo) -> Style {
        guard let capacity = set.capacity, capacity > 0 else { return .plain }
        return Double(set.count) / Double(capacity) >= 0.9 ? .warning : .plain
    }
}
