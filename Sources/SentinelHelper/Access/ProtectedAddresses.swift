// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import SentinelProtocol

/// Addresses where peers are that nodes protect: a list for each connection that gave one, as long as it lasts.
///
/// They guard against bans to come, and lie in the kernel's exempt sets as far as no ban is in force there: a node
/// mustn't be able to undo what an operator has banned.
struct ProtectedAddresses {
    private struct List {
        var caller: String
        var addresses: Set<IPAddress>
    }

    /// How many addresses one connection's list has at most.
    static var mostInOneList: Int { 4096 }

    private let ipv6Prefix: Int
    private var lists: [UInt64: List] = [:]
    /// How many lists have an address.
    private var counts: [IPAddress: Int] = [:]
    /// How many addresses of those are in a block that an IPv6 source is matched by.
    private var blocks: [IPNetwork: Int] = [:]
    /// Addresses of which the first list or the last has come or gone.
    private var changed: Set<IPAddress> = []

    /// - Parameter ipv6Prefix: how many leading bits an IPv6 source is matched by.
    init(ipv6Prefix: Int) { self.ipv6Prefix = ipv6Prefix }

    /// Whether a connection has given a list.
    func hasList(of connection: UInt64) -> Bool { lists[connection] != nil }

    /// Puts a connection's list in place of its earlier one.
    ///
    /// - Returns: the addresses that weren't in that.
    mutating func replace(
        _ connection: UInt64, with addresses: Set<IPAddress>, by caller: String
    ) -> Set<IPAddress> {
        let earlier = lists.updateValue(List(caller: caller, addresses: addresses), forKey: connection)
        let added = addresses.subtracting(earlier?.addresses ?? [])
        for address in added { count(address, by: 1) }
        for address in earlier?.addresses.subtracting(addresses) ?? [] { count(address, by: -1) }
        return added
    }

    /// Forgets the list of a connection that has ended.
    mutating func remove(_ connection: UInt64) {
        for address in lists.removeValue(forKey: connection)?.addresses ?? [] { count(address, by: -1) }
    }

    /// All addresses, in no order.
    var addresses: some Collection<IPAddress> { counts.keys }

    /// Who protects each address: of several, one.
    var callers: [IPAddress: String] {
        var callers: [IPAddress: String] = [:]
        for list in lists.values {
            for address in list.addresses {
                callers[address] = min(callers[address] ?? list.caller, list.caller)
            }
        }
        return callers
    }

    /// How many addresses there are.
    var count: Int { counts.count }

    /// Whether an address is in any list.
    func contains(_ address: IPAddress) -> Bool { counts[address] != nil }

    /// The addresses that have come into the first list or out of the last since this was asked before.
    mutating func takeChanged() -> Set<IPAddress> {
        guard !changed.isEmpty else { return [] }
        defer { changed = [] }
        return changed
    }

    private mutating func count(_ address: IPAddress, by change: Int) {
        let before = counts[address, default: 0]
        counts[address] = before + change == 0 ? nil : before + change
        guard (before == 0) != (before + change == 0) else { return }
        changed.insert(address)
        guard address.family == .ipv6 else { return }
        let block = IPNetwork(containing: address, prefixLength: ipv6Prefix)
        let left = blocks[block, default: 0] + change
        blocks[block] = left == 0 ? nil : left
    }

    /// A protected address in a block.
    func address(in network: IPNetwork) -> IPAddress? {
        if network.isSingleAddress { return counts[network.first] == nil ? nil : network.first }
        if network.family == .ipv6, network.prefixLength == ipv6Prefix, blocks[network] == nil { return nil }
        return counts.keys.first { network.contains($0) }
    }

    /// Refuses a ban that would touch a protected address.
    ///
    /// - Parameter matched: what the kernel would match.
    func check(_ target: Target, matching matched: IPNetwork) throws(RefusalError) {
        guard !counts.isEmpty, let address = address(in: matched) else { return }
        let caller = lists.values.first { $0.addresses.contains(address) }?.caller ?? "a node"
        let what =
            if IPNetwork(address) == target.network {
                ""
            } else if matched == target.network {
                " holds \(address), which"
            } else {
                " is matched by \(matched), which holds \(address), which"
            }
        throw RefusalError(
            .guarded, guard: .protected,
            "\(target.description)\(what) is never blocked (\(GuardName.protected)): a peer that \(caller) protects "
                + "is there; end the protection in the node, or stop the node, then ban it")
    }
}
