// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import ConfigurationLoader
import Foundation
import Inet
import NamespaceSupport
import SentinelConfiguration
import SentinelProtocol
import Testing
import Varlink

@testable import SentinelHelper

/// Files of feeds in a directory that ends with this, and a helper that reads them as sentineld does: by the program.
final class FeedFiles: Sendable {
    let directory: String

    init() throws {
        directory =
            FileManager.default.temporaryDirectory.path + "/sentinel-feeds-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    func path(_ name: String) -> String { "\(directory)/\(name)" }

    /// Puts a list there by a rename, as who fetches it should.
    func put(_ name: String, _ lines: [String]) throws { try put(name, lines.map { $0 + "\n" }.joined()) }

    func put(_ name: String, _ text: String) throws {
        let new = path(".\(UUID().uuidString.prefix(8))")
        try Data(text.utf8).write(to: URL(filePath: new))
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: new)
        guard rename(new, path(name)) == 0 else { throw SupportError("rename: \(errno)") }
    }

    func feed(_ name: String, maxAge: Duration? = nil) -> Configuration.Feed {
        .init(name: name, path: path(name), maxAge: maxAge)
    }

    /// What tests start from, with these feeds.
    func configuration(
        _ names: String..., change: (inout Configuration) -> Void = { _ in }
    ) -> Configuration {
        RunningHelper.configuration {
            $0.feeds = names.map { feed($0) }
            change(&$0)
        }
    }

    static let reading: Helper.FeedReading = { feed, capacity throws(ConfigurationError) in
        try ConfigurationProgram.find().feed(feed, capacity: capacity)
    }
}

extension RunningHelper {
    func feeds() async throws -> [Feed] { try await client.call(HelperInterface.feeds).feeds }

    func feed(_ name: String) async throws -> Feed {
        try #require(try await feeds().first { $0.name == name })
    }

    /// Waits until the kernel has what the feeds list together: so many addresses, and so many blocks.
    func untilInForce(_ addresses: Int, _ blocks: Int = 0) async throws {
        try await until {
            let sets = try await status().sets
            func count(_ names: String...) -> Int {
                sets.filter { names.contains($0.name) }.reduce(0) { $0 + $1.count }
            }
            return count("feed4", "feed6") == addresses && count("feednet4", "feednet6") == blocks
        }
    }
}

/// A node that listens, and what clients see.
struct Node: Sendable {
    let link: Link
    private let listeners: [TestSocket]

    init() async throws {
        let link = try await Link()
        self.link = link
        listeners = try await link.node.run {
            try [Link.node4, Link.node6].map { address in
                let listener = try TestSocket(.tcp, at: Link.address(address), port: EnforcementTests.port)
                try listener.listen()
                return listener
            }
        }
    }

    func admits(_ client: String) async throws -> Bool {
        try await link.connect(from: client, to: Link.node(for: client), port: EnforcementTests.port) == .ok
    }
}
