// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import NIOCore
import NIOEmbedded

@testable import Varlink

/// A ``ServiceConnection`` without a socket: bytes in, replies out, everything at once.
final class EmbeddedService {
    let channel = EmbeddedChannel()
    private(set) var calls: [VarlinkCall] = []
    /// How many reads got as far as the socket.
    var readsPassed: Int { counter.reads }
    private let counter = ReadCounter()
    private var respond: (VarlinkCall) throws(VarlinkFailure) -> Void = { call throws(VarlinkFailure) in
        call.reply(try call.parameters(of: TestInterface.echo))
    }

    init(limits: VarlinkService.Limits = .init()) throws {
        let core = ServiceCore(
            identity: TestService.identity, interfaces: [TestInterface.interface], limits: limits,
            eventLoop: channel.eventLoop
        ) { [unowned self] call in
            if keepsCalls { calls.append(call) }
            seen.append(call.method)
            do throws(VarlinkFailure) {
                try respond(call)
                return nil
            } catch {
                return error
            }
        }
        let peer = PeerCredentials(processID: 1, userID: 1000, groupID: 1000, groups: [])
        try channel.pipeline.syncOperations.addHandlers([
            counter, ServiceConnection(core: core, peer: peer),
        ])
        try channel.connect(to: SocketAddress(unixDomainSocketPath: "/test")).wait()
    }

    /// The methods that came as far as the handler.
    private(set) var seen: [String] = []
    private var keepsCalls = true

    /// Answers calls by `body` instead of as an echo. The calls are kept only where `keep` says so.
    func onCall(keep: Bool = true, _ body: @escaping (VarlinkCall) throws(VarlinkFailure) -> Void) {
        keepsCalls = keep
        respond = body
    }

    func forgetCalls() {
        calls = []
    }

    func send(_ text: String) throws {
        try channel.writeInbound(ByteBuffer(string: text))
    }

    func run() {
        channel.embeddedEventLoop.run()
    }

    /// All replies so far, without their NULs.
    func replies() throws -> [String] {
        run()
        var bytes: [UInt8] = []
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) {
            bytes += buffer.readableBytesView
        }
        return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }
}

private final class ReadCounter: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    var reads = 0

    func read(context: ChannelHandlerContext) {
        reads += 1
        context.read()
    }
}

func echo(_ text: String) -> String {
    #"{"method":"org.example.Test.Echo","parameters":{"text":"\#(text)"}}"#
}

/// JSON to compare without regard for the order of keys.
struct JSON: Equatable, CustomStringConvertible {
    let description: String
    var isObject: Bool { description.hasPrefix("{") }

    init(_ text: String) {
        guard let object = try? JSONSerialization.jsonObject(with: Data(text.utf8)),
            let sorted = try? JSONSerialization.data(withJSONObject: object, options: .sortedKeys)
        else {
            description = "no JSON: \(text)"
            return
        }
        description = String(decoding: sorted, as: UTF8.self)
    }
}
