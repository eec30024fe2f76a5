// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Foundation
internal import NIOCore
internal import NIOPosix
package import NamespaceSupport
package import SentinelProtocol
package import Varlink

/// sentineld as it was built, and a client of its.
package struct RunningSentineld: Sendable {
    package let process: RunningProcess
    package let client: VarlinkClient
    package let place: Place

    /// Starts it in a namespace and waits until it answers.
    ///
    /// - Parameter store: what keeps descriptors for it, and hands it those that it kept.
    /// - Throws: what it complained of, where it ends instead.
    package static func start(
        in namespace: NetworkNamespace, _ place: Place, store: DescriptorStore? = nil
    ) async throws -> RunningSentineld {
        let command = [try Place.program("sentineld"), "--config", place.configuration]
        let process =
            if let store {
                try await namespace.start(
                    store.receiving(command), environment: store.environment, input: store.kept)
            } else {
                try await namespace.start(command)
            }
        let client = try await until { () async throws -> VarlinkClient? in
            guard process.isRunning else {
                throw SupportError("sentineld has ended: \(try await process.complaints())")
            }
            return try? await VarlinkClient.connect(
                path: place.socket, on: MultiThreadedEventLoopGroup.singleton)
        }
        return RunningSentineld(process: process, client: client, place: place)
    }

    /// Ends it by a signal and says how it ended.
    @discardableResult
    package func end(by signal: Int32) async throws -> RunningProcess.End {
        process.signal(signal)
        let end = try await process.end()
        await client.waitUntilClosed()
        return end
    }

    package func submit(
        _ check: Check, _ subject: String, duration: Int64? = nil, peer: String? = nil
    ) async throws -> Receipt {
        let denial = Denial(
            check: check, subject: subject, peer: peer, reason: "rate",
            duration: duration.map { Milliseconds(rawValue: $0) }, validated: true)
        return try await client.call(HelperInterface.submit, .init(denials: [denial])).receipts[0]
    }

    package func list() async throws -> [Ban] { try await client.call(HelperInterface.list, .init()).bans }

    package func status() async throws -> Status { try await client.call(HelperInterface.status) }
}

/// A directory with a configuration and room for a socket, which ends with its owner.
package final class Place: Sendable {
    package let directory: String

    package init(_ change: (String) -> String = { $0 }) throws {
        directory = FileManager.default.temporaryDirectory.path + "/sentinel-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
        let text = change(
            """
            [socket]
            path = "\(directory)/socket"
            [ledger]
            directory = "\(directory)"
            [access]
            submit = ["user:\(geteuid())"]
            operate = ["user:\(geteuid())"]
            [node]
            users = ["65534"]
            [durations.default]
            jitter = 0
            """)
        try Data(text.utf8).write(to: URL(filePath: configuration))
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: configuration)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    package var configuration: String { directory + "/sentinel.toml" }
    package var socket: String { directory + "/socket" }

    /// A program as it was built: it lies beside the tests.
    package static func program(_ name: String) throws -> String {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return URL(filePath: own).deletingLastPathComponent().appending(path: name).path
    }
}
