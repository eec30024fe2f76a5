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

    private let entries: [Entry]

    /// - Parameters:
    ///   - ownAddresses: those of this host's devices.
    ///   - exempt: the operator's list.
    init(ownAddresses: [IPAddress], exempt: [IPNetwork]) {
        entries =
            Self.always + ownAddresses.map { Entry(network: IPNetwork($0), name: .ownAddress) }
            + exempt.map { Entry(network: $0, name: .exempt) }
    }

    private static let always: [Entry] = [
        ("127.0.0.0/8", GuardName.loopback), ("::1/128", .loopback), ("169.254.0.0/16", .linkLocal),
        ("fe80::/10", .linkLocal), ("224.0.0.0/4", .multicast), ("ff00::/8", .multicast),
        ("255.255.255.255/32", .multicast), ("0.0.0.0/8", .unspecified), ("::/128", .unspecified),
    ].compactMap { text, name in IPNetwork(text).map { Entry(network: $0, name: name) } }

    /// The guard that forbids a ban of these addresses: an entry that shares one with them.
    func entry(touching network: IPNetwork) -> Entry? {
        entries.first { $0.network.overlaps(network) }
    }

    /// Refuses what a guard protects.
    func check(_ target: Target) throws(RefusalError) {
        guard let entry = entry(touching: target.network) else { return }
        let remedy =
            switch entry.name {
            case .exempt: "it is in [exempt] addresses of the configuration"
            case .ownAddress: "it is an address of this host"
            default: "it can't be a peer's"
            }
        let what = target.network.isSingleAddress ? "" : " holds \(entry.network), which"
        throw RefusalError(
            .guarded, guard: entry.name,
            "\(target.description)\(what) is never blocked (\(entry.name)): \(remedy)")
    }

    /// What the kernel's exempt set of a family holds: disjoint ranges.
    func ranges(_ family: IPAddress.Family) -> [(first: IPAddress, last: IPAddress)] {
        let blocks = entries.filter { $0.network.family == family }.map {
            NetworkCover<Int>.Block(network: $0.network, deadline: nil, id: 0)
        }
        return NetworkCover(blocks).segments.map { ($0.first, $0.last) }
    }
}
