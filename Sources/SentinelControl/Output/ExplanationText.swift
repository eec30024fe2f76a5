// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol

/// All that is known about a subject, as text.
struct ExplanationText {
    private let explanation: Explanation
    private let console: Console

    init(_ explanation: Explanation, _ console: Console) {
        self.explanation = explanation
        self.console = console
    }

    var lines: [Line] {
        var lines = [Line(Span(explanation.subject, .title))] + verdict.lines(width: console.width)
        for ban in explanation.bans {
            lines += [Line(), Line(Span("Ban \(ban.id)", .title))] + fields(ban).lines(width: console.width)
        }
        if !explanation.elements.isEmpty {
            let rows = ElementRow(console)
            var table = rows.table(isTimed: true, isCounted: true)
            lines += [Line(), Line(Span("In the kernel", .title))]
            lines += table.lines(explanation.elements.map { rows.cells($0) })
        }
        return lines
    }

    private var isExempt: Bool { explanation.set?.hasPrefix("exempt") ?? false }

    private var verdict: FieldList {
        var fields = FieldList(indent: 2)
        fields.add("inbound", inbound, style(explanation.inbound, "accept"))
        fields.add("outbound", outbound, style(explanation.outbound, "dial"))
        fields.add(
            "set",
            explanation.set.map { isExempt ? "\($0): nothing blocks what is in there" : "\($0) decides" })
        fields.add("feeds", explanation.feeds.isEmpty ? nil : explanation.feeds.joined(separator: ", "), .bad)
        fields.add("guard", explanation.guardName.map(guardText), .warning)
        fields.add(
            "bans", explanation.bans.isEmpty ? "none" : "\(Quantity.number(explanation.bans.count)), below")
        fields.add(
            "strikes", explanation.strikes == 0 ? "none remembered" : "\(explanation.strikes) remembered")
        let next = explanation.next.map { Quantity.length($0.rawValue) } ?? "for good"
        fields.add("next ban", explanation.guardName == nil ? "would last \(next)" : nil)
        return fields
    }

    private func guardText(_ name: GuardName) -> String {
        let why =
            switch name {
            case .protected: "a peer that a node protects is there, so "
            case .gateway: "it is the gateway of a default route, so "
            case .resolver: "it is a name server of this host, so "
            case .operatorSession: "somebody is logged in from there by SSH, so "
            case .ownAddress: "it is an address of this host, so "
            default: ""
            }
        return "\(name): \(why)a ban of it is refused"
    }

    private var inbound: String {
        guard explanation.inbound else { return "dropped on its way to the node's ports" }
        return "passes to the node's ports" + shadow("accept")
    }

    private var outbound: String {
        guard explanation.outbound else { return "dials by the node's users are rejected" }
        return "the node's users may dial it" + shadow("dial")
    }

    /// The sets in shadow that would refuse a packet of a direction.
    private func shadowed(_ check: String) -> [String] {
        (explanation.shadowed ?? []).filter { $0.hasPrefix(check) || $0.hasPrefix("net") }
    }

    private func shadow(_ check: String) -> String {
        let sets = shadowed(check).joined(separator: ", ")
        return sets.isEmpty ? "" : ", counted: \(sets) would refuse it, but for the shadow"
    }

    private func style(_ passes: Bool, _ check: String) -> Style {
        passes ? (shadowed(check).isEmpty ? .good : .warning) : .bad
    }

    private func fields(_ ban: Ban) -> FieldList {
        var fields = FieldList(indent: 2)
        fields.add("check", ban.check.rawValue)
        fields.add(
            "enforced", ban.isEnforced ? nil : "no: its check is in shadow, so it only counts", .warning)
        fields.add("key", "\(ban.key), in set \(ban.set)")
        fields.add("asked for", ban.subject == ban.key ? nil : ban.subject)
        fields.add("peer", ban.peer)
        fields.add("reason", ban.reason)
        fields.add("detail", ban.detail)
        fields.add("by", ban.byOperator ? "\(ban.caller), as operator" : ban.caller)
        fields.add("created", console.moment(ban.created))
        fields.add("ends", ban.expires.map(console.moment) ?? "never, it is for good")
        fields.add("granted", ban.granted.map { Quantity.length($0.rawValue) } ?? "for good")
        fields.add("strike", Quantity.number(ban.strikes))
        fields.add("durable", ban.durable ? "yes" : "no: a reboot ends it")
        return fields
    }
}
