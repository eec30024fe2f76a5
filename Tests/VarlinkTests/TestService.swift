// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import NIOCore
import NIOPosix
import Testing

@testable import Varlink

/// A service of ``TestInterface`` on a socket in a directory of its own.
struct TestService {
    let eventLoop: any EventLoop
    let path: String
    let service: VarlinkService
    let handler: TestHandler

    static let identity = VarlinkService.Identity(
        vendor: "Example", product: "Test", version: "1.2.3", url: "https://example.org")

    /// Runs `body` with a service, and stops it afterwards.
    static func with(
        limits: VarlinkService.Limits = .init(),
        listener: (_ path: String) throws -> VarlinkService.Listener = { .path($0) },
        _ body: (TestService) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/socket"
            let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
            let result = await catching {
                let handler = TestHandler(eventLoop: group.next())
                let service = try await VarlinkService.start(
                    on: group.next(), listener: try listener(path), identity: identity,
                    interfaces: [TestInterface.interface], limits: limits, handler: handler)
                let result = await catching {
                    try await body(
                        TestService(eventLoop: group.next(), path: path, service: service, handler: handler))
                }
                await service.close()
                try result.get()
            }
            try await group.shutdownGracefully()
            try result.get()
        }
    }

    /// Runs `body` with a client of this service.
    func withClient(
        _ configuration: VarlinkClient.Configuration = .init(), _ body: (VarlinkClient) async throws -> Void
    ) async throws {
        let client = try await VarlinkClient.connect(
            path: path, on: MultiThreadedEventLoopGroup.singleton, configuration: configuration)
        let result = await catching { try await body(client) }
        await client.close()
        try result.get()
    }

    /// Makes sure that a new client is served.
    func expectToServe() async throws {
        try await withClient { try await $0.expectEcho() }
    }

    /// Waits for what the handler says that happened.
    func next() async -> TestHandler.Happening? {
        await handler.happenings.first { _ in true }
    }

    /// Waits until the service has just so many connections.
    func waitForConnections(_ count: Int) async throws {
        while try await connectionCount() != count {
            try Task.checkCancellation()
            await Task.yield()
        }
    }

    /// How many connections the service has.
    func connectionCount() async throws -> Int {
        try await eventLoop.submit { service.connectionCount }.get()
    }
}

extension VarlinkClient {
    /// Makes sure that the next reply is that to the next call.
    func expectEcho() async throws {
        let text = "\(UInt64.random(in: 0 ... .max))"
        let reply = try await call(TestInterface.echo, .init(text: text))
        #expect(reply.text == text)
    }
}

/// A client that says and hears just what a test wants.
struct RawClient {
    private let channel: any Channel
    private let inbound: AsyncStream<String>
    private let reading: NIOLoopBound<FrameReader>

    /// Runs `body` with a connection to `path`. Without `reading`, nothing is read until ``resume()``.
    static func with(
        _ path: String, reading: Bool = true, _ body: (RawClient) async throws -> Void
    ) async throws {
        let (frames, continuation) = AsyncStream<String>.makeStream()
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let reader = try await eventLoop.submit {
            NIOLoopBound(FrameReader(continuation), eventLoop: eventLoop)
        }.get()
        let channel = try await ClientBootstrap(group: eventLoop)
            .channelOption(.allowRemoteHalfClosure, value: false)
            .channelOption(.autoRead, value: reading)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(reader.value)
                }
            }
            .connect(unixDomainSocketPath: path).get()
        let client = RawClient(channel: channel, inbound: frames, reading: reader)
        let result = await catching { try await body(client) }
        try? await channel.close().get()
        try result.get()
    }

    /// Sends bytes as they are.
    func send(bytes: ByteBuffer) async throws {
        try await channel.writeAndFlush(bytes).get()
    }

    /// Sends a frame.
    func send(_ json: String) async throws {
        try await send(bytes: ByteBuffer(string: json + "\0"))
    }

    /// The next frame, nil where the connection has ended.
    func next() async -> String? {
        await inbound.first { _ in true }
    }

    /// Says that nothing more will be sent.
    func finish() async throws {
        try await channel.close(mode: .output).get()
    }

    /// Begins to read. Nothing happens where the connection is closed already.
    func resume() async {
        try? await channel.setOption(.autoRead, value: true).get()
    }

    func close() async throws {
        try await channel.close().get()
    }
}

private final class FrameReader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private var frames = FrameBuffer(limit: .max)
    private let continuation: AsyncStream<String>.Continuation

    init(_ continuation: AsyncStream<String>.Continuation) {
        self.continuation = continuation
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        frames.append(unwrapInboundIn(data))
        while let frame = try? frames.next() { continuation.yield(String(decoding: frame, as: UTF8.self)) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        continuation.finish()
    }
}

func catching(_ body: () async throws -> Void) async -> Result<Void, any Error> {
    do {
        return .success(try await body())
    } catch {
        return .failure(error)
    }
}

func withTemporaryDirectory(_ body: (String) async throws -> Void) async throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("v-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    let result = await catching { try await body(directory.path) }
    try FileManager.default.removeItem(at: directory)
    try result.get()
}
