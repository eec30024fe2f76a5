// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import NIOCore
import NIOEmbedded
import Testing

@testable import Varlink

/// How much one caller may use, and what that leaves the others.
@Suite struct CallerTests {
    private static let operators: UInt32 = 0

    private func service(_ change: (inout VarlinkService.Limits) -> Void) throws -> EmbeddedService {
        var limits = VarlinkService.Limits()
        change(&limits)
        return try EmbeddedService(limits: limits, trusts: { $0 == Self.operators })
    }

    private func echoes(_ count: Int) -> String { (1...count).map { echo("\($0)") + "\0" }.joined() }

    // MARK: Connections

    @Test func `Who is trusted gets in when there are as many connections as others may have`() throws {
        let service = try service {
            $0.connections = 3
            $0.reservedConnections = 2
        }
        let others = try [1001, 1002].map { try service.client(user: $0) }
        let refused = try service.client(user: 1003)
        #expect(try refused.replies().first?.contains("TooManyConnections") == true)
        #expect(!refused.channel.isActive)
        let trusted = try (0..<2).map { _ in try service.client(user: Self.operators) }
        for client in trusted + others {
            try client.send(echo("a") + "\0")
            #expect(try client.replies().count == 1)
        }
        let third = try service.client(user: Self.operators)
        #expect(try third.replies().first?.contains(#""limit":5"#) == true)
        #expect(
            service.drops.map(\.cause) == [
                .tooManyConnections(scope: "service", limit: 3),
                .tooManyConnections(scope: "service", limit: 5),
            ])
        #expect(service.drops.map(\.peer?.userID) == [1003, Self.operators])
    }

    // MARK: Rates

    @Test func `Who calls more often than his rate is answered at that rate, and not read from meanwhile`()
        throws
    {
        let service = try service { $0.calls = .init(perSecond: 10, saved: 20) }
        try service.send(echoes(50))
        #expect(try service.replies().count == 20)
        let before = service.readsPassed
        service.channel.read()
        #expect(service.readsPassed == before)
        var answered = 20
        while answered < 50 {
            service.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
            let now = try service.replies().count
            #expect(now == 10)
            answered += now
        }
        #expect(service.channel.isActive)
        service.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(service.readsPassed == before + 1)
    }

    @Test func `A user's connections share his rate, and take nothing of another's`() throws {
        let service = try service { $0.calls = .init(perSecond: 10, saved: 20) }
        try service.send(echoes(30))
        #expect(try service.replies().count == 20)
        let again = try service.client(user: 1000)
        try again.send(echoes(3))
        #expect(try again.replies().isEmpty)
        let other = try service.client(user: 1001)
        try other.send(echoes(20))
        #expect(try other.replies().count == 20)
    }

    @Test func `A new connection doesn't bring a new rate`() throws {
        let service = try service { $0.calls = .init(perSecond: 10, saved: 20) }
        try service.send(echoes(20))
        #expect(try service.replies().count == 20)
        try service.channel.close().wait()
        let again = try service.client(user: 1000)
        try again.send(echoes(3))
        #expect(try again.replies().isEmpty)
    }

    @Test func `Work that a call turns out to be is waited for before the next one`() throws {
        let service = try service { $0.work = .init(perSecond: 100, saved: 500) }
        service.onCall { call in
            call.charge(600)
            call.reply()
        }
        try service.send(echoes(2))
        #expect(try service.replies().count == 1)
        service.channel.embeddedEventLoop.advanceTime(by: .milliseconds(1000))
        #expect(try service.replies().isEmpty)
        service.channel.embeddedEventLoop.advanceTime(by: .milliseconds(20))
        #expect(try service.replies().count == 1)
    }

    @Test func `Whatever was asked for, it is paid in the time that it takes to save as much`() throws {
        let service = try service { $0.work = .init(perSecond: 100, saved: 500) }
        service.onCall { call in
            call.charge(1_000_000)
            call.reply()
        }
        try service.send(echoes(2))
        #expect(try service.replies().count == 1)
        service.channel.embeddedEventLoop.advanceTime(by: .milliseconds(5100))
        #expect(try service.replies().count == 1)
    }

    @Test func `Who is trusted isn't held to the rates`() throws {
        let service = try service {
            $0.calls = .init(perSecond: 1, saved: 1)
            $0.work = .init(perSecond: 1, saved: 1)
        }
        let trusted = try service.client(user: Self.operators)
        service.onCall { call in
            call.charge(1000)
            call.reply()
        }
        try trusted.send(echoes(200))
        #expect(try trusted.replies().count == 200)
    }

    @Test func `Users take turns, however many connections and calls each has`() throws {
        let service = try service { $0.connectionsPerUser = 100 }
        var order: [UInt32] = []
        service.onCall { call in
            order.append(call.peer.userID)
            // As long as a turn: so each has one call.
            let end = NIODeadline.now() + .milliseconds(1)
            while NIODeadline.now() < end {}
            call.reply()
        }
        let clients = try [service] + (0..<9).map { _ in try service.client(user: 1000) }
        for client in clients { try client.send(echoes(3)) }
        let other = try service.client(user: 1001)
        try other.send(echoes(3))
        while order.count < 33 { service.run() }
        #expect(order.prefix(6).count { $0 == 1001 } == 3)
    }

    // MARK: Bytes

    @Test func `A user's half calls are bounded together, and who goes over is told`() throws {
        let service = try service { $0.bytesPerUser = 1_000_000 }
        let clients = try [service] + (0..<3).map { _ in try service.client(user: 1000) }
        let half = String(echo(String(repeating: "x", count: 300_000)).dropLast(2))
        for client in clients.prefix(3) {
            try client.send(half)
            #expect(try client.replies().isEmpty)
        }
        let other = try service.client(user: 1001)
        try other.send(half)
        try clients[3].send(half)
        let replies = try clients[3].replies()
        #expect(replies.count == 1)
        #expect(replies[0].contains("org.seedsentinel.Connection.TooManyBytes"))
        #expect(replies[0].contains(#""limit":1000000"#) && replies[0].contains("use fewer connections"))
        #expect(!clients[3].channel.isActive)
        #expect(service.drops.map(\.cause) == [.tooManyBytes(limit: 1_000_000)])
        for client in clients.prefix(3) + [other] {
            try client.send(#""}}"# + "\0")
            #expect(try client.replies().count == 1)
        }
    }

    // MARK: Slow readers

    private func stalled() throws -> EmbeddedService {
        let service = try service { $0.stalledAfter = .seconds(60) }
        service.core.lookForStalls()
        return service
    }

    @Test func `A silent client that has read everything stays`() throws {
        let service = try stalled()
        try service.send(echo("a") + "\0")
        #expect(try service.replies().count == 1)
        service.channel.embeddedEventLoop.advanceTime(by: .hours(240))
        #expect(service.channel.isActive)
        #expect(service.drops.isEmpty)
    }

    // MARK: Limits that change

    @Test func `Limits that change hold from then on`() throws {
        let service = try service {
            $0.connections = 1
            $0.calls = .init(perSecond: 10, saved: 20)
        }
        try service.send(echoes(100))
        #expect(try service.replies().count == 20)
        service.core.limits.connections = 2
        service.core.limits.calls = .init(perSecond: 1000, saved: 1000)
        service.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(try service.replies().count == 80)
        let second = try service.client(user: 1001)
        try second.send(echo("a") + "\0")
        #expect(try second.replies().count == 1)
    }
}
