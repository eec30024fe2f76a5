// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import NamespaceSupport
import SentinelConfiguration
import SentinelProtocol
import Testing
import Varlink

@testable import SentinelHelper

/// Addresses that a node has guarded, for a peer that it protects is there.
@Suite(.timeLimit(.minutes(1))) struct ProtectionTests {
    static let nobody: UInt32 = 65_534

    @discardableResult
    private func guarding(_ addresses: String..., by client: VarlinkClient) async throws -> [Ban] {
        try await client.call(HelperInterface.guardAddresses, .init(addresses: addresses)).lifted
    }

    @Test func `No ban touches a guarded address, whoever asks for it and however`() async throws {
        try await withHelper { helper async throws in
            try await guarding("192.0.2.7", "::ffff:192.0.2.8", "2001:db8:0:7::7", by: helper.client)
            let denials: [(SentinelProtocol.Check, String, String)] = [
                (.accept, "192.0.2.7", "192.0.2.7"), (.accept, "192.0.2.8", "192.0.2.8"),
                (.dial, "tcp:192.0.2.7:4001", "192.0.2.7"), (.network, "192.0.2.0/24", "192.0.2."),
                (.accept, "2001:db8:0:7::8", "2001:db8:0:7::/64"),
                (.network, "2001:db8::/48", "2001:db8:0:7::7"),
            ]
            for (check, subject, named) in denials {
                let receipts = [
                    try await helper.submit(check, subject), try await helper.ban(check, subject),
                ]
                for receipt in receipts {
                    let refusal = try #require(receipt.refusal, "\(check) \(subject)")
                    #expect(refusal.code == .guarded && refusal.guardName == .protected)
                    #expect(refusal.message.contains(named) && refusal.message.contains("user:root"))
                }
            }
            // Neighbours are nobody's.
            #expect(try await helper.submit(.accept, "192.0.2.9").enforced)
            #expect(try await helper.submit(.dial, "tcp:[2001:db8:0:7::8]:4001").enforced)
            #expect(try await helper.submit(.accept, "2001:db8:0:8::7").enforced)
            let explanation = try await helper.explain("192.0.2.7")
            #expect(
                explanation.guardName == .protected && explanation.inbound && explanation.set == "exempt4")
            #expect(try await helper.explain("192.0.2.9").guardName == nil)
        }
    }

    @Test func `A list takes the place of the earlier one, and ends with its connection`() async throws {
        try await withHelper { helper async throws in
            let other = try await VarlinkClient.connect(path: helper.path, on: helper.group)
            try await guarding("192.0.2.7", "192.0.2.8", by: helper.client)
            try await guarding("192.0.2.8", by: other)
            try await guarding("192.0.2.7", by: helper.client)
            #expect(try await helper.submit(.accept, "192.0.2.8").refusal?.guardName == .protected)
            await other.close()
            try await until { try await helper.submit(.accept, "192.0.2.8").enforced }
            #expect(try await helper.submit(.accept, "192.0.2.7").refusal?.guardName == .protected)
            try await guarding(by: helper.client)
            #expect(try await helper.submit(.accept, "192.0.2.7").enforced)
        }
    }

    @Test func `The node's own bans there are lifted, others' and an operator's stay`() async throws {
        let configuration = RunningHelper.configuration {
            $0.socket.mode = FileMode(bits: 0o666)
            $0.access.submit = [.user(.id(Self.nobody))]
        }
        try await withHelper(configuration) { helper async throws in
            var watcher = try await helper.watch()
            #expect(try await helper.submit(.accept, "192.0.2.1").enforced)
            #expect(try await helper.ban(.accept, "192.0.2.2").enforced)
            try await helper.asUser(Self.nobody) { client async throws in
                let denials = [
                    BatchTests.denial("192.0.2.3"), BatchTests.denial("192.0.2.4"),
                    BatchTests.denial(.dial, "tcp:192.0.2.3:4001"),
                    BatchTests.denial(.network, "192.0.2.0/24"),
                    BatchTests.denial("2001:db8:0:7::8"),
                ]
                let receipts = try await client.call(HelperInterface.submit, .init(denials: denials)).receipts
                #expect(receipts.allSatisfy { $0.enforced })
                for _ in 0..<7 { #expect(try await watcher.next().kind == .banned) }
                let lifted = try await guarding(
                    "192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8:0:7::7", by: client)
                let expected: Set = [
                    "192.0.2.3", "tcp:192.0.2.3:4001", "192.0.2.0/24", "2001:db8:0:7::/64",
                ]
                #expect(Set(lifted.map(\.key)) == expected)
                var told: Set<String> = []
                for _ in expected {
                    let event = try await watcher.next()
                    #expect(event.kind == .lifted)
                    told.insert(event.ban?.key ?? "")
                }
                #expect(told == expected)
                // The same list again lifts nothing more.
                #expect(try await guarding("192.0.2.2", "192.0.2.3", by: client) == [])
            }
            #expect(Set(try await helper.keys("accept4")) == ["192.0.2.1", "192.0.2.2", "192.0.2.4"])
            for set in ["accept6", "dial4", "net4"] { #expect(try await helper.keys(set) == []) }
        }
    }

    @Test func `What is no address, and too many, are refused, and the earlier list holds`() async throws {
        try await withHelper { helper async throws in
            try await guarding("192.0.2.7", by: helper.client)
            let many = (0..<4097).map { "10.1.\($0 / 256).\($0 % 256)" }
            for (addresses, field, remedy) in [
                (["192.0.2.8", "192.0.2.0/24"], "addresses[1]", "write 203.0.113.7"),
                (many, "addresses", "4096"),
            ] {
                let error = await #expect(throws: VarlinkError.self) {
                    try await helper.client.call(
                        HelperInterface.guardAddresses, .init(addresses: addresses))
                }
                let invalid = try #require(error?.reply(as: HelperInterface.InvalidRequest.self))
                #expect(invalid.field == field && invalid.message.contains(remedy))
            }
            #expect(try await helper.submit(.accept, "192.0.2.7").refusal?.guardName == .protected)
            #expect(try await helper.submit(.accept, "192.0.2.8").enforced)
            _ = try await helper.client.call(
                HelperInterface.guardAddresses, .init(addresses: Array(many.dropLast())))
            #expect(try await helper.submit(.accept, "10.1.15.255").refusal?.guardName == .protected)
        }
    }
}
