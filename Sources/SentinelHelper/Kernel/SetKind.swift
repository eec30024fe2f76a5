// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Nftables
internal import SentinelProtocol

/// The sets of the helper's table. ARCHITECTURE.md says what each is for, rules/sentinel.nft shows them.
enum SetKind: UInt8, CaseIterable, Sendable {
    case exempt4, exempt6
    case nodePorts, nodeUsers
    case accept4, accept6
    case dial4, dial6
    case net4, net6
    case feed4, feed6
    case feednet4, feednet6

    /// The name in the kernel.
    var name: String {
        switch self {
        case .nodePorts: "node_ports"
        case .nodeUsers: "node_users"
        default: "\(self)"
        }
    }

    init?(name: String) {
        guard let kind = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = kind
    }

    var keyType: KeyType {
        switch self {
        case .exempt4, .accept4, .net4, .feed4, .feednet4: KeyType(.ipv4Address)
        case .exempt6, .accept6, .net6, .feed6, .feednet6: KeyType(.ipv6Address)
        case .dial4: KeyType(.ipv4Address, .inetProtocol, .inetService)
        case .dial6: KeyType(.ipv6Address, .inetProtocol, .inetService)
        case .nodePorts: KeyType(.inetProtocol, .inetService)
        case .nodeUsers: KeyType(.uid)
        }
    }

    var flags: NamedSet.Flags {
        switch self {
        case .exempt4, .exempt6, .feednet4, .feednet6: .interval
        case .nodePorts, .nodeUsers: []
        case .accept4, .accept6, .dial4, .dial6, .feed4, .feed6: .timeout
        case .net4, .net6: [.interval, .timeout]
        }
    }

    /// Whether elements count. Not in feeds: a counter costs memory per element and processor.
    var hasCounters: Bool {
        switch self {
        case .accept4, .accept6, .dial4, .dial6, .net4, .net6: true
        case .exempt4, .exempt6, .nodePorts, .nodeUsers, .feed4, .feed6, .feednet4, .feednet6: false
        }
    }

    /// Which check's denials lie here; nil for sets that hold none.
    var check: Check? {
        switch self {
        case .accept4, .accept6: .accept
        case .dial4, .dial6: .dial
        case .net4, .net6: .network
        case .exempt4, .exempt6, .nodePorts, .nodeUsers, .feed4, .feed6, .feednet4, .feednet6: nil
        }
    }

    /// The sets that hold what feeds list, single addresses and blocks.
    static let ofFeeds: [SetKind] = [.feed4, .feed6, .feednet4, .feednet6]

    /// The sets that hold bans.
    static let ofBans: [SetKind] = allCases.filter { $0.check != nil }

    /// The set for a check's denials of a family.
    init(check: Check, family: IPAddress.Family) {
        self =
            switch (check, family) {
            case (.accept, .ipv4): .accept4
            case (.accept, .ipv6): .accept6
            case (.dial, .ipv4): .dial4
            case (.dial, .ipv6): .dial6
            case (.network, .ipv4): .net4
            case (.network, .ipv6): .net6
            }
    }
}
