// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import SentinelProtocol

/// Whom nothing may ever block, and why. A ban that would is refused; and all of it lies in the kernel's exempt sets,
/// which are looked up before any ban.
struct Guards: Hashable, Sendable {
    /// What a guard protects.
    struct Entry: Hashable, Sendable {
        var network: IPNetwork
        var name: GuardName
    }

    /// Neighbouring addresses, the first and the last.
    struct Range: Hashable, Sendable {
        var first: IPAddress
        var last: IPAddress
    }

    /// Those that stand for a ban first.
    let entries: [Entry]
    private let ranges4: [Range]
    private let ranges6: [Range]

    /// - Parameters:
    ///   - host: what is found out about the host, by guard.
    ///   - exempt: the operator's list.
    init(host: [(name: GuardName, addresses: [IPAddress])] = [], exempt: [IPNetwork] = []) {
        entries =
            Self.always
            + host.flatMap { name, addresses in addresses.map { Entry(network: IPNetwork($0), name: name) } }
            + exempt.map { Entry(network: $0, name: .exempt) }
        ranges4 = Self.ranges(entries, .ipv4)
        ranges6 = Self.ranges(entries, .ipv6)
    }

    private static let always: [Entry] = [
        ("127.0.0.0/8", GuardName.loopback), ("::1/128", .loopback), ("169.254.0.0/16", .linkLocal),
        ("fe80::/10", .linkLocal), ("224.0.0.0/4", .multicast), ("ff00::/8", .multicast),
        ("255.255.255.255/32", .multicast), ("0.0.0.0/8", .unspecified), ("::/128", .unspecified),
    ].compactMap { text, name in IPNetwork(text).map { Entry(network: $0, name: name) } }

    private static func ranges(_ entries: [Entry], _ family: IPAddress.Family) -> [Range] {
        let blocks = entries.filter { $0.network.family == family }.map {
            NetworkCover<Int>.Block(network: $0.network, deadline: nil, id: 0)
        }
        return NetworkCover(blocks).segments.map { Range(first: $0.first, last: $0.last) }
    }

    /// What the kernel's exempt set of a family holds: disjoint ranges in order.
    func ranges(_ family: IPAddress.Family) -> [Range] { family == .ipv4 ? ranges4 : ranges6 }

    /// How many addresses and blocks a guard holds, for each that holds any, in the order they are asked in.
    var counts: [(name: GuardName, count: Int)] {
        var counts: [(name: GuardName, count: Int)] = []
        for entry in entries {
            if let place = counts.firstIndex(where: { $0.name == entry.name }) {
                counts[place].count += 1
            } else {
                counts.append((entry.name, 1))
            }
        }
        return counts
    }

    /// Whether an address is guarded.
    func contains(_ address: IPAddress) -> Bool { touched(by: IPNetwork(address)) != nil }

    /// The first guarded range that shares an address with a block.
    private func touched(by network: IPNetwork) -> Range? {
        let ranges = ranges(network.family)
        let place = ranges.firstPlace { $0.last >= network.first }
        guard place < ranges.count, ranges[place].first <= network.last else { return nil }
        return ranges[place]
    }

    /// The guard that forbids a ban of these addresses: the first entry that shares one with them.
    func entry(touching network: IPNetwork) -> Entry? {
        guard touched(by: network) != nil else { return nil }
        return entries.first { $0.network.overlaps(network) }
    }

    /// Refuses what a guard protects.
    func check(_ target: Target) throws(RefusalError) {
        guard let entry = entry(touching: target.network) else { return }
        let guarded = entry.network.isSingleAddress ? "\(entry.network.first)" : "\(entry.network)"
        let isWithin =
            entry.network.contains(target.network.first) && entry.network.contains(target.network.last)
        let what = isWithin ? "" : " holds \(guarded), which"
        throw RefusalError(
            .guarded, guard: entry.name,
            "\(target.description)\(what) is never blocked (\(entry.name)): \(entry.name.why)")
    }
}

extension GuardName {
    /// Why, in words that say what to do where something can be done.
    fileprivate var why: String {
        switch self {
        case .exempt: "it is in [exempt] addresses of the configuration"
        case .ownAddress: "it is an address of this host"
        case .gateway: "it is the gateway of a default route of this host"
        case .resolver: "it is a name server of this host, in /etc/resolv.conf"
        case .operatorSession:
            "somebody is logged in from there by SSH; [guards] ssh_ports of the configuration says where that counts"
        default: "it can't be a peer's"
        }
    }
}
