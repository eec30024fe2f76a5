// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import PlainText
internal import SentinelProtocol
internal import Varlink

/// What is said of checks in shadow wherever somebody could take their bans for enforced.
struct ShadowNotice {
    private let checks: [String]

    /// nil where nothing is in shadow.
    init?(_ checks: [String]) {
        guard !checks.isEmpty else { return nil }
        self.checks = checks
    }

    init?(_ status: Status) { self.init(status.shadow?.map(\.rawValue) ?? []) }

    private var names: String { checks.joined(separator: ", ") }

    /// Below the word SHADOW.
    var state: String {
        "\(names): bans there refuse nobody. What they match is counted, and passes. What they would do, "
            + "\"sentinelctl shadow report\" says."
    }

    /// For somebody who has just asked for bans.
    func complaint(_ bans: String) -> String {
        "\(bans) nobody, because \(names) \(checks.count == 1 ? "is" : "are") in shadow: packets are counted, and "
            + "pass; to have them refused, take \(checks.count == 1 ? "it" : "them") out of [shadow] checks and run "
            + "sentinelctl reload, or ban at a check that isn't in shadow"
    }
}

extension Ban {
    /// Its check for a table, with the shadow where it is in one.
    var checkSpan: Span {
        isEnforced ? Span(check.rawValue) : Span("\(check.rawValue) (shadow)", .warning)
    }
}

extension Line {
    /// A word at the margin, and what it says beside it, over as many lines as it takes.
    static func labelled(_ label: String, _ text: String, width: Int?) -> [Line] {
        let margin = 9
        let room = width.map { max(20, $0 - margin) } ?? .max
        return text.sanitised.wrapped(to: room).enumerated().map { index, part in
            let label = index == 0 ? label : ""
            return Line(
                Span(label + String(repeating: " ", count: max(0, margin - label.count)), .bad), Span(part))
        }
    }
}
