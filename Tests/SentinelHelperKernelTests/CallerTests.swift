// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import NamespaceSupport
import SentinelConfiguration
import SentinelProtocol
import Testing
import Varlink

/// How the helper's own bounds are those of its service.
@Suite(.timeLimit(.minutes(1))) struct CallerTests {
    static let nobody: UInt32 = 65_534

    private static let configuration = RunningHelper.configuration {
        $0.socket.mode = FileMode(bits: 0o666)
        $0.access.submit = [.user(.id(nobody))]
        $0.socket.denialsPerSecond = 1
    }

    private func denials(_ count: Int) -> [Denial] {
        (0..<count).map {
            Denial(check: .accept, subject: "192.0.2.\($0)", reason: "rate", validated: true)
        }
    }

    @Test func `A node that hands over more than its rate has its next call wait, an operator doesn't`()
        async throws
    {
        try await withHelper(Self.configuration) { helper async throws in
            try await helper.asUser(Self.nobody) { client async throws in
                // More than ten seconds' worth: the call is carried out whole.
                let receipts = try await client.call(HelperInterface.submit, .init(denials: denials(25)))
                    .receipts
                #expect(receipts.count == 25 && receipts.allSatisfy { $0.enforced })
                // What is asked for next would take ten seconds.
                let error = await #expect(throws: VarlinkError.self) {
                    try await client.call(HelperInterface.status, timeout: .seconds(2))
                }
                #expect(error?.code == .timedOut)
                // It isn't the call but the user that waits.
                let again = try await VarlinkClient.connect(path: helper.path, on: helper.group)
                _ = try await again.call(HelperInterface.status)
                await again.close()
            }
            for _ in 0..<3 {
                let requests = denials(50).map { BanRequest(check: .accept, subject: $0.subject) }
                #expect(try await helper.ban(requests).allSatisfy { $0.enforced })
            }
        }
    }

    @Test func `Looking through all bans is work as well`() async throws {
        try await withHelper(Self.configuration) { helper async throws in
            let requests = (0..<2000).map {
                BanRequest(check: .accept, subject: "10.0.\($0 / 250).\($0 % 250)")
            }
            #expect(try await helper.ban(requests).count == 2000)
            try await helper.asUser(Self.nobody) { client async throws in
                // 21 denials' worth.
                let none = Filter(peer: "PeerA")
                #expect(try await client.call(HelperInterface.list, .init(filter: none)).bans == [])
                let error = await #expect(throws: VarlinkError.self) {
                    try await client.call(HelperInterface.list, .init(filter: none), timeout: .seconds(2))
                }
                #expect(error?.code == .timedOut)
            }
            #expect(try await helper.list(Filter(peer: "PeerA")) == [])
        }
    }
}
