// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import SentinelConfiguration
import SentinelProtocol
import Testing
import Varlink

/// Whom nothing may block, as it is told.
@Suite(.timeLimit(.minutes(1))) struct GuardedTests {
    @Test func `Each guard's addresses are told with where they come from`() async throws {
        let configuration = RunningHelper.configuration {
            $0.exempt.addresses = [IPNetwork("198.51.100.0/24")!, IPNetwork("2001:db8::7/128")!]
        }
        try await withHelper(configuration) { helper async throws in
            _ = try await helper.client.call(
                HelperInterface.guardAddresses, .init(addresses: ["192.0.2.7", "192.0.2.8"]))
            let entries = try await helper.client.call(HelperInterface.guarded).entries
            #expect(entries.first == GuardEntry(network: "127.0.0.0/8", guardName: .loopback, inKernel: true))
            #expect(
                entries.filter { $0.guardName == .exempt }.map(\.network) == [
                    "198.51.100.0/24", "2001:db8::7",
                ])
            #expect(entries.allSatisfy { $0.inKernel })
            #expect(
                entries.suffix(2) == [
                    GuardEntry(
                        network: "192.0.2.7", guardName: .protected, caller: "user:root", inKernel: true),
                    GuardEntry(
                        network: "192.0.2.8", guardName: .protected, caller: "user:root", inKernel: true),
                ])
            for count in try await helper.status().guards {
                #expect(entries.count { $0.guardName == count.name } == count.count, "\(count.name)")
            }
        }
    }

    @Test func `A protected address with somebody's ban on it is told not to be in the kernel`() async throws
    {
        try await withHelper { helper async throws in
            #expect(try await helper.ban(.accept, "192.0.2.7").enforced)
            _ = try await helper.client.call(HelperInterface.guardAddresses, .init(addresses: ["192.0.2.7"]))
            let entry = try await helper.client.call(HelperInterface.guarded).entries.last
            #expect(
                entry
                    == GuardEntry(
                        network: "192.0.2.7", guardName: .protected, caller: "user:root", inKernel: false))
        }
    }

    @Test func `Many come in pages to who asks for more`() async throws {
        let configuration = RunningHelper.configuration {
            $0.exempt.addresses = (0..<2500).map { IPNetwork("198.18.\($0 / 250).\($0 % 250)/32")! }
        }
        try await withHelper(configuration) { helper async throws in
            var pages: [[GuardEntry]] = []
            for try await reply in helper.client.stream(HelperInterface.guarded) {
                pages.append(reply.entries)
            }
            #expect(pages.count == 3 && pages.dropLast().allSatisfy { $0.count == 1000 })
            let exempt = pages.joined().filter { $0.guardName == .exempt }.map(\.network)
            #expect(exempt == configuration.exempt.addresses.map { $0.first.description })
        }
    }
}
