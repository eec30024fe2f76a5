// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Nftables
internal import SentinelProtocol

/// Has the kernel's table be what the helper wants it to be. The only one that talks to nf_tables.
final class Enforcer {
    /// Where the table's ownership comes from.
    struct Holding {
        /// The socket that owned the table before, from the service manager's descriptor store.
        var inherited: Int32?
        /// Whether a descriptor store keeps the socket when this process ends.
        var hasStore = false
    }

    private(set) var layout: Layout
    let features: KernelFeatures
    private(set) var mode: Mode
    private let socket: NetlinkSocket
    /// The generation behind the last change of our own, or the last that was looked at.
    private(set) var generation: Generation

    /// Opens the socket and tries out the kernel. Changes nothing.
    ///
    /// - Parameter limit: what is made use of at most, so that the modes of older kernels can be had on any.
    init(layout: Layout, holding: Holding, limit: KernelFeatures) throws(NftablesError) {
        let socket =
            if let inherited = holding.inherited {
                try NetlinkSocket(adopting: inherited)
            } else {
                try NetlinkSocket()
            }
        features = try KernelFeatures(probing: socket).intersection(limit)
        generation = try socket.generation()
        self.socket = socket
        self.layout = layout
        mode =
            features.persistence
            ? .ownedPersistent
            : features.ownership && (holding.hasStore || holding.inherited != nil) ? .owned : .watched
    }

    /// The owning socket's descriptor, for the descriptor store. It stays this object's own.
    var descriptor: Int32 { socket.descriptor }

    private var wantedTable: Table {
        var table = layout.table
        switch mode {
        case .ownedPersistent: table.flags = [.owner, .persist]
        case .owned: table.flags = .owner
        default: table.flags = []
        }
        return table
    }

    // MARK: The table as a whole

    /// What of the table the kernel has already.
    struct Found {
        /// The elements of the sets that hold bans.
        var elements: [SetKind: [Element]] = [:]
        /// Whether sets and chains are those of the layout.
        var fits = false
    }

    /// Reads what an earlier run left; nil where there is no table of this name.
    ///
    /// - Throws: `notPermitted` where another process owns the table.
    func find() throws(NftablesError) -> Found? {
        guard let table = try socket.table(layout.table) else { return nil }
        if let owner = table.owner, owner != 0, owner != socket.port {
            throw NftablesError.owned(layout.table, by: owner)
        }
        var found = Found()
        let sets = try socket.sets(in: layout.table)
        for kind in SetKind.ofBans {
            guard let set = sets.first(where: { $0.name == kind.name }), set.keyType == kind.keyType else {
                continue
            }
            found.elements[kind] = try socket.elements(of: set)
        }
        let chainsFit = try chainsFit()
        found.fits = ownershipFits(table) && setsFit(sets) && chainsFit
        return found
    }

    /// Whether the table can become ours in this mode as it is. One that outlives its owner has lost the owner's flag
    /// by then, and takes a new owner; any other keeps the ownership that it was made with.
    private func ownershipFits(_ table: Table) -> Bool {
        switch mode {
        case .ownedPersistent: table.flags.contains(.persist)
        case .owned: table.flags.contains(.owner) && !table.flags.contains(.persist)
        default: table.flags.isDisjoint(with: [.owner, .persist])
        }
    }

    private func setsFit(_ sets: [NamedSet]) -> Bool {
        guard sets.count == SetKind.allCases.count else { return false }
        return SetKind.allCases.allSatisfy { kind in
            let wanted = layout[kind]
            guard let found = sets.first(where: { $0.name == wanted.name }) else { return false }
            return found.keyType == wanted.keyType && found.flags == wanted.flags && found.size == wanted.size
                && found.hasCounters == wanted.hasCounters
        }
    }

    private func chainsFit() throws(NftablesError) -> Bool {
        let chains = try socket.chains(in: layout.table)
        return chains.count == layout.chains.count
            && layout.chains.allSatisfy { wanted in
                chains.contains { $0.name == wanted.name && $0.hook == wanted.hook }
            }
    }

    /// Makes the table, with everything in it, in one transaction: where there was one before, no packet passes
    /// between the old and the new.
    func build(_ contents: Contents, replacing: Bool) throws(NftablesError) {
        var transaction = Transaction()
        if replacing { transaction.delete(layout.table) }
        transaction.add(wantedTable)
        for kind in SetKind.allCases { transaction.add(layout[kind]) }
        for chain in layout.chains { transaction.add(chain) }
        for rule in layout.rules { transaction.add(rule) }
        for (kind, elements) in contents.elements where !elements.isEmpty {
            transaction.add(elements, to: layout[kind])
        }
        try commit(transaction)
    }

    /// Takes over a table that fits: takes its ownership, writes its rules anew, since anyone may have changed them
    /// while nobody owned it, and puts the sets that hold no bans right. Bans stay as they are, with their counters.
    func adopt(_ contents: Contents) throws(NftablesError) {
        var transaction = Transaction()
        transaction.add(wantedTable)
        for chain in layout.chains { transaction.flush(chain) }
        for rule in layout.rules { transaction.add(rule) }
        for kind in SetKind.allCases where kind.check == nil {
            transaction.flush(layout[kind])
            if let elements = contents.elements[kind], !elements.isEmpty {
                transaction.add(elements, to: layout[kind])
            }
        }
        try commit(transaction)
    }

