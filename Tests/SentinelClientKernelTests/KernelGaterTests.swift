// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import Inet
import Logging
import NIOCore
import NIOPosix
import NamespaceSupport
import Sentinel
import SentinelClient
import SentinelConfiguration
import SentinelHelper
import SentinelProtocol
import Testing

@Suite(.timeLimit(.minutes(1)))
struct KernelGaterTests {
    private static let listed4 = IPAddress.v4(IPv4Address(203, 0, 113, 7))
    private static let listed6 = IPAddress.v6(IPv6Address(high: 0x2001_0DB8_0000_0007, low: 7))

    @Test
    func `denials before the handshake are in the kernel's sets, later ones are not`() async throws {
        try await HelperInNamespace.run { helper in
            let gater = try Self.gater(helper)
            let running = Task { await gater.run() }
            _ = gater.interceptAccept(try inbound("/ip4/203.0.113.7/tcp/5000"))
            _ = gater.interceptAccept(try inbound("/ip6/2001:db8:0:7::7/tcp/5000"))
            await helper.waitForAnswers(2)
            #expect(try await helper.keys("accept4") == ["203.0.113.7"])
            #expect(try await helper.keys("accept6") == ["2001:db8:0:7::"])
            #expect(try await helper.keys("dial4") == [])
            #expect(try await helper.keys("dial6") == [])

            let stranger = try peer(1)
            _ = gater.interceptAddressDial(stranger, try Multiaddr(parsing: "/ip4/203.0.113.7/tcp/4001"))
            _ = gater.interceptAddressDial(
                stranger, try Multiaddr(parsing: "/ip6/2001:db8:0:7::7/udp/4001/quic-v1"))
            await helper.waitForAnswers(2)
            #expect(try await helper.keys("dial4") == ["203.0.113.7 . tcp . 4001"])
            #expect(try await helper.keys("dial6") == ["2001:db8:0:7::7 . udp . 4001"])

            let before = try await helper.allKeys()
            let (denied, addresses) = (try peer(2), try inbound("/ip4/192.0.2.9/tcp/5000"))
            let remote = RemotePeer(id: denied, addresses: addresses, direction: .inbound)
            #expect(!gater.interceptSecured(.inbound, denied, addresses).isAllowed)
            #expect(
                !gater.interceptUpgraded(Connection(id: .init(rawValue: 1), remote: remote)).decision
                    .isAllowed)
            #expect(!gater.allowStream(remote, .gossip).isAllowed)
            let unproven = ConnectionAddresses(
                local: nil, remote: try Multiaddr(parsing: "/ip4/203.0.113.7/udp/5000/quic-v1"),
                source: .unproven)
            #expect(!gater.interceptAccept(unproven).isAllowed)
            // What is answered now would have been behind them.
            _ = gater.interceptAccept(try inbound("/ip4/203.0.113.7/tcp/5001"))
            await helper.waitForAnswers(1)
            #expect(try await helper.allKeys() == before)
            #expect(gater.statistics.unvalidated == 1)
            #expect(gater.statistics.enforced == 5)
            running.cancel()
            await running.value
        }
    }

    @Test
    func `a peer's endpoints are in the sets once it is denied, and later ones follow`() async throws {
        try await HelperInNamespace.run { helper in
            let gater = try Self.gater(helper)
            let running = Task { await gater.run() }
            let denied = try peer(2)
            gater.learn(
                peer: denied,
                addresses: [
                    try Multiaddr(parsing: "/ip4/198.51.100.9/udp/4001/quic-v1"),
                    try Multiaddr(parsing: "/ip6/2001:db8:0:9::9/tcp/4001"),
                ])
            #expect(!gater.interceptPeerDial(denied).isAllowed)
            await helper.waitForAnswers(2)
            #expect(try await helper.keys("dial4") == ["198.51.100.9 . udp . 4001"])
            #expect(try await helper.keys("dial6") == ["2001:db8:0:9::9 . tcp . 4001"])
            gater.learn(peer: denied, addresses: [try Multiaddr(parsing: "/ip4/198.51.100.10/tcp/8776")])
            await helper.waitForAnswers(1)
            #expect(
                Set(try await helper.keys("dial4")) == [
                    "198.51.100.9 . udp . 4001", "198.51.100.10 . tcp . 8776",
                ])
            #expect(try await helper.keys("accept4") == [])
            running.cancel()
            await running.value
        }
    }

    @Test
    func `what was denied while the helper was away is in the sets when it has come`() async throws {
        try await HelperInNamespace.run(startsAtOnce: false) { helper in
            let gater = try Self.gater(helper)
            let running = Task { await gater.run() }
            _ = gater.interceptAccept(try inbound("/ip4/203.0.113.7/tcp/5000"))
            try await helper.start()
            await helper.waitForAnswers(1)
            #expect(try await helper.keys("accept4") == ["203.0.113.7"])
            running.cancel()
            await running.value
        }
    }

    /// A gater with a list: one peer, one address of each family.
    private static func gater(_ helper: HelperInNamespace) throws -> KernelGater<PolicySentinel> {
        let clock = HandOver.Timing.system.now
        var list = AccessList(name: "list", effect: .deny)
        for subject: AccessList.Subject in [.address(listed4), .address(listed6), .peer(try peer(2))] {
            try list.insert(subject, reason: .denyListed, for: .seconds(600), now: clock())
        }
        var configuration = HandOver.Configuration()
        configuration.socket = helper.socket
        return KernelGater(
            wrapping: try PolicySentinel([list], clock: clock), configuration,
            on: MultiThreadedEventLoopGroup.singleton, logger: helper.logger,
            observer: { helper.noticed.yield($0) })
    }
}

