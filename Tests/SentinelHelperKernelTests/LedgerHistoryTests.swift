// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import NamespaceSupport
import SentinelConfiguration
import SentinelProtocol
import Testing
import Varlink

/// What the ledger remembers of what has happened.
@Suite(.timeLimit(.minutes(1))) struct LedgerHistoryTests {
    private func withLedger(_ body: (RunningHelper) async throws -> Void) async throws {
        try await withDirectory { directory async throws in
            let configuration = RunningHelper.configuration {
                $0.ledger.directory = directory
                $0.socket.mode = .init(bits: 0o666)
                $0.access.submit = [.user(.id(AccessTests.nobody))]
            }
            try await withHelper(configuration, body)
        }
    }

    private func history(
        _ helper: RunningHelper, _ parameters: HelperInterface.History.Parameters = .init()
    ) async throws -> [Event] {
        try await helper.client.call(HelperInterface.history, parameters).events
    }

    @Test func `All that happens to a ban is remembered, with who did it`() async throws {
        try await withLedger { helper async throws in
            let denial = Denial(
                check: .accept, subject: "192.0.2.1", peer: "PeerA", reason: "rate", detail: "9 in 1 s",
                duration: Milliseconds(.seconds(3600)), validated: true)
            let receipt = try await helper.asUser(AccessTests.nobody) { client async throws in
                try await client.call(HelperInterface.submit, .init(denials: [denial])).receipts[0]
            }
            _ = try await helper.ban([
                BanRequest(check: .accept, subject: "192.0.2.1", duration: Milliseconds(.seconds(7200)))
            ])
            _ = try await helper.lift(Filter(subject: "192.0.2.1"))
            _ = try await helper.submit(.accept, "192.0.2.2", duration: 200)
            try await until { try await helper.list().isEmpty }

            let events = try await history(helper)
            #expect(events.map(\.kind) == [.expired, .banned, .lifted, .renewed, .banned])
            #expect(
                events.map { $0.ban?.subject } == ["192.0.2.2", "192.0.2.2"]
                    + Array(repeating: "192.0.2.1", count: 3))
            #expect(zip(events, events.dropFirst()).allSatisfy { $0.time >= $1.time })
            let first = try #require(events.last?.ban)
            #expect(first.id == receipt.id && first.caller == "user:nobody" && !first.byOperator)
            #expect(first.peer == "PeerA" && first.detail == "9 in 1 s" && first.reason == "rate")
            let (told, kept) = (try #require(receipt.expires), try #require(first.expires))
            #expect(abs(told.rawValue - kept.rawValue) < 1000)
            #expect(first.granted == Milliseconds(.seconds(3600)))
            #expect(events[3].ban?.id == receipt.id && events[3].ban?.byOperator == true)
            #expect(events.map(\.actor) == [nil, nil, nil, nil, nil])
            #expect(events[2].ban?.caller == "user:root")
        }
    }

    @Test func `Who lifts what another had asked for is named, to those who watch as well`() async throws {
        try await withLedger { helper async throws in
            var watcher = try await helper.watch()
            let denial = Denial(check: .accept, subject: "192.0.2.1", reason: "rate", validated: true)
            _ = try await helper.asUser(AccessTests.nobody) { client async throws in
                try await client.call(HelperInterface.submit, .init(denials: [denial]))
            }
            #expect(try await watcher.next().actor == nil)
            _ = try await helper.lift(Filter())
            let seen = try await watcher.next()
            #expect(seen.kind == .lifted && seen.actor == "user:root" && seen.ban?.caller == "user:nobody")
            let event = try #require(try await history(helper).first)
            #expect(event.kind == .lifted && event.actor == "user:root" && event.ban?.caller == "user:nobody")
        }
    }

    @Test func `All that a question says must hold`() async throws {
        try await withLedger { helper async throws in
            let denials = [
                BatchTests.denial("192.0.2.1", peer: "PeerA"), BatchTests.denial("192.0.2.2", reason: "spam"),
                BatchTests.denial(.dial, "tcp:192.0.2.1:4001", peer: "PeerA"),
            ]
            let ids = try await helper.submit(denials).compactMap(\.id)
            _ = try await helper.lift(Filter(check: .accept, subject: "192.0.2.1"))
            func subjects(_ parameters: HelperInterface.History.Parameters) async throws -> [String] {
                try await history(helper, parameters).map { "\($0.kind.rawValue) \($0.ban?.subject ?? "")" }
            }
            let all = try await history(helper)
            #expect(all.count == 4)
            #expect(try await subjects(.init(filter: Filter(peer: "PeerA"), kinds: [.banned])).count == 2)
            #expect(try await subjects(.init(filter: Filter(reason: "spam"))) == ["banned 192.0.2.2"])
            #expect(
                try await subjects(.init(filter: Filter(id: ids[0]))) == [
                    "lifted 192.0.2.1", "banned 192.0.2.1",
                ])
            #expect(try await subjects(.init(kinds: [.lifted, .expired])) == ["lifted 192.0.2.1"])
            #expect(try await subjects(.init(limit: 1)) == ["lifted 192.0.2.1"])
            #expect(try await history(helper, .init(since: all[0].time)).count >= 1)
            let after = Timestamp(rawValue: all[0].time.rawValue + 1)
            #expect(try await subjects(.init(since: after)) == [])
            #expect(try await history(helper, .init(until: after)) == all)
            #expect(try await subjects(.init(until: all[3].time)) == [])
        }
    }

    @Test func `A long history comes in pages, and once`() async throws {
        try await withLedger { helper async throws in
            for round in 0..<3 {
                let denials = (0..<700).map {
                    BatchTests.denial("198.51.\(round * 3 + $0 / 256).\($0 % 256)")
                }
                _ = try await helper.submit(denials)
            }
            var (events, pages): ([Event], Int) = ([], 0)
            for try await page in helper.client.stream(HelperInterface.history, .init()) {
                events += page.events
                pages += 1
            }
            #expect(events.count == 2100 && pages > 1)
            #expect(events.compactMap { $0.ban?.id } == (1...2100).reversed())
            events = []
            for try await page in helper.client.stream(HelperInterface.history, .init(limit: 1234)) {
                events += page.events
            }
            #expect(events.compactMap { $0.ban?.id } == (867...2100).reversed())
            #expect(try await history(helper).compactMap { $0.ban?.id } == (1101...2100).reversed())
        }
    }

    @Test func `What can't be asked is refused with what can be`() async throws {
        try await withLedger { helper async throws in
            for (parameters, field) in [
                (HelperInterface.History.Parameters(limit: 0), "limit"), (.init(limit: 1001), "limit"),
                (.init(kinds: [.alarm]), "kinds"), (.init(filter: Filter(subject: "x")), "filter.subject"),
            ] {
                let error = await #expect(throws: VarlinkError.self) { try await history(helper, parameters) }
                #expect(error?.reply(as: HelperInterface.InvalidRequest.self)?.field == field)
            }
        }
        try await withHelper { helper async throws in
            let error = await #expect(throws: VarlinkError.self) { try await history(helper) }
            let reply = try #require(error?.reply(as: HelperInterface.HistoryUnavailable.self))
            #expect(reply.message.contains("set [ledger] directory"))
        }
    }
}
