// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import SentinelProtocol

/// What an operator names to have it blocked.
struct Subject: Hashable, Sendable {
    let text: String

    /// What is wrong with a subject, and what to write instead.
    struct Problem: Error, Hashable, CustomStringConvertible {
        let description: String
    }

    /// The check that a subject of this form is meant for: an address is refused at accept, a block of them as a
    /// network, an endpoint at dial. A multiaddr names an address and an endpoint at once; it is the address that is
    /// meant.
    func inferredCheck() throws(Problem) -> Check {
        if text.hasPrefix("/") { return .accept }
        if IPAddress(text) != nil { return .accept }
        if Endpoint(text) != nil { return .dial }
        if IPNetwork(text) != nil { return .network }
        throw Problem(description: problem)
    }

    private var problem: String {
        if let block = blockAround {
            return
                "\"\(text)\" has bits behind its prefix; write \(block) for the block, or "
                + "\(text.prefix { $0 != "/" }) for the one address"
        }
        if text.hasPrefix("tcp:") || text.hasPrefix("udp:") {
            return
                "\"\(text)\" is no endpoint; write tcp:203.0.113.7:8776 or udp:[2001:db8::7]:4001, names are not "
                + "looked up"
        }
        return
            "\"\(text)\" is no address, block, endpoint or multiaddr; write 203.0.113.7, 203.0.113.0/24, "
            + "tcp:203.0.113.7:8776 or /ip4/203.0.113.7/tcp/8776"
    }

    /// The block that was probably meant by an address with a prefix length.
    private var blockAround: IPNetwork? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(String(parts[0])), let length = Int(parts[1]),
            (0...address.family.bitWidth).contains(length)
        else { return nil }
        return IPNetwork(containing: address, prefixLength: length)
    }
}
