// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol

/// Whom nothing may block, as rows of a table, page by page.
struct GuardTable {
    private var table: TextTable

    init(_ console: Console) {
        table = TextTable(
            [
                .init(title: "ADDRESS", fit: .key), .init(title: "GUARD"),
                .init(title: "FROM", fit: .cut(to: 16)), .init(title: "IN KERNEL", rank: 1),
            ], width: console.width)
    }

    /// The lines of some more entries; the header comes before the first.
    mutating func lines(_ entries: [GuardEntry]) -> [Line] {
        table.lines(
            entries.map { entry in
                [
                    Span(entry.network), Span(entry.guardName.rawValue), Span(Self.source(entry), .faint),
                    entry.inKernel ? Span("yes") : Span("no: banned", .warning),
                ]
            })
    }

    /// Where it is known from.
    private static func source(_ entry: GuardEntry) -> String {
        switch entry.guardName {
        case .exempt: "the configuration"
        case .ownAddress: "this host's address"
        case .gateway: "a default route"
        case .resolver: "/etc/resolv.conf"
        case .operatorSession: "an SSH session"
        case .protected: "a peer of \(entry.caller ?? "a node")"
        default: "the standards"
        }
    }
}
