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
        var lines = fields.lines(width: console.width)
        if !status.sets.isEmpty { lines += [Line()] + SetTable(console).lines(status.sets) }
        for problem in status.problems {
            let room = console.width.map { max(20, $0 - 9) } ?? .max
            lines.append(Line())
            for (index, text) in problem.sanitised.wrapped(to: room).enumerated() {
                lines.append(Line(Span(index == 0 ? "PROBLEM  " : "         ", .bad), Span(text)))
            }
        }
        return lines
    }

    private var fields: FieldList {
        var fields = FieldList()
        fields.add("sentineld", "\(status.version), since \(console.moment(status.started))")
        fields.add("table", "\(status.table)")
        fields.add("mode", modeText, modeStyle)
        fields.add("bans", Quantity.number(status.bans), .title)
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
