// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol

/// The helper at a glance, as text.
struct StatusText {
    let status: Status
    let console: Console

    init(_ status: Status, _ console: Console) {
        self.status = status
        self.console = console
    }

    var lines: [Line] {
        var lines: [Line] = []
        if let notice = ShadowNotice(status) {
            lines += Line.labelled("SHADOW", notice.state, width: console.width) + [Line()]
        }
        lines += fields.lines(width: console.width)
        if !status.sets.isEmpty { lines += [Line()] + SetTable(console).lines(status.sets) }
        for problem in status.problems {
            lines += [Line()] + Line.labelled("PROBLEM", problem, width: console.width)
        }
        return lines
    }

    private var fields: FieldList {
        var fields = FieldList()
        fields.add("sentineld", "\(status.version), since \(console.moment(status.started))")
        fields.add("table", "\(status.table)")
        fields.add("mode", modeText, modeStyle)
        let shadowed = status.sets.filter { $0.shadowed == true && !$0.name.hasPrefix("feed") }.reduce(0) {
            $0 + $1.count
        }
        let inShadow = ", \(Quantity.number(shadowed)) of them in shadow"
        fields.add(
            "bans", Quantity.number(status.bans) + (status.shadow == nil ? "" : inShadow), .title)
        fields.add(
            "callers",
            "\(Quantity.count(status.callers, "connection")), \(Quantity.number(status.subscribers)) of them watching"
        )
        fields.add(
            "cut",
            status.socketsCut == 0 ? nil : Quantity.count(status.socketsCut, "socket") + " of banned peers")
        fields.add("guarded", status.guards.isEmpty ? nil : guards)
        fields.add("kernel", "\(status.kernel.release): \(features)")
        fields.add("ledger", ledgerText, status.ledger == .failed ? .bad : .plain)
        fields.add("generation", "\(status.generation)")
        return fields
    }

    /// How many addresses and blocks each guard holds.
    private var guards: String {
        status.guards.map { "\($0.name) \(Quantity.number($0.count))" }.joined(separator: ", ")
    }

    private var modeText: String {
        switch status.mode {
        case .ownedPersistent:
            "owned-persistent: nobody else can change the table, and it outlives sentineld"
        case .owned:
            "owned: nobody else can change the table; it lives as long as sentineld's unit isn't stopped"
        case .watched: "watched: whoever may can change the table; a foreign change is repaired"
        case .shared: "shared: the sets are in a table of yours; a foreign change is repaired"
        case .released: "released: there is no table, nothing is enforced; restart sentineld to enforce again"
        default: status.mode.rawValue
        }
    }

    private var modeStyle: Style {
        switch status.mode {
        case .ownedPersistent, .owned: .good
        case .released: .bad
        default: .warning
        }
    }

    private var ledgerText: String {
        switch status.ledger {
        case .healthy: "healthy: bans and strikes outlive a reboot"
        case .failed: "failed: what is banned now is lost if the host restarts"
        case .off: "off: what is banned is lost if the host restarts"
        default: status.ledger.rawValue
        }
    }

    private var features: String {
        let kernel = status.kernel
        return [
            "ownership": kernel.ownership, "persistence": kernel.persistence,
            "timeout update": kernel.timeoutUpdate, "element destroy": kernel.elementDestroy,
            "set counts": kernel.setCounts, "socket destroy": kernel.socketDestroy,
        ].sorted { $0.key < $1.key }.map { $0.value ? $0.key : "no \($0.key)" }.joined(separator: ", ")
    }
}
