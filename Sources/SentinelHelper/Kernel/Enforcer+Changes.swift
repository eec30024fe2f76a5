// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Nftables
internal import SentinelProtocol

extension Enforcer {
    /// What becomes of elements in one transaction.
    struct Changes {
        /// Elements that weren't there.
        var added: [SetKind: [Element]] = [:]
        /// Elements that were there, with another end and nothing else. They stay, and go on counting.
        var updated: [SetKind: [Element]] = [:]
        /// Elements that were there, with another deadline or comment. They go on counting.
        var replaced: [SetKind: [Element]] = [:]
        /// Elements that go.
        var removed: [SetKind: [Element]] = [:]
        /// What becomes of interval sets.
        var intervals: [SetKind: IntervalChange] = [:]

        var isEmpty: Bool {
            added.isEmpty && updated.isEmpty && replaced.isEmpty && removed.isEmpty && intervals.isEmpty
        }
    }

    /// The elements of an import.
    struct Imported {
        var elements: [ImportedElements] = []
        /// Whether the table is to say that the ledger may not have them; see ``mark(isImporting:)``.
        var isMarked = false
    }

    /// What becomes of an interval set: the difference, and the whole for when the kernel has something else than
    /// we think. The difference, because adding to a large interval set costs milliseconds an element.
    struct IntervalChange {
        var removed: [Element]
        var added: [Element]
        var whole: [Element]
    }

    /// Carries changes out in one transaction.
    ///
    /// The short way assumes that the kernel has what we think it has. Where it says otherwise (an element has just
    /// expired, somebody has added or deleted one, an answer got lost), the long way makes it so from any state. It
    /// also empties interval sets first, with what has expired there and isn't cleared away yet.
    ///
    /// - Parameter imported: more elements that weren't there, of an import.
    func apply(_ changes: Changes, importing imported: Imported = Imported()) throws(NftablesError) {
        guard !changes.isEmpty || !imported.elements.isEmpty else { return }
        let changes = try withCounters(changes)
        var short = Transaction()
        if imported.isMarked { short.add(importingMark) }
        for (kind, elements) in changes.removed { short.delete(elements, from: layout[kind]) }
        // One that isn't there any more comes about by this as well.
        for (kind, elements) in changes.updated { short.add(elements, to: layout[kind]) }
        for (kind, elements) in changes.replaced {
            short.delete(elements, from: layout[kind])
            short.add(elements, to: layout[kind])
        }
        for (kind, elements) in changes.added { short.add(elements, to: layout[kind], existing: .refuse) }
        for (kind, change) in changes.intervals {
            short.delete(change.removed, from: layout[kind])
            short.add(change.added, to: layout[kind])
        }
        for elements in imported.elements {
            short.add(elements, to: layout[elements.kind], existing: .refuse)
        }
        do {
            try commit(short)
        } catch
            where Self.isDisagreement(error.code)
            || error.code == .setFull && !changes.intervals.isEmpty
        {
            try applyFromAnyState(changes, importing: imported)
        }
    }

    private func applyFromAnyState(_ changes: Changes, importing imported: Imported) throws(NftablesError) {
        var long = Transaction()
        if imported.isMarked { long.add(importingMark) }
        for elements in imported.elements {
            long.add(elements, to: layout[elements.kind])
            long.delete(elements, from: layout[elements.kind])
            long.add(elements, to: layout[elements.kind])
        }
        add(changes, toAnyStateBy: &long)
        try commit(long)
    }

    func add(_ changes: Changes, toAnyStateBy long: inout Transaction) {
        for group in [changes.removed, changes.updated, changes.replaced, changes.added] {
            for (kind, elements) in group {
                long.add(elements, to: layout[kind])
                long.delete(elements, from: layout[kind])
            }
        }
        for group in [changes.updated, changes.replaced, changes.added] {
            for (kind, elements) in group { long.add(elements, to: layout[kind]) }
        }
        for (kind, change) in changes.intervals {
            long.flush(layout[kind])
            long.add(change.whole, to: layout[kind])
        }
    }

    static func isDisagreement(_ code: NftablesError.Code) -> Bool {
        [.alreadyExists, .notFound, .timedOut, .outcomeUnknown].contains(code)
    }
}
