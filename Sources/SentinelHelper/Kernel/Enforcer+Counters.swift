// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Nftables
internal import SentinelProtocol

extension Enforcer {
    // MARK: Sets and rules

    /// The table's sets, as the kernel has them, by their names.
    func foundSets() throws(NftablesError) -> [String: NamedSet] {
        Dictionary(try socket.sets(in: layout.table).map { ($0.name, $0) }) { a, _ in a }
    }

    /// What the table's rules have counted that refuse packets, or would but for the shadow. Nothing where there is no table, and where it can't be read
    /// because others change the ruleset all the time: a table that is made anew then counts from nothing, which matters
    /// less than that it is made.
    func ruleCounters() -> [LookupCounter] { (try? socket.lookupCounters(in: layout.table)) ?? [] }

    /// The sets whose rules in the kernel only count, whatever the layout says: of an earlier run's table.
    func countingSets() -> Set<SetKind> {
        guard mode != .shared else { return [] }
        return Set(ruleCounters().filter { !$0.decides }.compactMap { SetKind(name: $0.set) })
    }

    // MARK: Elements

    /// What elements have counted, by their keys.
    func readCounters(
        _ keys: [ElementKey], of kind: SetKind, _ body: (ElementKey, Element.Counter?) -> Void
    ) throws(NftablesError) {
        try socket.readCounters(keys, of: layout[kind], body)
    }

    /// Gives elements that will be put in anew the counts that they have now.
    func withCounters(_ changes: Changes) throws(NftablesError) -> Changes {
        var changes = changes
        for (kind, elements) in changes.replaced where kind.hasCounters {
            let counters = try counters(elements, of: kind)
            changes.replaced[kind] = elements.map { $0.counting(from: counters[$0.key]) }
        }
        for (kind, change) in changes.intervals where kind.hasCounters {
            let counters = try counters(change.removed.filter { !$0.isIntervalEnd }, of: kind)
            changes.intervals[kind]?.added = change.added.map { $0.counting(from: counters[$0.key]) }
        }
        return changes
    }

    private func counters(
        _ elements: [Element], of kind: SetKind
    ) throws(NftablesError) -> [ElementKey: Element.Counter] {
        var counters: [ElementKey: Element.Counter] = [:]
        try socket.readElements(elements.map(\.key), of: layout[kind]) { counters[$0] = $1?.counter }
        return counters
    }
}

extension Element {
    func counting(from counter: Counter?) -> Element {
        guard let counter, !isIntervalEnd else { return self }
        var element = self
        element.counter = counter
        return element
    }
}
