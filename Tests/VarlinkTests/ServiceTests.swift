// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import NIOCore
import NIOPosix
import Testing

@testable import Varlink

@Suite(.timeLimit(.minutes(1))) struct ServiceTests {
    @Test func `The caller's credentials are the kernel's`() async throws {
        try await TestService.with { service in
            try await service.withClient { client in
                let caller = try await client.call(TestInterface.who)
                #expect(caller.pid == getpid())
                #expect(caller.uid == geteuid())
                #expect(caller.gid == getegid())
                var groups = [gid_t](repeating: 0, count: Int(getgroups(0, nil)))
                #expect(getgroups(CInt(groups.count), &groups) == groups.count)
                #expect(Set(caller.groups) == Set(groups))
            }
        }
    }

    @Test func `A frame without end closes its connection after a bounded part of it`() async throws {
        try await TestService.with { service in
            try await RawClient.with(service.path) { client in
                let part = ByteBuffer(repeating: UInt8(ascii: "x"), count: 1 << 20)
                // The service closes long before all is sent: then writing fails.
                let sent = await catching { for _ in 0..<100 { try await client.send(bytes: part) } }
                #expect(throws: (any Error).self) { try sent.get() }
                let reply = await client.next()
                #expect(reply?.contains("org.seedsentinel.Connection.FrameTooLong") == true)
                #expect(await client.next() == nil)
            }
            try await service.expectToServe()
        }
    }

    @Test func `Half a call holds up nobody else`() async throws {
        try await TestService.with { service in
            try await RawClient.with(service.path) { slow in
                try await slow.send(bytes: ByteBuffer(string: String(echo("slow").prefix(20))))
                try await service.expectToServe()
                try await slow.send(String(echo("slow").dropFirst(20)))
                #expect(await slow.next() == #"{"parameters":{"text":"slow"}}"#)
            }
        }
    }

    @Test func `A stream that waits until it is writable never has much pending`() async throws {
        var limits = VarlinkService.Limits()
        limits.writableBytes = 64 << 10
        try await TestService.with(limits: limits) { service in
            try await RawClient.with(service.path, reading: false) { client in
                try await client.send(
                    #"{"method":"org.example.Test.Flood","parameters":{"polite":true,"bytes":10000},"more":true}"#
                )
                guard case .waiting(let id) = await service.next() else { throw Unexpected() }
                #expect(await service.handler.peakPendingBytes < limits.writableBytes + 11_000)

                await client.resume()
                for _ in 0..<200 { #expect(await client.next()?.utf8.count ?? 0 > 10_000) }
                #expect(await service.handler.peakPendingBytes < limits.writableBytes + 11_000)

                try await client.close()
                while let happening = await service.next(), happening != .closed(id) {}
            }
        }
    }

    @Test func `A stream that doesn't wait is closed when too much is pending`() async throws {
        var limits = VarlinkService.Limits()
        limits.unsentBytes = 1 << 20
        try await TestService.with(limits: limits) { service in
            try await RawClient.with(service.path, reading: false) { client in
                try await client.send(
                    #"{"method":"org.example.Test.Flood","parameters":{"polite":false,"bytes":10000},"more":true}"#
                )
                guard case .closed = await service.next() else { throw Unexpected() }
                let peak = await service.handler.peakPendingBytes
                #expect(peak > 1 << 20)
                #expect(peak < 1 << 20 + 22_000)
                await client.resume()
                while await client.next() != nil {}
            }
        }
    }

    @Test func `A user whose connections don't read what they have is answered no further until they do`()
        async throws
    {
        var limits = VarlinkService.Limits()
        limits.bytesPerUser = 100_000
        try await TestService.with(limits: limits) { service in
            try await RawClient.with(service.path, reading: false) { slow in
                try await slow.send(
                    #"{"method":"org.example.Test.Flood","parameters":{"polite":true,"bytes":10000},"more":true}"#
                )
                guard case .waiting = await service.next() else { throw Unexpected() }
                try await service.withClient { other in
                    let error = await #expect(throws: VarlinkError.self) {
                        try await other.call(
                            TestInterface.echo, .init(text: "1"), timeout: .milliseconds(500))
                    }
                    #expect(error?.code == .timedOut)
                    try await slow.close()
                    try await other.expectEcho()
                }
            }
        }
    }

    @Test func `A client that reads nothing of what waits for it is closed after a time, and said to be`()
        async throws
    {
        var limits = VarlinkService.Limits()
        limits.stalledAfter = .milliseconds(200)
        try await TestService.with(limits: limits) { service in
            try await RawClient.with(service.path) { silent in
                try await silent.send(echo("a"))
                _ = await silent.next()
                try await RawClient.with(service.path, reading: false) { slow in
                    try await slow.send(
                        #"{"method":"org.example.Test.Flood","parameters":{"polite":true,"bytes":10000},"more":true}"#
                    )
                    guard case .waiting(let id) = await service.next() else { throw Unexpected() }
                    while let happening = await service.next(), happening != .closed(id) {}
                    #expect(await service.handler.drops.map(\.cause) == [.stalled(limits.stalledAfter)])
                    try await service.expectToServe()
                }
                // It has been silent for longer, and owes nothing.
                try await silent.send(echo("b"))
                #expect(await silent.next() == #"{"parameters":{"text":"b"}}"#)
            }
        }
    }

    @Test func `A handler hears that a client has gone, though nothing is read from it`() async throws {
        try await TestService.with { service in
            try await RawClient.with(service.path) { client in
                try await client.send(#"{"method":"org.example.Test.Wait"}"#)
                guard case .waiting(let id) = await service.next() else { throw Unexpected() }
                // More than is read ahead, so that the service has stopped reading.
                for _ in 0..<20 { try await client.send(echo(String(repeating: "x", count: 8000))) }
                try await client.close()
                #expect(await service.next() == .closed(id))
            }
            try await service.waitForConnections(0)
        }
    }

    @Test func `A handler hears that a connection has ended whose calls are all answered`() async throws {
        try await TestService.with { service in
            try await service.withClient { client in
                _ = try await client.call(TestInterface.who)
                try await client.expectEcho()
            }
            try await service.withClient { client in
                guard case .disconnected(let first) = await service.next() else { throw Unexpected() }
                _ = try await client.call(TestInterface.who)
                await client.close()
                guard case .disconnected(let second) = await service.next() else { throw Unexpected() }
                #expect(first != second)
            }
        }
    }

    @Test func `A client that has said all it wants to gets its answers, then the end`() async throws {
        try await TestService.with { service in
            try await RawClient.with(service.path) { client in
                try await client.send(#"{"method":"org.example.Test.Wait"}"#)
                try await client.send(echo("a"))
                try await client.finish()
                guard case .waiting = await service.next() else { throw Unexpected() }
                try await service.withClient { other in
                    let reply = try await other.call(TestInterface.release)
                    #expect(reply.released == 1)
                }
                #expect(await client.next() == #"{"parameters":{}}"#)
                #expect(await client.next() == #"{"parameters":{"text":"a"}}"#)
                #expect(await client.next() == nil)
            }
        }
    }

    @Test func `More connections than allowed are told so and closed, until one goes`() async throws {
        var limits = VarlinkService.Limits()
        limits.connections = 2
        try await TestService.with(limits: limits) { service in
            try await refusesThird(service, scope: "service")
        }
    }

    @Test func `More connections of a user than allowed are told so and closed`() async throws {
        var limits = VarlinkService.Limits()
        limits.connectionsPerUser = 2
        try await TestService.with(limits: limits) { service in
            try await refusesThird(service, scope: "user")
        }
    }

    private func refusesThird(_ service: TestService, scope: String) async throws {
        try await service.withClient { first in
            try await service.withClient { second in
                #expect(try await second.call(TestInterface.echo, .init(text: "2")).text == "2")
                try await RawClient.with(service.path) { third in
                    let expected =
                        #"{"error":"org.seedsentinel.Connection.TooManyConnections","parameters":{"scope":"\#(scope)","limit":2}}"#
                    #expect(await third.next().map(JSON.init) == JSON(expected))
                    #expect(await third.next() == nil)
                }
                try await service.withClient { third in
                    let error = await #expect(throws: VarlinkError.self) {
                        try await third.call(TestInterface.echo, .init(text: "3"))
                    }
                    let said = error?.reply(as: ConnectionInterface.TooManyConnections.self)
                    #expect(said == .init(scope: scope, limit: 2))
                }
                #expect(try await first.call(TestInterface.echo, .init(text: "1")).text == "1")
            }
            try await service.waitForConnections(1)
            try await service.expectToServe()
        }
    }

    @Test func `A closed service leaves no file and no connection`() async throws {
        try await TestService.with { service in
            try await service.withClient { client in
                let waiting = Task { try await client.call(TestInterface.wait) }
                guard case .waiting = await service.next() else { throw Unexpected() }
                await service.service.close()
                let error = await #expect(throws: VarlinkError.self) { try await waiting.value }
                #expect(error?.code == .connectionLost)
                #expect(!FileManager.default.fileExists(atPath: service.path))
            }
        }
    }
}

struct Unexpected: Error {}
