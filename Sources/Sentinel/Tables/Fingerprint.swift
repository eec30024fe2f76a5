// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet

/// Stands for a source or a peer in a table: a hash under a secret seed, in eight bytes whatever it stands for.
///
/// That two of a table's 2^16 sources have the same one happens once in 2^33 tables, and nobody who doesn't know
/// the seed can bring it about.
struct Fingerprint: TableKey, Hashable {
    let bits: UInt64

    static var vacant: Fingerprint { Fingerprint(bits: 0) }

    /// The bits themselves: they are a hash.
    @inline(__always)
    func hash(_ seed: HashSeed) -> UInt64 { bits }
}

extension HashSeed {
    /// Of the block of `prefixLength` bits that the address lies in.
    @inline(__always)
    func fingerprint(_ address: IPv4Address, prefixLength: Int) -> Fingerprint {
        Fingerprint(bits: NetworkKey4(address, prefixLength: prefixLength).hash(self))
    }

    /// Of the block of `prefixLength` bits that the address lies in.
    @inline(__always)
    func fingerprint(_ address: IPv6Address, prefixLength: Int) -> Fingerprint {
        var state = SipHash(self)
        if prefixLength > 64 {
            let masked = address.masked(to: prefixLength)
            state.absorb(masked.high)
            state.absorb(masked.low)
        } else {
            state.absorb(address.high & ~(~0 >> UInt64(prefixLength)))
        }
        return Fingerprint(bits: state.finish(tail: UInt64(prefixLength), tailCount: 1))
    }

    /// Of the block.
    func fingerprint(_ network: IPNetwork) -> Fingerprint {
        switch network.first {
        case .v4(let first): fingerprint(first, prefixLength: network.prefixLength)
        case .v6(let first): fingerprint(first, prefixLength: network.prefixLength)
        }
    }

    /// Of the address alone.
    @inline(__always)
    func fingerprint(_ address: IPAddress) -> Fingerprint {
        switch address {
        case .v4(let address): fingerprint(address, prefixLength: IPv4Address.bitWidth)
        case .v6(let address): fingerprint(address, prefixLength: IPv6Address.bitWidth)
        }
    }

    /// Of the peer, or of something of its that goes by a number other than 0.
    @inline(__always)
    func fingerprint(_ peer: PeerID, _ number: UInt64 = 0) -> Fingerprint {
        Fingerprint(bits: peer.hash(self, tail: number))
    }
}
