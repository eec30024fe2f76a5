// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

package import Inet

extension IPAddress.Family {
    /// The prefix lengths of blocks that policies may keep account of.
    package var policyPrefixLengths: ClosedRange<Int> {
        switch self {
        case .ipv4: PolicySentinel.widestPrefixLength4...IPv4Address.bitWidth
        case .ipv6: PolicySentinel.widestPrefixLength6...IPv6Address.bitWidth
        }
    }

    /// - Throws: `outOfRange` for a length that policies may not keep account of.
    func requirePolicyPrefix(_ length: Int) throws(SentinelError) {
        guard policyPrefixLengths.contains(length) else {
            throw SentinelError(
                .outOfRange, in: "prefix length",
                remedy: "\(policyPrefixLengths.lowerBound) to \(policyPrefixLengths.upperBound) for "
                    + (self == .ipv4 ? "IPv4" : "IPv6"))
        }
    }
}

extension IPAddress {
    /// Whether it is in 127.0.0.0/8, or ::1.
    @inline(__always)
    var isLoopback: Bool {
        switch self {
        case .v4(let address): address.bits >> 24 == 127
        case .v6(let address): address.high == 0 && address.low == 1
        }
    }
}

extension HashSeed {
    /// Of the block of `prefixLength` bits that the address lies in.
    @inline(__always)
    func fingerprint(_ address: IPAddress, prefixLength: Int) -> Fingerprint {
        switch address {
        case .v4(let address): fingerprint(address, prefixLength: prefixLength)
        case .v6(let address): fingerprint(address, prefixLength: prefixLength)
        }
    }
}
