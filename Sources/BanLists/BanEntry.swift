// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Inet

/// One ban as a list holds it: whom, why, since when and until when, as far as the list's format says so.
public struct BanEntry: Hashable, Sendable {
    /// Whom a ban is about.
    public enum Subject: Hashable, Sendable {
        case address(IPAddress)
        /// More than one address.
        case block(IPNetwork)
        case endpoint(Endpoint)

        /// A block; one of a single address is that address. IPv4-mapped ones are what is on the wire, IPv4.
        public init(_ network: IPNetwork) {
            let mapped = IPv6Address.bitWidth - IPv4Address.bitWidth
            if case .v4(let first) = network.first.canonical, network.family == .ipv6,
                network.prefixLength >= mapped
            {
                self.init(
                    IPNetwork(containing: .v4(first), prefixLength: network.prefixLength - mapped))
            } else {
                self = network.isSingleAddress ? .address(network.first) : .block(network)
            }
        }

        /// The addresses it is about; nil for an endpoint.
        public var network: IPNetwork? {
            switch self {
            case .address(let address): IPNetwork(address)
            case .block(let network): network
            case .endpoint: nil
            }
        }
    }

    /// Until when it lasts.
    public enum End: Hashable, Sendable {
        /// The list doesn't say.
        case unstated
        case forGood
        case at(ListTime)
    }

    public var subject: Subject
    public var created: ListTime?
    public var end: End
    /// What there is besides; most lists have nothing.
    public var notes: Notes?

    public init(_ subject: Subject, created: ListTime? = nil, end: End = .unstated, notes: Notes? = nil) {
        self.subject = subject
        self.created = created
        self.end = end
        self.notes = notes
    }
}

extension BanEntry {
    /// What a list says beyond whom and how long. An object, for a list of a million addresses has none, or one for all.
    public final class Notes: Hashable, Sendable {
        /// Why, in the words of the list: a code, a scenario, a jail.
        public let reason: String?
        /// The evidence, in words.
        public let detail: String?
        /// Who or what decided: a list's name, a program's.
        public let origin: String?
        /// The peer's id.
        public let peer: String?
        /// What only our own lists say.
        public let record: Record?

        public init(
            reason: String? = nil, detail: String? = nil, origin: String? = nil, peer: String? = nil,
            record: Record? = nil
        ) {
            self.reason = reason
            self.detail = detail
            self.origin = origin
            self.peer = peer
            self.record = record
        }

        public static func == (a: Notes, b: Notes) -> Bool {
            a === b
                || a.reason == b.reason && a.detail == b.detail && a.origin == b.origin && a.peer == b.peer
                    && a.record == b.record
        }

        public func hash(into hasher: inout Hasher) {
            hasher.combine(reason)
            hasher.combine(detail)
            hasher.combine(origin)
            hasher.combine(peer)
            hasher.combine(record)
        }
    }

    /// What the helper's own record of a ban has that no other format knows.
    public struct Record: Hashable, Sendable {
        public var id: Int64
        /// Where it takes effect: `accept`, `dial` or `network`.
        public var check: String
        /// What was asked for, in the words that were used: a multiaddr, for example.
        public var subject: String
        /// What is matched in the kernel.
        public var key: String
        /// The nftables set that holds the key.
        public var set: String
        /// Who asked for it: `user:seed`.
        public var caller: String
        /// Whether it was asked for with the right to operate.
        public var byOperator: Bool
        /// How long it was granted for, in milliseconds; nil: for good.
        public var granted: Int64?
        public var strikes: Int64
        public var durable: Bool

        public init(
            id: Int64, check: String, subject: String, key: String, set: String, caller: String,
            byOperator: Bool,
            granted: Int64?, strikes: Int64, durable: Bool
        ) {
            self.id = id
            self.check = check
            self.subject = subject
            self.key = key
            self.set = set
            self.caller = caller
            self.byOperator = byOperator
            self.granted = granted
            self.strikes = strikes
            self.durable = durable
        }
    }

    public var reason: String? { notes?.reason }
    public var detail: String? { notes?.detail }
    public var origin: String? { notes?.origin }
    public var peer: String? { notes?.peer }
}

extension BanEntry.Subject: CustomStringConvertible {
    /// As the rest of the house writes it: `203.0.113.7`, `203.0.113.0/24`, `tcp:203.0.113.7:8776`.
    public var description: String {
        switch self {
        case .address(let address): address.description
        case .block(let network): network.description
        case .endpoint(let endpoint): endpoint.description
        }
    }
}
