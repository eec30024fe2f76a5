// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import NamespaceSupport
import SentinelProtocol
import Testing
import Varlink

/// What those see who watch.
@Suite(.timeLimit(.minutes(1))) struct WatchTests {
    @Test func `A ban's life is told: banned, renewed, lifted, and expired when its time is over`()
        async throws
    {
        try await withHelper { helper async throws in
            var watcher = try await helper.watch()
            #expect(try await helper.status().subscribers == 1)
            let receipt = try await helper.submit(.accept, "192.0.2.1", duration: 3_600_000)
            let banned = try await watcher.next()
            #expect(banned.kind == .banned && banned.ban?.id == receipt.id)
            // It would end sooner than the ban that there is: nothing happens, nothing is told.
            _ = try await helper.submit(.accept, "192.0.2.1", duration: 1000)
            _ = try await helper.submit(.accept, "192.0.2.1", duration: 7_200_000)
            let renewed = try await watcher.next()
            #expect(renewed.kind == .renewed && renewed.ban?.id == receipt.id)
            #expect(renewed.ban?.granted == Milliseconds(.seconds(7200)))
            _ = try await helper.lift(Filter(subject: "192.0.2.1"))
            let lifted = try await watcher.next()
            #expect(lifted.kind == .lifted && lifted.ban?.id == receipt.id)

            let short = try await helper.submit(.accept, "192.0.2.2", duration: 300)
            #expect(try await watcher.next().kind == .banned)
            let expired = try await watcher.next()
            #expect(expired.kind == .expired && expired.ban?.id == short.id)
            #expect(try await helper.list() == [])
            try await until { try await helper.keys("accept4") == [] }
        }
    }

    @Test func `Who doesn't take his events is told how many he missed, and then goes on`() async throws {
        let rounds = 8
        let each = 1000
        try await withHelper { helper async throws in
            let watcher = try await onFreshThread { [path = helper.path] in
                let watcher = try RawConnection(path: path)
                watcher.send(#"{"method":"org.seedsentinel.Helper.Watch","more":true}"#)
                #expect(watcher.next()?.contains(#""events":[]"#) == true)
                return watcher
            }
            var quick = try await helper.watch()
            for round in 0..<rounds {
                let denials = (0..<each).map {
                    Denial(
                        check: .accept, subject: "203.0.\(round * 4 + $0 / 256).\($0 % 256)", reason: "rate",
                        detail: String(repeating: "x", count: 200), validated: true)
                }
                #expect(try await helper.submit(denials).allSatisfy { $0.enforced })
                for _ in 0..<each { #expect(try await quick.next().kind == .banned) }
            }
            let (told, missed) = try await onFreshThread {
                var told = 0
                while true {
                    let events = try Self.events(try #require(watcher.next()))
                    if let lost = events.first(where: { $0.kind == .lost }) {
                        #expect(events.count == 1)
                        return (told, try #require(lost.missed))
                    }
                    #expect(events.allSatisfy { $0.kind == .banned })
                    told += events.count
                }
            }
            #expect(missed > 0)
            #expect(told + missed == rounds * each)
            _ = try await helper.submit(.accept, "192.0.2.1")
            let next = try await onFreshThread { try Self.events(try #require(watcher.next())) }
            #expect(next.map(\.ban?.subject) == ["192.0.2.1"])
        }
    }

    private static func events(_ frame: String) throws -> [Event] {
        struct Reply: Decodable { var parameters: HelperInterface.Watch.Reply }
        return try JSONDecoder().decode(Reply.self, from: Data(frame.utf8)).parameters.events
    }

    @Test func `Who has gone is no longer counted`() async throws {
        try await withHelper { helper async throws in
            let other = try await VarlinkClient.connect(path: helper.path, on: helper.group)
            var replies = other.stream(HelperInterface.watch).makeAsyncIterator()
            #expect(try await replies.next()?.events == [])
            #expect(try await helper.status().subscribers == 1)
            await other.close()
            try await until { try await helper.status().subscribers == 0 }
        }
    }
}
