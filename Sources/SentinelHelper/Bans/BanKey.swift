// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Nftables
internal import SentinelProtocol

/// What a ban matches: the set that it lies in and the key it has there. Two bans with the same are one.
struct BanKey: Hashable, Sendable {
    let set: SetKind
    /// Of a dial ban the transport's number, of a network ban the prefix length, else 0.
    private let detail: UInt8
    /// Of a dial ban.
    private let port: UInt16
    private let high: UInt64
    private let low: UInt64

    private init(_ check: Check, _ address: IPAddress, detail: UInt8 = 0, port: UInt16 = 0) {
        set = SetKind(check: check, family: address.family)
        self.detail = detail
        self.port = port
        switch address {
        case .v4(let address): (high, low) = (0, UInt64(address.bits))
        case .v6(let address): (high, low) = (address.high, address.low)
        }
    }

    /// A source: an IPv6 one by its first `ipv6Prefix` bits.
    init(source: IPAddress, ipv6Prefix: Int) {
        guard case .v6(let address) = source else {
            self.init(.accept, source)
            return
        }
        self.init(.accept, .v6(address.masked(to: ipv6Prefix)))
    }

    /// What is dialled.
    init(destination: Endpoint) {
        self.init(
            .dial, destination.address, detail: destination.transport.rawValue, port: destination.port)
    }

    /// A block of addresses.
    init(network: IPNetwork) {
        self.init(.network, network.first, detail: UInt8(network.prefixLength))
    }

    /// A key that matches nothing that can be banned, for places that are empty.
    static let none = BanKey(.accept, .v4(IPv4Address(bits: 0)))

    /// In one round for IPv4, as it is done several times for each ban. Different keys never give the hasher the same:
    /// attackers choose addresses and ports.
    func hash(into hasher: inout Hasher) {
        let rest = UInt64(set.rawValue) << 24 | UInt64(detail) << 16 | UInt64(port)
        if high == 0, low >> 32 == 0 {
            hasher.combine(rest << 32 | low)
        } else {
            hasher.combine(low)
            hasher.combine(high)
            hasher.combine(rest)
        }
    }

    var check: Check { self.set.check ?? .accept }

    /// The address; of a block its first.
    var address: IPAddress {
        switch set {
        case .accept4, .dial4, .net4, .feed4, .feednet4, .exempt4:
            .v4(IPv4Address(bits: UInt32(truncatingIfNeeded: low)))
        default: .v6(IPv6Address(high: high, low: low))
        }
    }

    /// The block, where it is one.
    var network: IPNetwork? {
        check == .network ? IPNetwork(containing: address, prefixLength: Int(detail)) : nil
    }

    /// The endpoint, where it is one.
    var endpoint: Endpoint? {
        guard check == .dial, let transport = TransportProtocol(rawValue: detail) else { return nil }
        return Endpoint(address: address, transport: transport, port: port)
    }

    /// The key in the kernel's set; of a block where it begins.
    var elementKey: ElementKey { endpoint.map { ElementKey($0) } ?? ElementKey(address) }

    /// All addresses that the kernel matches by it: of a source those with the same first bits.
    func matched(ipv6Prefix: Int) -> IPNetwork {
        if let network { return network }
        guard set == .accept6 else { return IPNetwork(address) }
        return IPNetwork(containing: address, prefixLength: ipv6Prefix)
    }

    /// How the kernel's key reads: an address, `2001:db8::/64`, an endpoint or a block.
    func text(ipv6Prefix: Int) -> String {
        if let endpoint { return endpoint.description }
        if let network { return network.description }
        guard set == .accept6, ipv6Prefix < IPv6Address.bitWidth else { return address.description }
        return matched(ipv6Prefix: ipv6Prefix).description
    }
}

/// By sets, within them by addresses.
extension BanKey: Comparable {
    static func < (a: BanKey, b: BanKey) -> Bool {
        if a.set != b.set { return a.set.rawValue < b.set.rawValue }
        if a.high != b.high { return a.high < b.high }
        if a.low != b.low { return a.low < b.low }
        return (a.port, a.detail) < (b.port, b.detail)
    }

    /// A number that is never less for the greater of two keys, and nearly always tells different ones apart: many are
    /// sorted by it much sooner.
    var rank: UInt64 {
        let kind = UInt64(set.rawValue) << 56
        return switch address {
        case .v4(let address): kind | UInt64(address.bits) << 24 | UInt64(port) << 8 | UInt64(detail)
        case .v6: kind | high >> 8
        }
    }
}

// MARK: - Reading back

extension BanKey {
    /// The key of the ban that an element of a set without intervals is; nil where it can't be one.
    init?(_ key: ElementKey, in set: SetKind) {
        switch set.check {
        case .accept:
            guard let address = key.address else { return nil }
            // Masked already, however many bits that were.
            self.init(source: address, ipv6Prefix: IPv6Address.bitWidth)
        case .dial:
            guard let endpoint = key.endpoint else { return nil }
            self.init(destination: endpoint)
        case .network, nil: return nil
        }
        guard self.set == set else { return nil }
    }
}

extension SetKind {
    /// A key of the sets that hold no bans, as a person reads it.
    func text(_ key: ElementKey) -> String {
        let bytes = key.bytes
        switch self {
        case .nodeUsers where bytes.count == 4:
            return "\(bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) })"
        case .nodePorts where bytes.count == 8:
            let transport = TransportProtocol(rawValue: bytes[0])?.description ?? "\(bytes[0])"
            return "\(transport)/\(UInt16(bytes[4]) << 8 | UInt16(bytes[5]))"
        default: return key.description
        }
    }
}
