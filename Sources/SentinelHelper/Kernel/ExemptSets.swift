// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Nftables

/// What lies in the kernel's exempt sets: what guards hold, and the addresses of protected peers one by one.
///
/// A value for the state that the kernel has, another for the one that it shall have, and the difference between them
/// is what has to be said to it: a node protects thousands of addresses, and one of them comes or goes at a time.
struct ExemptSets {
    private(set) var guards: Guards
    /// Addresses of protected peers that no other guard holds.
    private(set) var addresses: Set<IPAddress> = []

    init(_ guards: Guards) { self.guards = guards }

    /// Whether an address is in there.
    func contains(_ address: IPAddress) -> Bool { addresses.contains(address) || guards.contains(address) }

    /// Whether all addresses of a block are, as far as guards hold them.
    func contains(_ network: IPNetwork) -> Bool {
        if network.isSingleAddress { return contains(network.first) }
        return guards.ranges(network.family).contains { $0.first <= network.first && $0.last >= network.last }
    }

    /// How many ranges the set of a family has.
    func count(_ family: IPAddress.Family) -> Int {
        guards.ranges(family).count + addresses.count { $0.family == family }
    }

    /// Everything, for sets that are filled anew.
    var elements: [SetKind: [Element]] {
        var elements = Self.elements(guards.ranges(.ipv4) + guards.ranges(.ipv6))
        for (kind, more) in Self.elements(addresses.map { .init(first: $0, last: $0) }) {
            elements[kind, default: []] += more
        }
        return elements
    }

    private static func elements(_ ranges: [Guards.Range]) -> [SetKind: [Element]] {
        var elements: [SetKind: [Element]] = [:]
        for range in ranges {
            elements[range.first.family == .ipv4 ? .exempt4 : .exempt6, default: []] += intervalElements(
                from: range.first, through: range.last
            ) { Element($0) }
        }
        return elements
    }

    // MARK: Changes

    /// What the kernel has to be told.
    struct Difference {
        fileprivate(set) var removed: [SetKind: [Element]] = [:]
        fileprivate(set) var added: [SetKind: [Element]] = [:]

        var isEmpty: Bool { removed.isEmpty && added.isEmpty }
    }

    /// Takes an address in or out, unless a guard holds it anyway.
    mutating func set(_ address: IPAddress, isExempt: Bool, noting difference: inout Difference) {
        let isWanted = isExempt && !guards.contains(address)
        let kind: SetKind = address.family == .ipv4 ? .exempt4 : .exempt6
        if isWanted, addresses.insert(address).inserted {
            difference.added[kind, default: []] += intervalElements(from: address, through: address) {
                Element($0)
            }
        } else if !isWanted, addresses.remove(address) != nil {
            difference.removed[kind, default: []] += intervalElements(from: address, through: address) {
                Element($0)
            }
        }
    }

    /// Puts other guards in place of the present ones, and these addresses of protected peers.
    mutating func replace(_ guards: Guards, _ addresses: some Sequence<IPAddress>) -> Difference {
        let before = ranges
        self.guards = guards
        self.addresses = Set(addresses.filter { !guards.contains($0) })
        let after = ranges
        return Difference(
            removed: Self.elements(before.subtracting(after).sorted { $0.first < $1.first }),
            added: Self.elements(after.subtracting(before).sorted { $0.first < $1.first }))
    }

    private var ranges: Set<Guards.Range> {
        Set(guards.ranges(.ipv4) + guards.ranges(.ipv6) + addresses.map { .init(first: $0, last: $0) })
    }
}

extension Enforcer {
    /// Changes whom nothing may block, in one transaction. Where the kernel has something else than we think, all of it
    /// is said anew, in one transaction as well.
    func changeExempt(
        _ difference: ExemptSets.Difference, whole: () -> [SetKind: [Element]]
    ) throws(NftablesError) {
        guard !difference.isEmpty else { return }
        var short = Transaction()
        for (kind, elements) in difference.removed { short.delete(elements, from: layout[kind]) }
        for (kind, elements) in difference.added { short.add(elements, to: layout[kind]) }
        do {
            try commit(short)
        } catch  where Self.isDisagreement(error.code) {
            var long = Transaction()
            for (kind, elements) in whole() {
                long.flush(layout[kind])
                long.add(elements, to: layout[kind])
            }
            try commit(long)
        }
    }
}
