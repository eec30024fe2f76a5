// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import SentinelProtocol
import Testing

@testable import SentinelControl

@Suite struct SubjectTests {
    @Test(arguments: [
        ("203.0.113.7", Check.accept), ("2001:db8::7", .accept), ("::ffff:203.0.113.7", .accept),
        ("203.0.113.0/24", .network), ("203.0.113.7/32", .network), ("2001:db8::/32", .network),
        ("tcp:203.0.113.7:8776", .dial), ("udp:[2001:db8::7]:4001", .dial),
        ("/ip4/203.0.113.7/tcp/8776", .accept), ("/dns4/example.org/tcp/1", .accept),
    ])
    func `The check goes by the form`(text: String, check: Check) throws {
        #expect(try Subject(text: text).inferredCheck() == check)
    }

    @Test func `Every address, block and endpoint is taken for what it is`() throws {
        for _ in 0..<500 {
            let address: IPAddress =
                Bool.random()
                ? .v4(IPv4Address(bits: .random(in: 0 ... .max)))
                : .v6(IPv6Address(high: .random(in: 0 ... .max), low: .random(in: 0 ... .max)))
            let block = IPNetwork(
                containing: address, prefixLength: .random(in: 0...address.family.bitWidth))
            let endpoint = Endpoint(
                address: address, transport: Bool.random() ? .tcp : .udp, port: .random(in: 1 ... .max))
            #expect(try Subject(text: address.description).inferredCheck() == .accept)
            #expect(try Subject(text: block.description).inferredCheck() == .network)
            #expect(try Subject(text: endpoint.description).inferredCheck() == .dial)
        }
    }

    @Test(arguments: [
        ("203.0.113.7/24", "203.0.113.0/24"), ("2001:db8::7/32", "2001:db8::/32"),
        ("tcp:example.org:8776", "names are not looked up"), ("203.0.113.7:8776", "tcp:203.0.113.7:8776"),
        ("example.org", "203.0.113.0/24"), ("", "203.0.113.7"), ("203.0.113.0/33", "203.0.113.0/24"),
    ])
    func `What is no subject is refused with what to write instead`(text: String, remedy: String) {
        let problem = #expect(throws: Subject.Problem.self) { try Subject(text: text).inferredCheck() }
        #expect(problem?.description.contains(remedy) == true)
    }
}
