// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// The transport protocols that P2P nodes listen on, by their IANA protocol number.
public enum TransportProtocol: UInt8, Hashable, Sendable, CaseIterable {
    case tcp = 6
    case udp = 17
}

extension TransportProtocol: LosslessStringConvertible {
    public init?(_ text: String) {
        switch text {
        case "tcp": self = .tcp
        case "udp": self = .udp
        default: return nil
        }
    }

    public var description: String {
        switch self {
        case .tcp: "tcp"
        case .udp: "udp"
        }
    }
}

/// An address, a transport protocol and a port: what a node dials.
public struct Endpoint: Hashable, Sendable {
    public var address: IPAddress
    public var transport: TransportProtocol
    public var port: UInt16

    public init(address: IPAddress, transport: TransportProtocol, port: UInt16) {
        self.address = address
        self.transport = transport
        self.port = port
    }
}

extension Endpoint: LosslessStringConvertible {
    /// Reads what ``description`` writes: `tcp:192.0.2.1:8776`, `udp:[2001:db8::1]:4001`.
    public init?(_ text: String) {
        guard let colon = text.firstIndex(of: ":"), let last = text.lastIndex(of: ":"), colon < last,
            let transport = TransportProtocol(String(text[..<colon]))
        else { return nil }
        var host = text[text.index(after: colon)..<last]
        let digits = text[text.index(after: last)...]
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits), port > 0
        else { return nil }
        let bracketed = host.first == "[" && host.last == "]" && host.count > 2
        if bracketed { host = host.dropFirst().dropLast() }
        guard let address = IPAddress(String(host)), (address.family == .ipv6) == bracketed else {
            return nil
        }
        self.init(address: address, transport: transport, port: port)
    }

    public var description: String {
        switch address {
        case .v4(let address): "\(transport):\(address):\(port)"
        case .v6(let address): "\(transport):[\(address)]:\(port)"
        }
    }
}