    /// What the sets hold.
    struct Contents {
        var elements: [SetKind: [Element]] = [:]
    }

    /// Whether the kernel has a table of this name.
    func tableExists() throws(NftablesError) -> Bool { try socket.table(layout.table) != nil }

    /// As ``build(_:replacing:)``, with another layout; where that fails, the layout is the one before.
    func rebuild(as layout: Layout, _ contents: Contents) throws(NftablesError) {
        let before = self.layout
        let isThere = try tableExists()
        self.layout = layout
        do {
            try build(contents, replacing: isThere)
        } catch {
            self.layout = before
            throw error
        }
    }

    /// Says anew what sets hold that have no bans, in one transaction.
    func setFixed(_ elements: [SetKind: [Element]]) throws(NftablesError) {
        var transaction = Transaction()
        for (kind, elements) in elements {
            transaction.flush(layout[kind])
            transaction.add(elements, to: layout[kind])
        }
        try commit(transaction)
    }

    /// Removes the table. Nothing is enforced from then on.
    func release() throws(NftablesError) {
        if try socket.table(layout.table) != nil {
            var transaction = Transaction()
            transaction.delete(layout.table)
            try commit(transaction)
        }
        mode = .released
    }

    /// Whether somebody else has changed the ruleset so that our table is no longer what it should be. Costs one
    /// question of some microseconds while nobody changes anything.
    func isDamaged() throws(NftablesError) -> Bool {
        let now = try socket.generation()
        guard now != generation else { return false }
        defer { generation = now }
        guard let table = try socket.table(layout.table) else { return true }
        guard !table.flags.contains(.dormant), try setsFit(socket.sets(in: layout.table)), try chainsFit()
        else {
            return true
        }
        for chain in layout.chains {
            let wanted = layout.rules.count { $0.chain.name == chain.name }
            if try socket.ruleCount(of: chain) != wanted { return true }
        }
        return false
    }

    // MARK: Elements

    /// What becomes of elements in one transaction.
    struct Changes {
        /// Elements that weren't there.
        var added: [SetKind: [Element]] = [:]
        /// Elements that were there, with another deadline or comment. They go on counting.
        var replaced: [SetKind: [Element]] = [:]
        /// Elements that go.
        var removed: [SetKind: [Element]] = [:]
        /// What becomes of interval sets.
        var intervals: [SetKind: IntervalChange] = [:]

        var isEmpty: Bool { added.isEmpty && replaced.isEmpty && removed.isEmpty && intervals.isEmpty }
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
    /// expired, somebody has added or deleted one, an answer got lost), the long way makes it so from any state.
    func apply(_ changes: Changes) throws(NftablesError) {
        guard !changes.isEmpty else { return }
        let changes = try withCounters(changes)
        var short = Transaction()
        for (kind, elements) in changes.removed { short.delete(elements, from: layout[kind]) }
        for (kind, elements) in changes.replaced {
            short.delete(elements, from: layout[kind])
            short.add(elements, to: layout[kind])
        }
        for (kind, elements) in changes.added { short.add(elements, to: layout[kind], existing: .refuse) }
        for (kind, change) in changes.intervals {
            short.delete(change.removed, from: layout[kind])
            short.add(change.added, to: layout[kind])
        }
        do {
            try commit(short)
        } catch  where Self.isDisagreement(error.code) {
            try applyFromAnyState(changes)
        }
    }

    private func applyFromAnyState(_ changes: Changes) throws(NftablesError) {
        var long = Transaction()
        for group in [changes.removed, changes.replaced, changes.added] {
            for (kind, elements) in group {
                long.add(elements, to: layout[kind])
                long.delete(elements, from: layout[kind])
            }
        }
        for group in [changes.replaced, changes.added] {
            for (kind, elements) in group { long.add(elements, to: layout[kind]) }
        }
        for (kind, change) in changes.intervals {
            long.flush(layout[kind])
            long.add(change.whole, to: layout[kind])
        }
        try commit(long)
    }

    private static func isDisagreement(_ code: NftablesError.Code) -> Bool {
        [.alreadyExists, .notFound, .timedOut, .outcomeUnknown].contains(code)
    }

    /// Gives elements that will be put in anew the counts that they have now.
    private func withCounters(_ changes: Changes) throws(NftablesError) -> Changes {
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

    /// Reads elements by their keys.
    func read(_ keys: [ElementKey], of kind: SetKind) throws(NftablesError) -> [Element] {
        var found: [Element] = []
        try socket.readElements(keys, of: layout[kind]) { _, element in
            if let element { found.append(element) }
        }
        return found
    }

    /// Lists all elements of a set, for small sets.
    func list(_ kind: SetKind) throws(NftablesError) -> [Element] {
        try socket.elements(of: layout[kind])
    }

    private func commit(_ transaction: consuming Transaction) throws(NftablesError) {
        try socket.commit(transaction.seal())
        generation = try socket.generation()
    }
}

extension Element {
    fileprivate func counting(from counter: Counter?) -> Element {
        guard let counter, !isIntervalEnd else { return self }
        var element = self
        element.counter = counter
        return element
    }
}
