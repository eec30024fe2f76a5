// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CNetfilter

/// The family a table works on (nft(8), ADDRESS FAMILIES).
public struct Family: Hashable, Sendable {
    let rawValue: UInt8

    /// Every family; for questions only.
    public static let any = Family(rawValue: UInt8(NFPROTO_UNSPEC))
    public static let ipv4 = Family(rawValue: UInt8(NFPROTO_IPV4))
    public static let ipv6 = Family(rawValue: UInt8(NFPROTO_IPV6))
    /// IPv4 and IPv6 together.
    public static let inet = Family(rawValue: UInt8(NFPROTO_INET))
    /// One network device's traffic.
    public static let netdev = Family(rawValue: UInt8(NFPROTO_NETDEV))
}

extension Family: CustomStringConvertible {
    public var description: String {
        switch self {
        case .any: "any"
        case .ipv4: "ip"
        case .ipv6: "ip6"
        case .inet: "inet"
        case .netdev: "netdev"
        default: "family \(rawValue)"
        }
    }
}