/// The helper in this process, with a network namespace of its own.
final class HelperInNamespace: Sendable {
    let socket: String
    let logger: Logger
    let noticed: AsyncStream<HandOver.Notice>.Continuation
    private let notices: AsyncStream<HandOver.Notice>
    private let namespace: NetworkNamespace
    private let group: MultiThreadedEventLoopGroup
    private let services: AsyncStream<HelperService>
    private let started: AsyncStream<HelperService>.Continuation

    private init(_ namespace: NetworkNamespace, _ group: MultiThreadedEventLoopGroup, socket: String) {
        self.namespace = namespace
        self.group = group
        self.socket = socket
        logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        (notices, noticed) = AsyncStream.makeStream()
        (services, started) = AsyncStream.makeStream()
    }

    static func run(startsAtOnce: Bool = true, _ body: (HelperInNamespace) async throws -> Void) async throws
    {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
            "k-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let namespace = try await NetworkNamespace()
        // Threads that are made inside the namespace stay there.
        let group = try await namespace.run { MultiThreadedEventLoopGroup(numberOfThreads: 1) }
        let helper = HelperInNamespace(namespace, group, socket: directory.path + "/socket")
        let result: Result<Void, any Error>
        do {
            if startsAtOnce { try await helper.start() }
            try await body(helper)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        helper.started.finish()
        for await service in helper.services { await service.stop() }
        try await group.shutdownGracefully()
        try result.get()
    }

    /// Starts the helper on its thread in the namespace.
    func start() async throws {
        var configuration = Configuration()
        configuration.socket.path = socket
        let (eventLoop, logger, settled) = (group.next(), logger, configuration)
        let service = try await withTaskExecutorPreference(LoopExecutor(eventLoop: eventLoop)) {
            try await HelperService.start(settled, on: eventLoop, manager: .none, logger: logger)
        }
        started.yield(service)
    }

    /// Waits until so many denials are answered.
    func waitForAnswers(_ count: Int) async {
        for _ in 0..<count {
            _ = await notices.first { if case .answered = $0 { true } else { false } }
        }
    }

    /// The keys of a set, as nft lists them.
    func keys(_ set: String) async throws -> [String] {
        try await namespace.nftElements("inet", "sentinel", set).map(\.key)
    }

    /// The keys of all sets that bans are in.
    func allKeys() async throws -> [String: [String]] {
        var keys: [String: [String]] = [:]
        for set in ["accept4", "accept6", "dial4", "dial6", "net4", "net6", "feed4", "feed6"] {
            keys[set] = try await self.keys(set)
        }
        return keys
    }
}

/// Runs tasks on an event loop, and so in the namespace that its thread is in.
private final class LoopExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// The peer whose key consists of this byte.
private func peer(_ number: UInt8) throws -> PeerID {
    try PeerID(ed25519PublicKey: [UInt8](repeating: number, count: 32))
}

/// An inbound TCP connection.
private func inbound(_ remote: String) throws -> ConnectionAddresses {
    ConnectionAddresses(local: nil, remote: try Multiaddr(parsing: remote), source: .handshake)
}
