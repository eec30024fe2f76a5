// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import Inet
import Logging
import NIOCore
import NIOPosix
import Sentinel
import SentinelProtocol
import Varlink

@testable import SentinelClient

/// A hand-over, a helper that does what a test says, and a clock that stands still.
final class Fixture: Sendable {
    let helper: FakeHelper
    let time = TestTime()
    let handOver: HandOver
    /// What the observer is told.
    let notices: AsyncStream<HandOver.Notice>
    /// The connections that the node is told to close.
    let closings: AsyncStream<(id: Connection.ID, reason: DisconnectReason)>
    /// What is logged, with its level.
    let lines: AsyncStream<(level: Logger.Level, text: String)>
    private let limits: VarlinkService.Limits

    private init(
        _ configuration: HandOver.Configuration, limits: VarlinkService.Limits, on eventLoop: any EventLoop
    ) {
        self.limits = limits
        helper = FakeHelper(on: eventLoop)
        let (notices, noticed) = AsyncStream<HandOver.Notice>.makeStream()
        let (closings, closing) = AsyncStream<(id: Connection.ID, reason: DisconnectReason)>.makeStream()
        self.closings = closings
        let (lines, logged) = AsyncStream<(level: Logger.Level, text: String)>.makeStream()
        self.notices = notices
        self.lines = lines
        handOver = HandOver(
            configuration, on: eventLoop, logger: Logger(label: "test") { _ in StreamLog(lines: logged) },
            timing: time.timing, close: { closing.yield(($0.id, $1)) }, observer: { noticed.yield($0) })
    }

    /// Runs `body` while the hand-over runs.
    ///
    /// - Parameter isHelperThere: whether the helper listens from the start.
    static func run(
        isHelperThere: Bool = true, limits: VarlinkService.Limits = .init(),
        _ configure: (inout HandOver.Configuration) -> Void = { _ in },
        before: (Fixture) async throws -> Void = { _ in }, _ body: (Fixture) async throws -> Void
    ) async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
            "c-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var configuration = HandOver.Configuration()
        configuration.socket = directory.path + "/socket"
        configure(&configuration)
        let fixture = Fixture(configuration, limits: limits, on: group.next())
        let service = isHelperThere ? try await fixture.startService() : nil
        let result: Result<Void, any Error>
        do {
            try await before(fixture)
            let running = Task { await fixture.handOver.run() }
            do {
                try await body(fixture)
                result = .success(())
            } catch {
                result = .failure(error)
            }
            fixture.time.end()
            running.cancel()
            await running.value
        } catch {
            result = .failure(error)
        }
        await service?.close()
        try await group.shutdownGracefully()
        try result.get()
    }

    /// Begins to listen.
    func startService() async throws -> VarlinkService {
        try await VarlinkService.start(
            on: helper.eventLoop, listener: .path(handOver.configuration.socket),
            identity: .init(vendor: "Test", product: "Helper", version: "1", url: "https://example.org"),
            interfaces: [HelperInterface.interface], limits: limits, handler: helper)
    }

    /// What the observer is told next.
    func nextNotice() async -> HandOver.Notice? {
        await notices.first { _ in true }
    }

    /// The number of the connection that the node is told to close next.
    func nextClosing() async -> UInt64? {
        await closings.first { _ in true }?.id.rawValue
    }

    /// Waits until the hand-over listens, and answers what is asked.
    func waitUntilHeard() async {
        deny("/ip4/10.255.255.255/tcp/1")
        _ = await helper.batches.first { $0.denials.map(\.subject) == ["10.255.255.255"] }
    }

    /// Waits until so many denials are answered.
    func waitForAnswers(_ count: Int) async {
        for _ in 0..<count {
            _ = await notices.first { if case .answered = $0 { true } else { false } }
        }
    }

    /// What is logged next.
    func nextLine() async -> (level: Logger.Level, text: String)? {
        await lines.first { _ in true }
    }

    var statistics: HandOver.Statistics { handOver.statistics }

    /// Has accept denied for an address.
    func deny(
        _ address: String, reason: Reason = .rate, detail: String = "", for duration: Duration? = nil,
        source: SourceProof = .handshake
    ) {
        let denial = Sentinel.Denial(
            at: .accept, by: "test", reason: reason, detail: detail, duration: duration)
        handOver.handOver(
            denial, at: .accept,
            about: RemotePeer(address: Multiaddr(address), direction: .inbound, source: source))
    }

    /// Has a peer denied at peer dial.
    func deny(_ peer: PeerID, for duration: Duration? = nil) {
        let denial = Sentinel.Denial(at: .peerDial, by: "test", reason: .denyListed, duration: duration)
        handOver.handOver(denial, at: .peerDial, about: RemotePeer(dialling: peer))
    }

    /// Has a dial denied.
    func denyDial(_ address: Multiaddr, of peer: PeerID) {
        let denial = Sentinel.Denial(at: .addressDial, by: "test", reason: .denyListed)
        handOver.handOver(denial, at: .addressDial, about: RemotePeer(dialling: peer, at: address))
    }
}

/// Gives what is logged to a stream.
private struct StreamLog: LogHandler {
    let lines: AsyncStream<(level: Logger.Level, text: String)>.Continuation
    var logLevel = Logger.Level.trace
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        lines.yield((event.level, "\(event.message)"))
    }
}

/// The peer whose key consists of this byte.
func peer(_ number: UInt8) throws -> PeerID {
    try PeerID(ed25519PublicKey: [UInt8](repeating: number, count: 32))
}

/// An inbound TCP connection's address.
func source(_ number: Int) -> String { "/ip4/10.0.\(number / 256).\(number % 256)/tcp/4001" }
