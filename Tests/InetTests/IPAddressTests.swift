// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Glibc
import Inet
import TestRandom
import Testing

@Suite struct IPAddressTests {
    @Test(arguments: ["0.0.0.0", "192.0.2.1", "255.255.255.255", "::", "::1", "2001:db8::1", "fe80::1:2"])
    func `Canonical text reads back as itself`(text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.description == text)
        #expect(IPAddress(bytes: address.bytes) == address)
    }

    @Test(arguments: [
        "", "1", "1.2.3", "1.2.3.4.5", "256.0.0.1", "01.2.3.4", "1.2.3.4 ", "::1%eth0", "2001:db8", "g::1",
        "1.2.3.4\0", String(repeating: "1", count: 5000),
    ])
    func `What is no address is refused`(text: String) {
        #expect(IPAddress(text) == nil)
    }

    /// Short texts of what addresses are made of, of which inet_pton(3) takes some.
    @Test(arguments: 0..<8) func `IPv4 is read as the system reads it`(seed: UInt64) {
        var random = Seeded(seed)
        var taken = 0
        for _ in 0..<50_000 {
            let text =
                (0..<Int.random(in: 3...5, using: &random)).map { _ in
                    String(
                        "\(Int.random(in: 0..<300, using: &random))".dropFirst(
                            Int.random(in: 0..<2, using: &random)))
                }.joined(separator: ".") + (Int.random(in: 0..<20, using: &random) == 0 ? "x" : "")
            var raw = in_addr()
            let expected = inet_pton(AF_INET, text, &raw) == 1 ? UInt32(bigEndian: raw.s_addr) : nil
            taken += expected == nil ? 0 : 1
            #expect(IPv4Address(text)?.bits == expected, "\(text)")
        }
        #expect(taken > 1000)
    }

    @Test func `An IPv4-mapped address is canonically the IPv4 address`() {
        #expect(IPAddress("::ffff:192.0.2.7")?.canonical == IPAddress("192.0.2.7"))
        #expect(IPAddress("::1")?.canonical == IPAddress("::1"))
    }

    @Test func `Order is numeric, IPv4 first`() throws {
        let sorted = ["10.0.0.2", "10.0.0.10", "::1", "2001:db8::"].compactMap { IPAddress($0) }
        #expect(sorted.shuffled().sorted() == sorted)
    }
}

@Suite struct IPNetworkTests {
    @Test(arguments: [
        ("10.0.0.0/8", "10.0.0.0", "10.255.255.255"), ("0.0.0.0/0", "0.0.0.0", "255.255.255.255"),
        ("192.0.2.7/32", "192.0.2.7", "192.0.2.7"),
        ("2001:db8::/32", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("2001:db8::/64", "2001:db8::", "2001:db8::ffff:ffff:ffff:ffff"), ("::1/128", "::1", "::1"),
    ])
    func `A block spans its first to its last address`(text: String, first: String, last: String) throws {
        let network = try #require(IPNetwork(text))
        #expect(network.description == text)
        #expect(network.first == IPAddress(first))
        #expect(network.last == IPAddress(last))
    }

    @Test(arguments: ["10.0.0.1/8", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/+8", "/8"])
    func `What is no block is refused`(text: String) {
        #expect(IPNetwork(text) == nil)
    }

    @Test func `Masking agrees with membership for every prefix length`() throws {
        for text in ["203.0.113.77", "2001:db8:1234:5678:9abc:def0:1234:5678"] {
            let address = try #require(IPAddress(text))
            for length in 0...address.family.bitWidth {
                let network = IPNetwork(containing: address, prefixLength: length)
                #expect(network.contains(address))
                #expect(network.contains(network.last))
                #expect(IPNetwork(network.description) == network)
                #expect(network.overlaps(IPNetwork(address)))
            }
        }
    }

    @Test func `Blocks of different families never overlap`() throws {
        let four = try #require(IPNetwork("0.0.0.0/0"))
        let six = try #require(IPNetwork("::/0"))
        #expect(!four.overlaps(six))
    }
}

@Suite struct EndpointTests {
    @Test(arguments: ["tcp:192.0.2.1:8776", "udp:[2001:db8::1]:4001"])
    func `Text reads back as itself`(text: String) {
        #expect(Endpoint(text)?.description == text)
    }

    @Test(arguments: [
        "192.0.2.1:80", "sctp:192.0.2.1:80", "tcp:192.0.2.1:0", "tcp:192.0.2.1:65536", "tcp:2001:db8::1:80",
        "tcp:[192.0.2.1]:80", "tcp:[]:80", "tcp:192.0.2.1:", "tcp:192.0.2.1:+5", "tcp",
    ])
    func `What is no endpoint is refused`(text: String) {
        #expect(Endpoint(text) == nil)
    }
}
