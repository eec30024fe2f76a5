// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Nftables
internal import SentinelProtocol

/// Sets that are in a table of the operator's: they are looked up by name and filled, nothing else there is touched.
extension Enforcer {
    /// What the operator's table has to have and hasn't, in words; nothing where all is there.
    func missing() throws(NftablesError) -> [String] {
        guard let table = try socket.table(layout.table) else { return ["there is no table \(layout.table)"] }
        if let owner = table.owner, owner != 0, owner != socket.port {
            return ["the table \(layout.table) is owned by another process, netlink port \(owner)"]
        }
        let sets = try socket.sets(in: layout.table)
        let absent = SetKind.allCases.filter { kind in !sets.contains { $0.name == kind.name } }
        var complaints: [String] = []
        if !absent.isEmpty {
            let names = absent.map(\.name).joined(separator: ", ")
            complaints.append("\(layout.table) has no \(absent.count == 1 ? "set" : "sets") \(names)")
        }
        for kind in SetKind.allCases {
            guard let found = sets.first(where: { $0.name == kind.name }) else { continue }
            complaints += layout[kind].complaints(of: found)
        }
        return complaints
    }

    /// Takes all bans out of the sets that are there.
    func emptyShared() throws(NftablesError) {
        guard try socket.table(layout.table) != nil else { return }
        let names = Set(try socket.sets(in: layout.table).map(\.name))
        var transaction = Transaction()
        for kind in SetKind.ofBans + SetKind.ofFeeds where names.contains(kind.name) {
            transaction.flush(layout[kind])
        }
        if !transaction.isEmpty { try commit(transaction) }
    }

    /// Reads elements by their keys, each told as it comes; nil where there is none.
    func read(
        _ keys: [ElementKey], of kind: SetKind, _ body: (ElementKey, Element?) -> Void
    ) throws(NftablesError) {
        try socket.readElements(keys, of: layout[kind], body)
    }

    // MARK: What the ledger doesn't have

    /// A set without elements that is there as long as the kernel may have bans that the ledger has not.
    static let unsaved = "unsaved"

    /// Says in the table itself that bans in it are in no ledger, so that the next run takes them over from there. Not
    /// in a table of the operator's.
    func mark(isUnsaved: Bool) throws(NftablesError) { try put(mark(Self.unsaved), isThere: isUnsaved) }

    /// A set without elements that comes with the bans of an import, in the same transaction, and goes when the ledger has
    /// them. A run that finds it can't know whether the ledger does: what that has is then put in the table's place.
    static let importing = "importing"

    var importingMark: NamedSet { mark(Self.importing) }

    /// Says so, or that it is no longer so. Not in a table of the operator's.
    func mark(isImporting: Bool) throws(NftablesError) { try put(importingMark, isThere: isImporting) }

    private func mark(_ name: String) -> NamedSet {
        NamedSet(layout.table, name, key: KeyType(.ipv4Address))
    }

    private func put(_ mark: NamedSet, isThere: Bool) throws(NftablesError) {
        guard canBeMarked else { return }
        guard try socket.sets(in: layout.table).contains(where: { $0.name == mark.name }) != isThere else {
            return
        }
        var transaction = Transaction()
        if isThere { transaction.add(mark) } else { transaction.delete(mark) }
        try commit(transaction)
    }

    /// Whether the table is there, and its own.
    var canBeMarked: Bool { mode != .released && mode != .shared }

    // MARK: Contents, of a table of one's own as well

    /// Has sets hold just this, in one transaction.
    func rewrite(_ elements: [SetKind: [Element]]) throws(NftablesError) {
        var transaction = Transaction()
        put(elements, in: &transaction)
        try commit(transaction)
    }

    func put(_ elements: [SetKind: [Element]], in transaction: inout Transaction) {
        for (kind, elements) in elements {
            transaction.flush(layout[kind])
            if !elements.isEmpty { transaction.add(elements, to: layout[kind]) }
        }
    }

    /// Adds those of these elements that aren't there.
    func fill(_ kind: SetKind, with elements: [Element]) throws(NftablesError) {
        guard !elements.isEmpty else { return }
        var transaction = Transaction()
        transaction.add(elements, to: layout[kind])
        try commit(transaction)
    }
}

extension NamedSet {
    /// What keeps a set that was found from being used in the place of this one.
    fileprivate func complaints(of found: NamedSet) -> [String] {
        var complaints: [String] = []
        if found.keyType != keyType {
            complaints.append("\(name) has keys of the type \(found.keyType), not \(keyType)")
        }
        if found.flags.intersection(.filled) != flags {
            complaints.append(
                flags.isEmpty ? "\(name) must have no flags" : "\(name) lacks `flags \(flags.text)`")
        }
        if found.flags.contains(.constant) { complaints.append("\(name) is constant") }
        if let size, let actual = found.size, actual < size {
            complaints.append(
                "\(name) has the size \(actual), and with [capacity] as it is needs \(size) or none")
        }
        return complaints
    }
}

extension NamedSet.Flags {
    /// Those that say how a set is filled.
    fileprivate static let filled: Self = [.interval, .timeout]

    fileprivate var text: String {
        [(Self.interval, "interval"), (.timeout, "timeout")].filter { contains($0.0) }.map(\.1)
            .joined(separator: ",")
    }
}
