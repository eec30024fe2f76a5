// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import NIOCore
import NIOPosix
import NamespaceSupport
import SentinelProtocol
import Testing
import Varlink

@testable import SentinelHelper

extension RunningHelper {
    func submit(_ denials: [Denial]) async throws -> [Receipt] {
        try await client.call(HelperInterface.submit, .init(denials: denials)).receipts
    }

    func ban(_ requests: [BanRequest]) async throws -> [Receipt] {
        try await client.call(HelperInterface.ban, .init(bans: requests)).receipts
    }

    func lift(_ filter: Filter, dryRun: Bool? = nil) async throws -> [Ban] {
        try await client.call(HelperInterface.lift, .init(filter: filter, dryRun: dryRun)).bans
    }

    func list(_ filter: Filter? = nil) async throws -> [Ban] {
        try await client.call(HelperInterface.list, .init(filter: filter)).bans
    }

    func explain(_ subject: String) async throws -> Explanation {
        try await client.call(HelperInterface.explain, .init(subject: subject))
    }

    func status() async throws -> Status { try await client.call(HelperInterface.status) }

    /// Shows that the helper still does its work.
    func expectToServe(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let other = try await VarlinkClient.connect(path: path, on: group)
        let denial = Denial(check: .accept, subject: "192.0.2.254", reason: "rate", validated: true)
        let receipt = try await other.call(HelperInterface.submit, .init(denials: [denial])).receipts[0]
        #expect(receipt.enforced, sourceLocation: sourceLocation)
        #expect(try await keys("accept4").contains("192.0.2.254"), sourceLocation: sourceLocation)
        await other.close()
    }

    /// Does something as a client of another user's.
    func asUser<T>(_ user: UInt32, _ body: (VarlinkClient) async throws -> T) async throws -> T {
        // An event loop's thread runs as the user of the thread that makes it.
        let group = try await namespace.run(asUser: user) { MultiThreadedEventLoopGroup(numberOfThreads: 1) }
        let client = try await VarlinkClient.connect(path: path, on: group)
        let result: Result<T, any Error>
        do { result = .success(try await body(client)) } catch { result = .failure(error) }
        await client.close()
        try await group.shutdownGracefully()
        return try result.get()
    }

    /// A watcher that has had its first reply: it misses nothing from here on.
    func watch() async throws -> Watcher {
        let client = try await VarlinkClient.connect(path: path, on: group)
        var watcher = Watcher(replies: client.stream(HelperInterface.watch).makeAsyncIterator())
        #expect(try await watcher.replies.next()?.events == [])
        return watcher
    }
}

extension KernelFeatures {
    /// A kernel that knows nothing new.
    static let none = KernelFeatures()
}

/// A directory that is there as long as the body runs.
func withDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let path = NSTemporaryDirectory() + "sentinel-ledger-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
}
