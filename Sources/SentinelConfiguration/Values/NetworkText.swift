// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

package import Inet

/// A block of addresses as a configuration writes it.
package struct NetworkText: Hashable {
    package var network: IPNetwork

    package init(_ network: IPNetwork) {
        self.network = network
    }
}

extension NetworkText: ConfigurationText {
    package init(parsing text: String) throws(ConfigurationFault) {
        guard let network = IPNetwork(text) else {
            let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            if let address = IPAddress(String(parts[0])), parts.count == 2, parts[1].unicodeScalars.areDigits,
                let length = Int(parts[1])
            {
                let width = address.family.bitWidth
                guard length <= width else {
                    throw ConfigurationFault(
                        "\(text.quotedInMessage) has a prefix that is too long",
                        "it is from 0 to \(width) for this address")
                }
                throw ConfigurationFault(
                    "\(text.quotedInMessage) names bits behind its prefix",
                    "write \"\(IPNetwork(containing: address, prefixLength: length))\" for the block, "
                        + "or \"\(address)\" for the address alone")
            }
            throw ConfigurationFault(
                "\(text.quotedInMessage) is no address",
                "write an address or a block, as \"192.0.2.7\", \"192.0.2.0/24\" or \"2001:db8::/32\"")
        }
        if case .v6(let first) = network.first, let mapped = first.ipv4Mapped, network.prefixLength >= 96 {
            throw ConfigurationFault(
                "\(text.quotedInMessage) is an IPv4-mapped address, which no packet carries",
                "write \"\(IPNetwork(containing: .v4(mapped), prefixLength: network.prefixLength - 96))\"")
        }
        self.init(network)
    }

    /// The address, or for more than one the block in CIDR notation.
    package var description: String {
        network.isSingleAddress ? network.first.description : network.description
    }
}
