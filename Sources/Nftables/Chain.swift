// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CNetfilter

/// A chain of rules. With a ``Hook`` it is a base chain and sees packets by itself, without one it is only
/// jumped to.
public struct Chain: Hashable, Sendable {
    /// Where in a packet's way a base chain stands.
    public struct Hook: Hashable, Sendable {
        /// The points of the IP stack (`enum nf_inet_hooks`), and a device's ingress.
        public enum Point: Hashable, Sendable {
            case prerouting, input, forward, output, postrouting
            /// Straight from the device; tables of family netdev, or inet since kernel 5.10.
            case ingress(device: String)
        }

        public var point: Point
        /// Lower comes first. nft's names for them are in ``Priority``.
        public var priority: Int32
        /// What happens to a packet that no rule decides.
        public var policy: Policy

        public init(_ point: Point, priority: Int32, policy: Policy = .accept) {
            self.point = point
            self.priority = priority
            self.policy = policy
        }
    }

    /// nft's named priorities (nft(8), table 6).
    public enum Priority {
        public static let raw: Int32 = -300
        public static let mangle: Int32 = -150
        public static let filter: Int32 = 0
        public static let security: Int32 = 50
    }

    public enum Policy: Hashable, Sendable { case accept, drop }

    public var table: Table
    public var name: String
    public var hook: Hook?
    /// The kernel's own number for it, as the kernel reports it.
    public var handle: UInt64?

    public init(_ table: Table, _ name: String, hook: Hook? = nil) {
        self.table = table
        self.name = name
        self.hook = hook
    }
}

extension Chain: CustomStringConvertible {
    public var description: String { "\(table) \(name)" }
}

extension Chain.Hook.Point {
    var number: UInt32 {
        switch self {
        case .prerouting: NF_INET_PRE_ROUTING.rawValue
        case .input: NF_INET_LOCAL_IN.rawValue
        case .forward: NF_INET_FORWARD.rawValue
        case .output: NF_INET_LOCAL_OUT.rawValue
        case .postrouting: NF_INET_POST_ROUTING.rawValue
        case .ingress: NF_INET_INGRESS.rawValue
        }
    }
}
