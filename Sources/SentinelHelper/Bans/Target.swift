// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import PlainText
internal import Sentinel
internal import SentinelProtocol

/// What a subject names, as far as the kernel can match it.
enum Target: Hashable, Sendable {
    case address(IPAddress)
    case endpoint(Endpoint)
    case network(IPNetwork)

    /// Reads a subject for a check: an address, an endpoint, a block, or a multiaddr that begins with one of the
    /// first two. IPv4-mapped IPv6 addresses become IPv4, which is what is on the wire.
    ///
    /// - Throws: ``Refusal`` with `malformed`, `relayed` or `unmatchable`.
    init(_ subject: String, for check: Check) throws(RefusalError) {
        guard subject.utf8.count <= Self.longestSubject else {
            throw RefusalError(
                .malformed, "subject: \(subject.utf8.count) bytes; at most \(Self.longestSubject) are read")
        }
        if subject.first == "/" {
            self = try Self.multiaddr(subject, for: check)
            return
        }
        let found: Target? =
            switch check {
            case .accept: IPAddress(subject).map { .address($0.canonical) }
            case .dial: Endpoint(subject).map { .endpoint($0.canonical) }
            case .network: IPNetwork(subject).map { .network($0.canonical) }
            }
        guard let found else {
            throw RefusalError(
                .malformed,
                "subject \(quoted(subject)): not \(Self.form(of: check)); write \(Self.example(of: check))")
        }
        self = found
    }

    /// Longer than any multiaddr of a peer in use.
    private static var longestSubject: Int { 1024 }

    private static func multiaddr(
        _ subject: String, for check: Check
    ) throws(RefusalError) -> Target {
        let address: Multiaddr
        do {
            address = try Multiaddr(parsing: subject)
        } catch {
            throw RefusalError(.malformed, "subject \(quoted(subject)): \(error)")
        }
        let match = address.kernelMatch
        if let reason = match.unmatchable {
            throw RefusalError(
                reason == .relayed ? .relayed : .unmatchable,
                "subject \(quoted(subject)): \(reason); keep denying it in the node")
        }
        switch check {
        case .accept:
            if let address = match.address { return .address(address) }
        case .dial:
            if let endpoint = match.endpoint { return .endpoint(endpoint) }
        case .network: break
        }
        throw RefusalError(
            .unmatchable,
            "subject \(quoted(subject)): doesn't name \(form(of: check)); write \(example(of: check))")
    }

    private static func form(of check: Check) -> String {
        switch check {
        case .accept: "an address"
        case .dial: "an endpoint"
        case .network: "a block of addresses"
        }
    }

    private static func example(of check: Check) -> String {
        switch check {
        case .accept: "203.0.113.7 or 2001:db8::7"
        case .dial: "tcp:203.0.113.7:8776 or udp:[2001:db8::7]:4001"
        case .network: "203.0.113.0/24, with zeros behind the prefix"
        }
    }

    /// The key that a ban of it has.
    func key(ipv6Prefix: Int) -> BanKey {
        switch self {
        case .address(let address): BanKey(source: address, ipv6Prefix: ipv6Prefix)
        case .endpoint(let endpoint): BanKey(destination: endpoint)
        case .network(let network): BanKey(network: network)
        }
    }

    /// The addresses that it touches.
    var network: IPNetwork {
        switch self {
        case .address(let address): IPNetwork(address)
        case .endpoint(let endpoint): IPNetwork(endpoint.address)
        case .network(let network): network
        }
    }

    var description: String {
        switch self {
        case .address(let address): address.description
        case .endpoint(let endpoint): endpoint.description
        case .network(let network): network.description
        }
    }
}

/// A refusal on its way to the receipt.
struct RefusalError: Error, Hashable {
    let refusal: Refusal

    init(_ code: RefusalCode, guard guardName: GuardName? = nil, _ message: String) {
        refusal = Refusal(code: code, guardName: guardName, message: message)
    }
}

/// A text from outside in quotation marks, as it fits a message.
func quoted(_ text: String) -> String { "\"\(text.excerpt)\"" }

extension Endpoint {
    /// The same with an IPv4-mapped address as the IPv4 address that is on the wire.
    var canonical: Endpoint {
        Endpoint(address: address.canonical, transport: transport, port: port)
    }
}

extension IPNetwork {
    /// The same with a block of IPv4-mapped addresses as the block of IPv4 addresses that are on the wire.
    var canonical: IPNetwork {
        let bits = IPv6Address.bitWidth - IPv4Address.bitWidth
        guard prefixLength >= bits, case .v4(let address) = first.canonical, family == .ipv6 else {
            return self
        }
        return IPNetwork(containing: .v4(address), prefixLength: prefixLength - bits)
    }
}
