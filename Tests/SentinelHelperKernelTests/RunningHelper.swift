// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import Logging
import NIOCore
import NIOPosix
import NamespaceSupport
import SentinelConfiguration
import SentinelProtocol
import Varlink

@testable import SentinelHelper

/// The helper with its socket, in this process and in a namespace of a test's.
struct RunningHelper: Sendable {
    let namespace: NetworkNamespace
    let service: HelperService
    let client: VarlinkClient
    let group: MultiThreadedEventLoopGroup
    let path: String

    /// What tests start from: whoever runs them may do everything, and dials of nobody's are checked.
    static func configuration(_ change: (inout Configuration) -> Void = { _ in }) -> Configuration {
        var configuration = Configuration()
        configuration.node.users = [.id(65_534)]
        configuration.access.submit = [.user(.id(geteuid()))]
        configuration.access.operate = [.user(.id(geteuid()))]
        configuration.durations.fallback.jitter = 0
        configuration.ledger.directory = nil
        change(&configuration)
        return configuration
    }

    static func start(
        in namespace: NetworkNamespace, _ configuration: Configuration = configuration(),
        manager: ServiceManager = .none, clock: HostClock = .system, limit: KernelFeatures = .all,
        resolverFiles: Resolvers.Files = .none, source: Helper.ConfigurationSource? = nil,
        feedReading: Helper.FeedReading? = nil
    ) async throws -> RunningHelper {
        // An event loop's thread is in the namespace of the thread that makes it.
        let group = try await namespace.run { MultiThreadedEventLoopGroup(numberOfThreads: 1) }
        var configuration = configuration
        let path = NSTemporaryDirectory() + "sentinel-\(UUID().uuidString.prefix(8)).sock"
        configuration.socket.path = path
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let service = try await HelperService.start(
            configuration, on: group.next(), manager: manager, logger: logger, clock: clock, limit: limit,
            resolverFiles: resolverFiles, source: source, feedReading: feedReading)
        let client = try await VarlinkClient.connect(path: path, on: group)
        return RunningHelper(namespace: namespace, service: service, client: client, group: group, path: path)
    }

    func stop() async throws {
        await client.close()
        await service.stop()
        try await group.shutdownGracefully()
    }

    /// Submits one denial and returns its receipt.
    func submit(
        _ check: SentinelProtocol.Check, _ subject: String, reason: String = "rate", duration: Int64? = nil,
        validated: Bool = true
    ) async throws -> Receipt {
        let denial = Denial(
            check: check, subject: subject, reason: reason,
            duration: duration.map { Milliseconds(rawValue: $0) },
            validated: validated)
        return try await client.call(HelperInterface.submit, .init(denials: [denial])).receipts[0]
    }

    /// Bans as an operator and returns the receipt.
    func ban(
        _ check: SentinelProtocol.Check, _ subject: String, duration: Int64? = nil, exact: Bool? = nil
    ) async throws -> Receipt {
        let request = BanRequest(
            check: check, subject: subject, duration: duration.map { Milliseconds(rawValue: $0) },
            exact: exact)
        return try await client.call(HelperInterface.ban, .init(bans: [request])).receipts[0]
    }

    /// Whether the kernel's exempt set holds an address, alone or in a range.
    func isExempt(_ address: String) async throws -> Bool {
        let set = address.contains(":") ? "exempt6" : "exempt4"
        return try await namespace.run {
            try Command(["nft", "get", "element", "inet", "sentinel", set, "{ \(address) }"]).run().status
                == 0
        }
    }

    func keys(_ set: String) async throws -> [String] {
        try await namespace.nftElements("inet", "sentinel", set).map(\.key)
    }
}

extension Resolvers.Files {
    /// A host that asks no name servers: those of the machine that runs the tests are none of theirs.
    static let none = Resolvers.Files(main: "/dev/null", upstream: "/dev/null")
}

/// Runs a test with a helper that is stopped in the end.
func withHelper(
    _ configuration: Configuration = RunningHelper.configuration(), in namespace: NetworkNamespace? = nil,
    clock: HostClock = .system, limit: KernelFeatures = .all, resolverFiles: Resolvers.Files = .none,
    source: Helper.ConfigurationSource? = nil, feedReading: Helper.FeedReading? = nil,
    _ body: (RunningHelper) async throws -> Void
) async throws {
    let own: NetworkNamespace
    if let namespace { own = namespace } else { own = try await NetworkNamespace() }
    let helper = try await RunningHelper.start(
        in: own, configuration, clock: clock, limit: limit, resolverFiles: resolverFiles, source: source,
        feedReading: feedReading)
    do {
        try await body(helper)
    } catch {
        try await helper.stop()
        throw error
    }
    try await helper.stop()
}
