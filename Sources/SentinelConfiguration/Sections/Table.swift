// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

extension Configuration {
    /// `[table]`: what lies in the kernel, and where in a packet's way.
    public struct Table: Codable, Hashable, Sendable {
        /// Whose table it is.
        public var mode = TableMode.own
        /// The nftables table's name, of the family inet.
        public var name = "sentinel"
        /// Where inbound packets are looked at.
        public var hook = Hook.prerouting
        /// The network devices whose ingress is hooked; none for the other hooks.
        public var devices: [String] = []
        /// The inbound chain's priority: lower comes first.
        public var priority = Hook.prerouting.defaultPriority
        /// How many leading bits of an IPv6 source count as one host.
        public var ipv6Prefix = 64

        /// The defaults.
        public init() {}

        enum CodingKeys: String, CodingKey {
            case mode, name, hook, devices, priority
            case ipv6Prefix = "ipv6_prefix"
        }
    }

    /// Whose table the sets lie in.
    public enum TableMode: String, Codable, Hashable, Sendable, CaseIterable {
        /// sentineld's, which makes it.
        case own
        /// The operator's, in a ruleset of his: sentineld fills the sets that it finds there.
        case shared
    }

    /// Where inbound packets are looked at.
    public enum Hook: String, Codable, Hashable, Sendable, CaseIterable {
        /// Before routing: also what goes on to a container behind DNAT.
        case prerouting
        /// What is for this host itself.
        case input
        /// Straight from the devices that are named.
        case ingress

        /// The priority where none is configured: raw, filter, and before everything else on a device.
        public var defaultPriority: Int32 {
            switch self {
            case .prerouting: -300
            case .input: 0
            case .ingress: -500
            }
        }
    }
}

extension Configuration.Table {
    /// nft's names for priorities (nft(8), "standard priority names"), as far as they suit a filter of inbound
    /// packets.
    package static let priorities: [(name: String, value: Int32)] = [
        ("raw", -300), ("mangle", -150), ("dstnat", -100), ("filter", 0), ("security", 50),
    ]
}
