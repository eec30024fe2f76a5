// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import NIOCore
internal import SentinelProtocol
internal import Varlink

/// Where the helper listens.
struct HelperAddress: Sendable {
    /// Where it listens if nothing else is said.
    static let defaultSocket = "/run/sentinel/sentinel.sock"
    /// The environment's variable that says otherwise.
    static let variable = "SENTINEL_SOCKET"

    let socket: String
    let group: any EventLoopGroup

    /// Connects; a reply may have so many bytes.
    func connect(replyBytes: Int? = nil) async throws(VarlinkError) -> VarlinkClient {
        var configuration = VarlinkClient.Configuration()
        if let replyBytes { configuration.replyBytes = replyBytes }
        return try await VarlinkClient.connect(path: socket, on: group, configuration: configuration)
    }

    /// Connects, and waits for one reply.
    func call<Parameters, Reply>(
        _ method: VarlinkMethod<Parameters, Reply>, _ parameters: Parameters
    ) async throws(VarlinkError) -> Reply {
        let client = try await connect()
        return try await client.call(method, parameters, timeout: Self.patience)
    }

    /// How long a reply may take: a helper that loads a million bans for somebody else answers late.
    static let patience = Duration.seconds(120)
}
