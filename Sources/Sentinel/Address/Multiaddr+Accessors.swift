// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Inet

extension Multiaddr {
    /// The address that the chain begins with, an IPv4-mapped one as the IPv4 address that is on the wire; nil
    /// where it begins with something else. Where ``isRelayed``, it is the relay's.
    public var ipAddress: IPAddress? { withUnsafeBytes { Self.leading($0).address } }

    /// The endpoint that the chain begins with: an address and a TCP or UDP port. Nil where it begins with
    /// something else, and for port 0, which is no port. Where ``isRelayed``, it is the relay's.
    public var endpoint: Endpoint? { withUnsafeBytes { Self.leading($0).endpoint } }

    /// Whether the chain leads through a relay (`/p2p-circuit`). Its leading address then isn't the peer's.
    public var isRelayed: Bool {
        withUnsafeBytes { Places($0).contains { $0.protocol == .p2pCircuit } }
    }

    /// The leading address, unless it is a relay's. Asked at each check, so it looks at the bytes but once.
    var ownIPAddress: IPAddress? {
        withUnsafeBytes { bytes in
            var places = Places(bytes)
            guard var host = places.next() else { return nil }
            if host.protocol == .ip6zone, let next = places.next() { host = next }
            guard host.protocol == .ip4 || host.protocol == .ip6,
                let address = IPAddress(unaligned: bytes, at: host.value)
            else { return nil }
            while let place = places.next() {
                if place.protocol == .p2pCircuit { return nil }
            }
            return address.canonical
        }
    }

    /// The peer that the chain leads to: the last peer id, unless a relay's circuit follows it. It is the
    /// relay's otherwise, and the answer nil.
    public var peerID: PeerID? {
        withUnsafeBytes { bytes in
            var found: Range<Int>?
            for place in Places(bytes) {
                switch place.protocol {
                case .p2p: found = place.value
                case .p2pCircuit: found = nil
                default: break
                }
            }
            return found.flatMap { try? PeerID(bytes: bytes[$0]) }
        }
    }

    /// What carries the connection: the last transport of the chain, so `ws` for `/ip4/…/tcp/443/tls/ws`, and
    /// `webtransport` for `/ip4/…/udp/443/quic-v1/webtransport`. `p2pCircuit` for all that is relayed.
    public var transport: MultiaddrProtocol? {
        withUnsafeBytes { bytes in
            var found: MultiaddrProtocol?
            for place in Places(bytes) where place.protocol.isTransport && found != .p2pCircuit {
                found = place.protocol
            }
            return found
        }
    }

    /// What the kernel can match of this address.
    public var kernelMatch: KernelMatch {
        withUnsafeBytes { bytes in
            var places = Places(bytes)
            guard let first = places.next() else { return .nothing(.noAddress) }
            if places.contains(where: { $0.protocol == .p2pCircuit }) || first.protocol == .p2pCircuit {
                return .nothing(.relayed)
            }
            if let reason = Unmatchable(leading: first.protocol) { return .nothing(reason) }
            let leading = Self.leading(bytes)
            guard let address = leading.address else { return .nothing(.noAddress) }
            guard leading.prefixLength == nil else { return .nothing(.block) }
            if case .v6(let address) = address, address.high >> 54 == 0xFE80 >> 6 {
                return .nothing(.linkLocal)
            }
            return leading.endpoint.map { .endpoint($0) } ?? .address(address)
        }
    }

    /// What the chain's first components say.
    private struct Leading {
        var address: IPAddress?
        var prefixLength: UInt8?
        var endpoint: Endpoint?
    }

    private static func leading(_ bytes: UnsafeRawBufferPointer) -> Leading {
        var leading = Leading()
        var places = Places(bytes)
        var place = places.next()
        if place?.protocol == .ip6zone { place = places.next() }
        guard let host = place, host.protocol == .ip4 || host.protocol == .ip6,
            let address = IPAddress(unaligned: bytes, at: host.value)
        else { return leading }
        leading.address = address.canonical
        place = places.next()
        if let block = place, block.protocol == .ipcidr {
            leading.prefixLength = bytes[block.value.lowerBound]
            place = places.next()
        }
        guard let port = place, let transport = TransportProtocol(port.protocol) else { return leading }
        let start = port.value.lowerBound
        let number = UInt16(bytes[start]) << 8 | UInt16(bytes[start + 1])
        guard number > 0 else { return leading }
        leading.endpoint = Endpoint(address: address.canonical, transport: transport, port: number)
        return leading
    }
}

extension TransportProtocol {
    fileprivate init?(_ kind: MultiaddrProtocol) {
        switch kind {
        case .tcp: self = .tcp
        case .udp: self = .udp
        default: return nil
        }
    }
}

extension IPAddress {
    /// Reads an address in network byte order out of a larger buffer.
    fileprivate init?(unaligned bytes: UnsafeRawBufferPointer, at range: Range<Int>) {
        func word<Word: FixedWidthInteger>(_ offset: Int, _ type: Word.Type) -> Word {
            Word(bigEndian: bytes.loadUnaligned(fromByteOffset: range.lowerBound + offset, as: type))
        }
        switch range.count {
        case 4: self = .v4(IPv4Address(bits: word(0, UInt32.self)))
        case 16: self = .v6(IPv6Address(high: word(0, UInt64.self), low: word(8, UInt64.self)))
        default: return nil
        }
    }
}
