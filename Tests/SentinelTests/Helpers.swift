// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Sentinel
import TestRandom
import Testing

/// Reads hexadecimal digits.
func hex(_ text: String) -> [UInt8] {
    let digits = Array(text)
    return stride(from: 0, to: digits.count, by: 2).compactMap {
        UInt8(String(digits[$0...($0 + 1)]), radix: 16)
    }
}

/// An instant so many milliseconds after the clock's start.
func at(_ milliseconds: Int64) -> MonotonicInstant {
    MonotonicInstant(nanoseconds: milliseconds * 1_000_000)
}

extension Seeded {
    mutating func address() -> IPAddress {
        chance(50)
            ? .v4(IPv4Address(bits: UInt32(truncatingIfNeeded: next())))
            : .v6(IPv6Address(high: 0x2000_0000_0000_0000 | next() >> 3, low: next()))
    }

    /// One of few addresses, so that histories meet.
    mutating func closeAddress() -> IPAddress {
        let low = next() % 64
        return chance(50)
            ? .v4(IPv4Address(bits: 0xC000_0200 | UInt32(low)))
            : .v6(IPv6Address(high: 0x2001_0DB8_0000_0000 | low % 4, low: low))
    }

    mutating func peer() throws -> PeerID {
        chance(50)
            ? try PeerID(ed25519PublicKey: bytes(32)) : try PeerID(bytes: [0x12, 0x20] + bytes(32))
    }
}

extension RemotePeer {
    /// An inbound TCP connection from an address.
    static func inbound(
        _ address: IPAddress, id: PeerID? = nil, source: SourceProof = .handshake
    ) -> RemotePeer {
        RemotePeer(
            id: id, address: Multiaddr(Endpoint(address: address, transport: .tcp, port: 4001)),
            localAddress: Multiaddr("/ip4/192.0.2.1/tcp/8776"), direction: .inbound, source: source)
    }
}

extension Verdict {
    var denial: Denial? {
        if case .deny(let denial) = self { denial } else { nil }
    }
}

/// The peers of libp2p's peer-id specification, and of its reference implementation's tests.
enum Peers {
    static let ed25519 = "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA"
    static let sha256 = "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N"
}
