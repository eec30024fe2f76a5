// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Feeds
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
    var mode: Mode
    let socket: NetlinkSocket
    /// The generation behind the last change of our own, or the last that was looked at.
    var generation: Generation
    /// Whether somebody else's change may lie between our own.
    var isSuspect = false
    /// Is told how many elements a transaction changes, before the kernel is given one that takes a while.
    var willChange: ((Int) -> Void)?
    /// The kernel's numbers of our rules: whoever changes one gives it another.
    private var ruleHandles: [String: [UInt64]] = [:]

    /// Opens the socket and tries out the kernel. Changes nothing.
    ///
    /// - Parameters:
    ///   - isShared: whether the table is the operator's, whose sets are only filled.
    ///   - limit: what is made use of at most, so that the modes of older kernels can be had on any.
    init(
        layout: Layout, holding: Holding, isShared: Bool = false, limit: KernelFeatures
    ) throws(NftablesError) {
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
            isShared
            ? .shared
            : features.persistence
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
        /// The sets that hold bans and can be read.
        var sets: Swift.Set<SetKind> = []
        /// Whether it has bans that aren't in the ledger; see ``mark(isUnsaved:)``.
        var isUnsaved = false
        /// Whether it has bans of an import that may not be in the ledger; see ``mark(isImporting:)``.
        var isImporting = false
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
        let sets = try socket.sets(in: layout.table)
        var found = Found(
            sets: setsOfBans(sets), isUnsaved: sets.contains { $0.name == Self.unsaved },
            isImporting: sets.contains { $0.name == Self.importing })
        let chainsFit = try chainsFit()
        found.fits = ownershipFits(table) && setsFit(sets) && chainsFit
        return found
    }

    /// Those that hold bans and are of the type that they should be.
    private func setsOfBans(_ sets: [NamedSet]) -> Swift.Set<SetKind> {
        Swift.Set(
            SetKind.ofBans.filter { kind in
                sets.contains { $0.name == kind.name && $0.keyType == kind.keyType }
            })
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
        guard
            sets.count(where: { ![Self.unsaved, Self.importing].contains($0.name) }) == SetKind.allCases.count
        else { return false }
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
        let counters = replacing ? ruleCounters() : []
        if replacing { transaction.delete(layout.table) }
        transaction.add(wantedTable)
        for kind in SetKind.allCases { transaction.add(layout[kind]) }
        for chain in layout.chains { transaction.add(chain) }
        for rule in layout.rules(from: counters) { transaction.add(rule) }
        for (kind, elements) in contents.elements where !elements.isEmpty {
            transaction.add(elements, to: layout[kind])
        }
        for (kind, elements) in contents.bans { transaction.add(elements, to: layout[kind]) }
        for kind in SetKind.ofFeeds {
            transaction.add(FeedElements(contents.feeds, kind), to: layout[kind])
        }
        try commit(transaction)
        ruleHandles = try readRuleHandles()
    }

    private func readRuleHandles() throws(NftablesError) -> [String: [UInt64]] {
        var handles: [String: [UInt64]] = [:]
        for chain in layout.chains { handles[chain.name] = try socket.ruleHandles(of: chain) }
        return handles
    }

    /// Takes over a table that fits: takes its ownership, writes its rules anew, since anyone may have changed them
    /// while nobody owned it, and puts the sets that hold no bans right. Bans stay as they are, with their counters, but for the changes.
    ///
    /// - Parameter keepsFeeds: whether the sets of feeds stay as they are; else they are emptied.
    func adopt(_ contents: Contents, _ changes: Changes, keepsFeeds: Bool) throws(NftablesError) {
        let changes = try withCounters(changes)
        var transaction = Transaction()
        transaction.add(wantedTable)
        for chain in layout.chains { transaction.flush(chain) }
        for rule in layout.rules(from: ruleCounters()) { transaction.add(rule) }
        for kind in SetKind.ofFeeds where !keepsFeeds { transaction.flush(layout[kind]) }
        for kind in SetKind.allCases where kind.check == nil && !SetKind.ofFeeds.contains(kind) {
            let elements = contents.elements[kind] ?? []
            guard try !holds(kind, elements) else { continue }
            transaction.flush(layout[kind])
            transaction.add(elements, to: layout[kind])
        }
        add(changes, toAnyStateBy: &transaction)
        try commit(transaction)
        ruleHandles = try readRuleHandles()
    }

    /// Whether a small set has these elements and no other. What is right stays untouched: before kernel 6.17, a packet
    /// that is being looked up while an element is replaced by its like may find neither of the two.
    private func holds(_ kind: SetKind, _ elements: [Element]) throws(NftablesError) -> Bool {
        func ends(_ elements: [Element]) -> [Element] {
            elements.map { Element($0.key, isIntervalEnd: $0.isIntervalEnd) }
        }
        let found = try socket.elements(of: layout[kind])
        return found.count == elements.count && Set(ends(found)) == Set(ends(elements))
    }

    /// What the sets hold.
    struct Contents {
        var elements: [SetKind: [Element]] = [:]
        /// Of sets that may be large, each element made when it is written.
        var bans: [SetKind: AnySequence<Element>] = [:]
        var feeds = AddressList()
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

    /// Has rules of another layout in the place of those there are, and sets that hold just this, in one transaction: the
    /// other sets stay as they are. Where it fails, the layout is the one before.
    func rewriteRules(as layout: Layout, _ elements: [SetKind: [Element]]) throws(NftablesError) {
        var transaction = Transaction()
        for chain in layout.chains { transaction.flush(chain) }
        for rule in layout.rules(from: ruleCounters()) { transaction.add(rule) }
        put(elements, in: &transaction)
        try commit(transaction)
        let wasSuspect = isSuspect
        // Where they can't be read, the rules look like another's change, and are put right.
        isSuspect = true
        ruleHandles = try readRuleHandles()
        isSuspect = wasSuspect
        self.layout = layout
    }

    /// Removes the table; of the operator's, what its sets of bans hold. Nothing is enforced from then on.
    func release() throws(NftablesError) {
        if mode == .shared {
            try emptyShared()
        } else if try socket.table(layout.table) != nil {
            var transaction = Transaction()
            transaction.delete(layout.table)
            try commit(transaction)
        }
        mode = .released
    }

    /// What a look at the ruleset finds.
    enum Look: Hashable {
        /// Nobody else has changed anything.
        case unchanged
        /// Somebody else has changed something. Table, sets, chains and rules are as they should be; what the sets
        /// hold hasn't been looked at.
        case changed
        /// Our table is no longer what it should be.
        case damaged
        /// The operator's table isn't what it has to be, in words.
        case missing([String])
    }

    /// Looks whether somebody else has changed the ruleset. Costs one question of some microseconds while nobody does.
    func look() throws(NftablesError) -> Look {
        let now = try socket.generation()
        guard now != generation || isSuspect else { return .unchanged }
        let found: Look
        if mode == .shared {
            let missing = try missing()
            found = missing.isEmpty ? .changed : .missing(missing)
        } else {
            found = try isDamaged() ? .damaged : .changed
        }
        generation = now
        isSuspect = false
        return found
    }

    private func isDamaged() throws(NftablesError) -> Bool {
        guard let table = try socket.table(layout.table) else { return true }
        guard !table.flags.contains(.dormant), try setsFit(socket.sets(in: layout.table)), try chainsFit()
        else {
            return true
        }
        return try readRuleHandles() != ruleHandles
    }

    // MARK: Elements

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

    func commit(_ transaction: consuming Transaction) throws(NftablesError) {
        let elements = transaction.byteCount / Self.bytesOfElement
        if elements >= Self.manyElements { willChange?(elements) }
        do {
            try socket.commit(transaction.seal())
        } catch  where [.timedOut, .outcomeUnknown].contains(error.code) {
            isSuspect = true
            throw error
        }
        let now = try socket.generation()
        // A transaction makes one generation. Where there are more, somebody else's lie between.
        if now != generation.next { isSuspect = true }
        generation = now
    }

    /// What one takes in a transaction, more or less.
    private static var bytesOfElement: Int { 64 }
    private static var manyElements: Int { 10_000 }
}

extension Generation {
    /// The one behind the next transaction. 0 is none.
    fileprivate var next: Generation { Generation(number: number == .max ? 1 : number + 1) }
}
