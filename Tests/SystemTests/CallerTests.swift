// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Glibc
import NIOCore
import NIOPosix
import NamespaceSupport
import SentinelProtocol
import SentineldSupport
import Synchronization
import Testing
import Varlink

/// Goes on until it is told to end.
private final class Flood: Sendable {
    private let over = Mutex(false)

    var isOver: Bool { over.withLock { $0 } }
    func end() { over.withLock { $0 = true } }
}

/// What callers can do to sentineld, and to each other.
@Suite(.timeLimit(.minutes(2)), .serialized) struct CallerTests {
    /// Users that nobody has, who may submit.
    static let users: [UInt32] = [70_001, 70_002, 70_003, 70_004]

    /// A configuration by which they may.
    static func place(_ socket: String = "") throws -> Place {
        try Place { text in
            let submit = users.map { "\"user:\($0)\"" }.joined(separator: ", ")
            return text.replacing("submit = [", with: "submit = [\(submit), ")
                .replacing("[socket]\n", with: "[socket]\nmode = \"0666\"\n\(socket)\n")
        }
    }

    /// Shows that an operator is served on a connection of his own.
    private func expectToServeOperator(
        _ sentineld: RunningSentineld, _ subject: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let client = try await VarlinkClient.connect(
            path: sentineld.place.socket, on: MultiThreadedEventLoopGroup.singleton)
        let status = try await client.call(HelperInterface.status)
        #expect(status.mode != .released, sourceLocation: sourceLocation)
        let request = BanRequest(check: .accept, subject: subject)
        let receipts = try await client.call(HelperInterface.ban, .init(bans: [request])).receipts
        #expect(receipts.map(\.enforced) == [true], sourceLocation: sourceLocation)
        await client.close()
    }

    /// This process has the other ends of all connections.
    private func raiseDescriptorLimit() {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = max(limit.rlim_cur, min(limit.rlim_max, 8192))
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    private static let halfCall =
        #"{"method":"org.seedsentinel.Helper.Submit","parameters":{"denials":[{"check":"accept","detail":""#
        + String(repeating: "x", count: 50_000)

    @Test func `A thousand idle and slow clients don't keep an operator from his work`() async throws {
        raiseDescriptorLimit()
        let namespace = try await NetworkNamespace()
        let place = try Self.place("connections = 1000\nconnections_per_user = 250")
        let sentineld = try await RunningSentineld.start(in: namespace, place)
        // So that there is something to list.
        let denials = (0..<2000).map {
            Denial(
                check: .accept, subject: "10.1.\($0 / 250).\($0 % 250)", reason: "rate",
                detail: String(repeating: "x", count: 200), validated: true)
        }
        _ = try await sentineld.client.call(HelperInterface.submit, .init(denials: denials))
        let before = try sentineld.process.residentBytes()

        // One of the thousand is the operator's own connection.
        let idle = try await namespace.clients(250, of: Self.users[0], at: place)
        let halfSent = try await namespace.clients(250, of: Self.users[1], at: place)
        halfSent.send(Self.halfCall)
        let neverReading = try await namespace.clients(250, of: Self.users[2], at: place)
        for _ in 0..<3 {
            neverReading.send(#"{"method":"org.seedsentinel.Helper.List","more":true}"# + "\0")
        }
        let watching = try await namespace.clients(249, of: Self.users[3], at: place)
        watching.send(#"{"method":"org.seedsentinel.Helper.Watch","more":true}"# + "\0")
        try await until { try await sentineld.status().subscribers == 249 }
        #expect(try await sentineld.status().callers == 1000)

        try await expectToServeOperator(sentineld, "192.0.2.1")
        // Others there may be no more of, and they are told.
        let last = try await namespace.clients(1, of: Self.users[3], at: place)
        var said = ""
        try await until {
            let (text, hasEnded) = last.received()[0]
            said += text
            return hasEnded
        }
        #expect(said.contains("TooManyConnections") && said.contains(#""limit":1000"#))
        try await expectToServeOperator(sentineld, "192.0.2.2")

        // 250 half calls, and the replies to 250 calls up to where they aren't written any more.
        let growth = try sentineld.process.residentBytes() - before
        #expect(growth < 192 << 20, "grown by \(growth >> 20) MiB")
        withExtendedLifetime((idle, halfSent, neverReading, watching)) {}
        try await sentineld.end(by: SIGTERM)
    }

    @Test func `A user's half calls are held up to a bound, whatever he sends`() async throws {
        let namespace = try await NetworkNamespace()
        let place = try Self.place("bytes_per_user = 16777216")
        let sentineld = try await RunningSentineld.start(in: namespace, place)
        let before = try sentineld.process.residentBytes()
        let user = Self.users[0]
        var clients: [Clients] = []
        var refused = 0
        // 60 MB of calls that never end.
        for _ in 0..<60 {
            let client = try await namespace.clients(1, of: user, at: place)
            _ = try await onFreshThread {
                client.sendWhole(Self.halfCall + String(repeating: "y", count: 950_000))
            }
            clients.append(client)
        }
        for client in clients {
            let received = client.received()[0]
            if received.text.contains("org.seedsentinel.Connection.TooManyBytes") { refused += 1 }
        }
        #expect(refused > 30)
        let growth = try sentineld.process.residentBytes() - before
        #expect(growth < 64 << 20, "grown by \(growth >> 20) MiB")
        try await expectToServeOperator(sentineld, "192.0.2.1")
        withExtendedLifetime(clients) {}
        try await sentineld.end(by: SIGTERM)
    }

    @Test func `A user who floods it with calls doesn't keep another from his`() async throws {
        let namespace = try await NetworkNamespace()
        let place = try Self.place()
        let sentineld = try await RunningSentineld.start(in: namespace, place)
        let call =
            #"{"method":"org.seedsentinel.Helper.Submit","parameters":{"denials":["#
            + Array(
                repeating:
                    #"{"check":"accept","subject":"198.51.100.7","reason":"rate","validated":true}"#,
                count: 50
            ).joined(separator: ",") + "]}}"
        let flooding = try await namespace.clients(8, of: Self.users[0], at: place)
        let flood = Flood()
        async let answered = onFreshThread { flooding.flood(call) { !flood.isOver } }
        do {
            let other = try await namespace.clients(1, of: Self.users[1], at: place)
            // On one thread: the flood leaves little time for others to come and go.
            let refused = try await onFreshThread {
                (0..<300).compactMap { number -> String? in
                    let denial =
                        #"{"check":"accept","subject":"203.0.113.\#(number % 250)","reason":"rate","validated":true}"#
                    let reply = other.reply(
                        to:
                            #"{"method":"org.seedsentinel.Helper.Submit","parameters":{"denials":[\#(denial)]}}"#
                    )
                    return reply?.contains(#""enforced":true"#) == true ? nil : reply ?? "the end"
                }
            }
            #expect(refused == [])
            try await expectToServeOperator(sentineld, "192.0.2.1")
        } catch {
            flood.end()
            throw error
        }
        flood.end()
        // He had calls waiting all the time, and was answered as well.
        #expect(try await answered ?? 0 > 100)
        try await sentineld.end(by: SIGTERM)
    }

    @Test func `Without a descriptor left it turns callers away, and goes on when there are some`()
        async throws
    {
        let namespace = try await NetworkNamespace()
        let place = try Self.place("connections = 256\nconnections_per_user = 256")
        let sentineld = try await RunningSentineld.start(in: namespace, place)
        let process = sentineld.process
        let limit = try process.descriptorCount() + 4
        try await namespace.command("prlimit", "--pid", "\(process.processID)", "--nofile=\(limit):\(limit)")
        let used = try process.processorTime()
        var clients: Clients? = try await namespace.clients(100, of: Self.users[0], at: place)
        // Each of those that find no place sees the end of its connection, whether it says something or not.
        try await until { clients?.received().count { $0.hasEnded } ?? 0 >= 90 }
        // It lives, on the connection that there is, and doesn't spin.
        for _ in 0..<100 {
            _ = try await sentineld.status()
            try await Task.sleep(for: .milliseconds(10))
        }
        let spent = try process.processorTime() - used
        #expect(spent < .milliseconds(700), "\(spent) in more than a second")
        #expect(clients?.received().count { !$0.hasEnded } ?? 0 <= 10)

        clients = nil
        try await until { try await sentineld.status().callers == 1 }
        try await expectToServeOperator(sentineld, "192.0.2.1")
        #expect(try await sentineld.end(by: SIGTERM) == .exited(0))
        let log = try await process.complaints()
        let lines = log.split(separator: "\n").filter { $0.contains("no file descriptor left") }
        // The first, and at the end how often it came.
        #expect((1...3).contains(lines.count), "\(lines.joined(separator: "\n"))")
        #expect(lines.first?.contains("LimitNOFILE=") == true)
        #expect(lines.last?.contains("repeated") == true)
    }

    @Test func `It takes no more callers than descriptors allow, and says so`() async throws {
        let namespace = try await NetworkNamespace()
        let place = try Self.place("connections = 500\nconnections_per_user = 500")
        let process = try await namespace.start([
            "prlimit", "--nofile=128:128", try Place.program("sentineld"), "--config", place.configuration,
        ])
        let client = try await until { () async throws -> VarlinkClient? in
            guard process.isRunning else { throw SupportError(try await process.complaints()) }
            return try? await VarlinkClient.connect(
                path: place.socket, on: MultiThreadedEventLoopGroup.singleton)
        }
        let problems = try await client.call(HelperInterface.status).problems
        #expect(
            problems.contains { $0.contains("[socket] connections is 500") && $0.contains("LimitNOFILE=") })
        let others = try await namespace.clients(100, of: Self.users[0], at: place)
        try await until { others.received().count { $0.hasEnded } >= 30 }
        let operators = try await VarlinkClient.connect(
            path: place.socket, on: MultiThreadedEventLoopGroup.singleton)
        _ = try await operators.call(HelperInterface.status)
        process.signal(SIGTERM)
        #expect(try await process.end() == .exited(0))
        #expect(try await !process.complaints().contains("no file descriptor left"))
        withExtendedLifetime(others) {}
    }

    @Test func `Callers that are turned away without end fill no log`() async throws {
        let namespace = try await NetworkNamespace()
        let place = try Self.place("connections_per_user = 1")
        let sentineld = try await RunningSentineld.start(in: namespace, place)
        let first = try await namespace.clients(1, of: Self.users[0], at: place)
        for _ in 0..<20 {
            let others = try await namespace.clients(100, of: Self.users[0], at: place)
            try await until { others.received().allSatisfy(\.hasEnded) }
        }
        try await sentineld.end(by: SIGTERM)
        let log = try await sentineld.process.complaints()
        let lines = log.split(separator: "\n").filter { $0.contains("turned a caller away") }
        // Two in the test's longest minute, and what was counted each time.
        #expect((2...6).contains(lines.count), "\(lines.joined(separator: "\n"))")
        #expect(lines.last?.contains("repeated") == true)
        #expect(lines.first?.contains("caller=user:70001") == true)
        withExtendedLifetime(first) {}
    }
}
