// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import Logging
import NIOCore
import NIOPosix
import NamespaceSupport
import Sentinel
import SentinelClient
import SentinelConfiguration
import SentinelHelper
import SentinelProtocol
import Varlink

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
    private let shadow: [Configuration.ShadowedCheck]

    private init(
        _ namespace: NetworkNamespace, _ group: MultiThreadedEventLoopGroup, socket: String,
        shadow: [Configuration.ShadowedCheck]
    ) {
        self.namespace = namespace
        self.group = group
        self.socket = socket
        self.shadow = shadow
        logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        (notices, noticed) = AsyncStream.makeStream()
        (services, started) = AsyncStream.makeStream()
    }

    /// - Parameters:
    ///   - namespace: nil: one of its own.
    ///   - shadow: the checks in shadow.
    static func run(
        in namespace: NetworkNamespace? = nil, startsAtOnce: Bool = true,
        shadow: [Configuration.ShadowedCheck] = [],
        _ body: (HelperInNamespace) async throws -> Void
    ) async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
            "k-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let own: NetworkNamespace
        if let namespace { own = namespace } else { own = try await NetworkNamespace() }
        // Threads that are made inside the namespace stay there.
        let group = try await own.run { MultiThreadedEventLoopGroup(numberOfThreads: 1) }
        let helper = HelperInNamespace(own, group, socket: directory.path + "/socket", shadow: shadow)
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
        configuration.ledger.directory = nil
        configuration.durations.fallback.jitter = 0
        configuration.shadow.checks = shadow
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

    /// Waits until the helper has answered a denial of this subject.
    func answer(to subject: String) async -> Receipt? {
        for await notice in notices {
            if case .answered(let denial, let receipt) = notice, denial.subject == subject { return receipt }
        }
        return nil
    }

    /// Waits until the helper tells this of a subject.
    func happened(_ kind: EventKind, to subject: String) async -> SentinelProtocol.Event? {
        for await notice in notices {
            if case .happened(let event) = notice, event.kind == kind, event.ban?.subject == subject {
                return event
            }
        }
        return nil
    }

    /// Does something as an operator.
    func asOperator<T>(_ body: (VarlinkClient) async throws -> T) async throws -> T {
        let client = try await VarlinkClient.connect(path: socket, on: MultiThreadedEventLoopGroup.singleton)
        let result: Result<T, any Error>
        do { result = .success(try await body(client)) } catch { result = .failure(error) }
        await client.close()
        return try result.get()
    }

    /// Bans as an operator.
    func ban(_ check: SentinelProtocol.Check, _ subject: String) async throws -> Receipt {
        try await asOperator { client in
            try await client.call(
                HelperInterface.ban, .init(bans: [BanRequest(check: check, subject: subject)])
            ).receipts[0]
        }
    }

    /// The bans in force.
    func bans() async throws -> [Ban] {
        try await asOperator { try await $0.call(HelperInterface.list, .init()).bans }
    }

    /// The keys of a set, as nft lists them.
    func keys(_ set: String) async throws -> [String] {
        try await namespace.nftElements("inet", "sentinel", set).map(\.key)
    }

    /// The keys of all sets that bans are in.
    func allKeys() async throws -> [String: [String]] {
        var keys: [String: [String]] = [:]
        for set in [
            "accept4", "accept6", "dial4", "dial6", "net4", "net6", "feed4", "feed6", "feednet4", "feednet6",
        ] {
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
