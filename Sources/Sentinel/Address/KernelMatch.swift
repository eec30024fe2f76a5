// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Inet

/// What the kernel can match of a multiaddr.
public enum KernelMatch: Hashable, Sendable {
    /// Packets from and to an address, and dials to this endpoint.
    case endpoint(Endpoint)
    /// Packets from and to an address; there is no TCP or UDP port that a dial could be matched by.
    case address(IPAddress)
    /// Nothing: denials of this address live in user space only.
    case nothing(Unmatchable)

    /// The address to match packets by.
    public var address: IPAddress? {
        switch self {
        case .endpoint(let endpoint): endpoint.address
        case .address(let address): address
        case .nothing: nil
        }
    }

    /// The endpoint to match dials by.
    public var endpoint: Endpoint? {
        if case .endpoint(let endpoint) = self { endpoint } else { nil }
    }

    /// Why nothing can be matched.
    public var unmatchable: Unmatchable? {
        if case .nothing(let reason) = self { reason } else { nil }
    }
}

/// Why the kernel can match nothing of a multiaddr.
public enum Unmatchable: String, Hashable, Sendable, CaseIterable {
    /// It leads through a relay, whose address is not the peer's.
    case relayed
    /// It begins with a name, and what that resolves to may change.
    case name
    /// It is reached through Tor or I2P.
    case overlay
    /// It is a Unix domain socket, or lies within the process.
    case local
    /// It is an IPv6 address with a zone, meaningful on one host only.
    case zoned
    /// It is a link-local IPv6 address, which means nothing without a zone.
    case linkLocal = "link-local"
    /// It is a block of addresses, no host's.
    case block
    /// It begins with no address.
    case noAddress = "no-address"

    /// The reason that lies in what an address begins with.
    init?(leading kind: MultiaddrProtocol) {
        switch kind {
        case .dns, .dns4, .dns6, .dnsaddr: self = .name
        case .onion, .onion3, .garlic64, .garlic32: self = .overlay
        case .unix, .memory: self = .local
        case .ip6zone: self = .zoned
        default: return nil
        }
    }
}

extension Unmatchable: CustomStringConvertible {
    /// The reason in words.
    public var description: String {
        switch self {
        case .relayed: "the address is a relay's, not the peer's"
        case .name: "a name can resolve to other addresses at any time"
        case .overlay: "the address is one of an overlay network"
        case .local: "the address lies within this host"
        case .zoned: "the address has a zone"
        case .linkLocal: "a link-local address means nothing without its zone"
        case .block: "the address is a block, not a host"
        case .noAddress: "there is no IP address at the beginning"
        }
    }
}
