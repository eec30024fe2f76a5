// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import NIOCore
import NIOPosix
import SentinelProtocol
import Synchronization
import Varlink

@testable import SentinelControl

/// Answers a helper's calls as a test wants it.
actor FakeHelper: VarlinkHandler {
    typealias Answer = @Sendable (VarlinkCall) throws(VarlinkFailure) -> Void

    let eventLoop: any EventLoop
    private let answer: Answer

    init(eventLoop: any EventLoop, answer: @escaping Answer) {
        self.eventLoop = eventLoop
        self.answer = answer
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { eventLoop.executor.asUnownedSerialExecutor() }

    func handle(_ call: VarlinkCall) throws(VarlinkFailure) {
        try answer(call)
    }
}

/// What a command printed, and how it ended.
struct Outcome: Sendable {
    var status: Int32
    var output: String
    var errors: String
}

/// Keeps what a command prints.
final class Recorder: Sendable {
    private let texts = Mutex((output: "", errors: ""))

    /// 2026-11-21T05:12:33Z, for ever.
    static let now = Timestamp(rawValue: 1_795_237_953_000)

    func write(_ text: String) { texts.withLock { $0.output += text } }
    func writeError(_ text: String) { texts.withLock { $0.errors += text + "\n" } }

    func outcome(_ status: Int32) -> Outcome {
        texts.withLock { Outcome(status: status, output: $0.output, errors: $0.errors) }
    }

    /// A console 80 columns wide, in UTC. `writes` is how often it can be written to before it closes.
    func console(
        socket: String = "/nonexistent/sentinel.sock", width: Int? = 80, writes: Int = .max,
        ask: (@Sendable (String) -> String?)? = nil
    ) -> Console {
        let left = Mutex(writes)
        let recorder = self
        let written = Written(left: left)
        return Console(
            write: { (text: String) throws(OutputClosed) -> Void in
                guard written.take() else { throw OutputClosed() }
                recorder.write(text)
            },
            writeError: { recorder.writeError($0) }, ask: ask, width: width, now: { Self.now },
            localTime: LocalTime { _ in 0 }, environment: ["SENTINEL_SOCKET": socket])
    }
}

/// Counts writes down.
private final class Written: Sendable {
    private let left: Mutex<Int>

    init(left: consuming sending Mutex<Int>) {
        self.left = left
    }

    func take() -> Bool {
        left.withLock { left in
            guard left > 0 else { return false }
            left -= 1
            return true
        }
    }
}

/// Runs a command line against a helper that answers so.
func control(
    _ arguments: String..., width: Int? = 80, writes: Int = .max, ask: (@Sendable (String) -> String?)? = nil,
    answer: @escaping FakeHelper.Answer
) async throws -> Outcome {
    let path = FileManager.default.temporaryDirectory.path + "/\(UUID().uuidString)"
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let service = try await VarlinkService.start(
        on: group.next(), listener: .path(path),
        identity: .init(vendor: "Seed Sentinel", product: "test", version: "0", url: "https://example.org"),
        interfaces: [HelperInterface.interface],
        handler: FakeHelper(eventLoop: group.next(), answer: answer))
    let recorder = Recorder()
    let status = await ControlProgram.run(
        arguments, on: recorder.console(socket: path, width: width, writes: writes, ask: ask))
    await service.close()
    try await group.shutdownGracefully()
    return recorder.outcome(status)
}

/// Runs a command line where there is no helper.
func controlAlone(_ arguments: String...) async -> Outcome {
    let recorder = Recorder()
    return recorder.outcome(await ControlProgram.run(arguments, on: recorder.console()))
}

/// A ban for ten minutes from now on.
func sampleBan(_ id: Int64 = 17, key: String = "203.0.113.7", detail: String? = nil) -> Ban {
    Ban(
        id: id, check: .accept, subject: key, key: key, set: "accept4", peer: "12D3KooWA",
        reason: "rate-limit", detail: detail, caller: "user:seed", byOperator: false,
        granted: Milliseconds(rawValue: 600_000), created: Recorder.now,
        expires: Timestamp(rawValue: Recorder.now.rawValue + 600_000), strikes: 2, durable: false)
}

/// Runs a verb as the screen does, against a helper that answers so.
func ranWithin(_ arguments: [String], _ answer: @escaping FakeHelper.Answer) async throws -> VerbOutcome {
    let path = FileManager.default.temporaryDirectory.path + "/\(UUID().uuidString)"
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let service = try await VarlinkService.start(
        on: group.next(), listener: .path(path),
        identity: .init(vendor: "Seed Sentinel", product: "test", version: "0", url: "https://example.org"),
        interfaces: [HelperInterface.interface],
        handler: FakeHelper(eventLoop: group.next(), answer: answer))
    let outcome = await VerbRun.outcome(
        of: arguments, Recorder().console(), HelperAddress(socket: path, group: group))
    await service.close()
    try await group.shutdownGracefully()
    return outcome
}
