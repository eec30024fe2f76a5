// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Glibc
import NamespaceSupport
import SentinelConfiguration
import SentinelProtocol
import Testing
import Varlink

/// Who may ask for what: the kernel says who calls.
@Suite(.timeLimit(.minutes(1))) struct AccessTests {
    static let nobody: UInt32 = 65_534

    /// Everyone may connect.
    static func configuration(submit: [Principal]) -> Configuration {
        RunningHelper.configuration {
            $0.socket.mode = FileMode(bits: 0o666)
            $0.access.submit = submit
        }
    }

    /// The permission that a call needs and its caller doesn't have.
    private func denied<P, R>(
        _ method: VarlinkMethod<P, R>, _ parameters: P, as client: VarlinkClient,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> HelperInterface.PermissionDenied {
        let error = await #expect(throws: VarlinkError.self, sourceLocation: sourceLocation) {
            try await client.call(method, parameters)
        }
        return try #require(
            error?.reply(as: HelperInterface.PermissionDenied.self),
            "\(method.name): \(String(describing: error))",
            sourceLocation: sourceLocation)
    }

    @Test func `A user without rights is told which one is missing, whatever the call`() async throws {
        try await withHelper(Self.configuration(submit: [])) { helper async throws in
            try await helper.asUser(Self.nobody) { client async throws in
                let denial = Denial(check: .accept, subject: "192.0.2.1", reason: "rate", validated: true)
                var missing = [
                    try await denied(HelperInterface.submit, .init(denials: [denial]), as: client),
                    try await denied(HelperInterface.lift, .init(filter: Filter()), as: client),
                    try await denied(HelperInterface.status, VarlinkEmpty(), as: client),
                    try await denied(HelperInterface.list, .init(), as: client),
                    try await denied(HelperInterface.counters, VarlinkEmpty(), as: client),
                    try await denied(HelperInterface.feeds, VarlinkEmpty(), as: client),
                    try await denied(
                        HelperInterface.guardAddresses, .init(addresses: ["192.0.2.1"]), as: client),
                ]
                #expect(missing.allSatisfy { $0.right == .submit })
                let request = BanRequest(check: .accept, subject: "192.0.2.1")
                missing = [
                    try await denied(HelperInterface.ban, .init(bans: [request]), as: client),
                    try await denied(HelperInterface.importBans, .init(parts: [], last: true), as: client),
                    try await denied(HelperInterface.sets, .init(), as: client),
                    try await denied(HelperInterface.guarded, VarlinkEmpty(), as: client),
                    try await denied(HelperInterface.shadow, .init(), as: client),
                    try await denied(HelperInterface.explain, .init(subject: "192.0.2.1"), as: client),
                    try await denied(HelperInterface.release, VarlinkEmpty(), as: client),
                ]
                for error in missing {
                    #expect(error.right == .operate)
                    #expect(error.caller == "user:nobody")
                    #expect(error.message.contains("[access] operate"))
                }
            }
            #expect(try await helper.list() == [])
            #expect(try await helper.status().mode != .released)
            try await helper.expectToServe()
        }
    }

    @Test func `A user without rights can't watch`() async throws {
        try await withHelper(Self.configuration(submit: [])) { helper async throws in
            try await helper.asUser(Self.nobody) { client async throws in
                let error = await #expect(throws: VarlinkError.self) {
                    for try await _ in client.stream(HelperInterface.watch) {}
                }
                #expect(error?.reply(as: HelperInterface.PermissionDenied.self)?.right == .submit)
            }
            #expect(try await helper.status().subscribers == 0)
        }
    }

    @Test func `Who may submit can't operate, and lifts only what is its own`() async throws {
        try await withHelper(Self.configuration(submit: [.user(.id(Self.nobody))])) { helper async throws in
            #expect(try await helper.submit(.accept, "192.0.2.1").enforced)
            #expect(try await helper.ban(.accept, "192.0.2.2").enforced)
            try await helper.asUser(Self.nobody) { client async throws in
                let denial = Denial(check: .accept, subject: "192.0.2.3", reason: "rate", validated: true)
                let receipts = try await client.call(HelperInterface.submit, .init(denials: [denial]))
                    .receipts
                #expect(receipts.map(\.enforced) == [true])
                _ = try await denied(
                    HelperInterface.ban, .init(bans: [BanRequest(check: .accept, subject: "192.0.2.1")]),
                    as: client)
                let lifted = try await client.call(HelperInterface.lift, .init(filter: Filter())).bans
                #expect(lifted.map(\.subject) == ["192.0.2.3"])
                #expect(lifted.map(\.caller) == ["user:nobody"])
            }
            #expect(Set(try await helper.keys("accept4")) == ["192.0.2.1", "192.0.2.2"])
        }
    }

    @Test func `A node can't lift what an operator has banned as well`() async throws {
        try await withHelper(Self.configuration(submit: [.user(.id(Self.nobody))])) { helper async throws in
            try await helper.asUser(Self.nobody) { client async throws in
                let denial = Denial(
                    check: .accept, subject: "192.0.2.3", reason: "rate",
                    duration: Milliseconds(.seconds(7200)),
                    validated: true)
                let before = try await client.call(HelperInterface.submit, .init(denials: [denial])).receipts[
                    0]
                // It ends sooner than the ban that there is, whose end stays.
                let banned = try await helper.ban(.accept, "192.0.2.3", duration: 3_600_000)
                #expect(banned.id == before.id)
                let ban = try #require(try await helper.list().first)
                #expect(ban.byOperator && ban.caller == "user:root")
                #expect(ban.granted == Milliseconds(.seconds(7200)))
                #expect(try await client.call(HelperInterface.lift, .init(filter: Filter())).bans == [])
            }
            #expect(try await helper.keys("accept4") == ["192.0.2.3"])
        }
    }
}
