// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import NamespaceSupport
import SentinelConfiguration
import SentinelProtocol
import Testing
import Varlink

@testable import SentinelHelper

/// Numbered calls: the same once more gets the same answer, and nothing is done.
@Suite(.timeLimit(.minutes(1))) struct RepetitionTests {
    private func submit(
        _ subjects: String..., session: String?, _ sequence: Int64?, by client: VarlinkClient
    ) async throws -> [Receipt] {
        let denials = subjects.map { BatchTests.denial($0) }
        return try await client.call(
            HelperInterface.submit, .init(denials: denials, session: session, sequence: sequence)
        ).receipts
    }

    private func fault(
        _ subjects: String..., session: String?, _ sequence: Int64?, by client: VarlinkClient
    ) async throws -> String? {
        let error = await #expect(throws: VarlinkError.self) {
            try await client.call(
                HelperInterface.submit,
                .init(
                    denials: subjects.map { BatchTests.denial($0) }, session: session, sequence: sequence))
        }
        return error?.reply(as: HelperInterface.InvalidRequest.self)?.field
    }

    @Test func `A repeated call by another connection renews nothing and counts no strike`() async throws {
        let clock = ManualClock()
        try await withHelper(clock: clock.host) { helper async throws in
            var watcher = try await helper.watch()
            let first = try await submit(
                "192.0.2.1", "nobody", session: "a-1", 7, by: helper.client)
            #expect(first.map(\.enforced) == [true, false])
            #expect(try await watcher.next().kind == .banned)
            clock.advance(by: .seconds(60))
            let other = try await VarlinkClient.connect(path: helper.path, on: helper.group)
            #expect(try await submit("192.0.2.1", "nobody", session: "a-1", 7, by: other) == first)
            #expect(try await helper.list().map(\.expires) == [first[0].expires])
            // A number of its own is a call of its own.
            let next = try await submit("192.0.2.1", session: "a-1", 8, by: other)
            #expect(next[0].expires != first[0].expires)
            #expect(try await watcher.next().kind == .renewed)
            #expect(try await submit("192.0.2.2", session: "a-2", 7, by: other)[0].enforced)
            await other.close()
        }
    }

    @Test func `A repeated call whose ban has ended since doesn't ban again`() async throws {
        let clock = ManualClock()
        try await withHelper(clock: clock.host) { helper async throws in
            let first = try await submit("192.0.2.1", session: "s", 1, by: helper.client)
            clock.advance(by: .seconds(3600))
            #expect(try await helper.list() == [])
            #expect(try await submit("192.0.2.1", session: "s", 1, by: helper.client) == first)
            #expect(try await helper.list() == [])
            #expect(try await submit("192.0.2.1", session: "s", 2, by: helper.client)[0].strikes == 2)
        }
    }

    @Test func `A number that is over, and half of a number, are refused`() async throws {
        try await withHelper { helper async throws in
            let client = helper.client
            _ = try await submit("192.0.2.1", session: "s", 5, by: client)
            #expect(try await fault("192.0.2.2", session: "s", 4, by: client) == "sequence")
            #expect(try await fault("192.0.2.2", "192.0.2.3", session: "s", 5, by: client) == "denials")
            #expect(try await fault("192.0.2.2", session: nil, 6, by: client) == "session")
            #expect(try await fault("192.0.2.2", session: "s", nil, by: client) == "sequence")
            for session in ["", "a b", String(repeating: "a", count: 65)] {
                #expect(try await fault("192.0.2.2", session: session, 6, by: client) == "session")
            }
            #expect(try await helper.keys("accept4") == ["192.0.2.1"])
        }
    }

    @Test func `Sessions are the user's own, and only the last sixteen are remembered`() async throws {
        let configuration = AccessTests.configuration(submit: [.user(.id(AccessTests.nobody))])
        try await withHelper(configuration) { helper async throws in
            let first = try await submit("192.0.2.1", session: "0", 1, by: helper.client)
            try await helper.asUser(AccessTests.nobody) { client async throws in
                #expect(try await submit("192.0.2.2", session: "0", 1, by: client) != first)
                for session in 1...16 {
                    _ = try await submit("192.0.2.2", session: "\(session)", 1, by: client)
                }
            }
            #expect(try await submit("192.0.2.1", session: "0", 1, by: helper.client) == first)
            for session in 1..<16 {
                _ = try await submit("192.0.2.3", session: "\(session)", 1, by: helper.client)
            }
            // Still there, as one of sixteen.
            #expect(try await submit("192.0.2.1", session: "0", 1, by: helper.client) == first)
            _ = try await submit("192.0.2.3", session: "16", 1, by: helper.client)
            // Forgotten, so another number counts from anew.
            #expect(try await submit("192.0.2.4", session: "0", 0, by: helper.client)[0].enforced)
        }
    }
}
