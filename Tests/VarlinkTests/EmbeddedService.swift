// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import NIOCore
import NIOEmbedded

@testable import Varlink

/// A ``ServiceConnection`` without a socket: bytes in, replies out, everything at once.
final class EmbeddedService {
    let channel: EmbeddedChannel
    let core: ServiceCore
    private(set) var calls: [VarlinkCall] = []
    /// How many reads got as far as the socket.
    var readsPassed: Int { counter.reads }
    private let counter = ReadCounter()
    private var respond: (VarlinkCall) throws(VarlinkFailure) -> Void = { call throws(VarlinkFailure) in
        call.reply(try call.parameters(of: TestInterface.echo))
    }

    /// What was closed, and why.
    private(set) var drops: [VarlinkDrop] = []

    convenience init(
        limits: VarlinkService.Limits = .init(), trusts isTrusted: @escaping (UInt32) -> Bool = { _ in false }
    ) throws {
        // The handler belongs to the service, which isn't there before its core is.
        let box = Box()
        let channel = EmbeddedChannel()
        let core = ServiceCore(
            identity: TestService.identity, interfaces: [TestInterface.interface], limits: limits,
            eventLoop: channel.eventLoop, isTrusted: { isTrusted($0.userID) },
            dropped: { box.service?.drops.append($0) }
        ) { box.service?.handle($0) }
        try self.init(channel, core)
        box.service = self
    }

    private final class Box { weak var service: EmbeddedService? }

    /// Another client of the same service, of this user's.
    func client(user: UInt32) throws -> EmbeddedService {
        try EmbeddedService(EmbeddedChannel(loop: channel.embeddedEventLoop), core, user: user)
    }

    private init(_ channel: EmbeddedChannel, _ core: ServiceCore, user: UInt32 = 1000) throws {
        self.channel = channel
        self.core = core
        let peer = PeerCredentials(processID: 1, userID: user, groupID: 1000, groups: [])
        try channel.pipeline.syncOperations.addHandlers([
            counter, ServiceConnection(core: core, peer: peer),
        ])
        try channel.connect(to: SocketAddress(unixDomainSocketPath: "/test")).wait()
    }

    private func handle(_ call: VarlinkCall) -> VarlinkFailure? {
        if keepsCalls { calls.append(call) }
        seen.append(call.method)
        do throws(VarlinkFailure) {
            try respond(call)
            return nil
        } catch {
            return error
        }
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

    /// Has all turns taken; little time passes.
    func run() {
        channel.embeddedEventLoop.run()
        for _ in 0..<200 { channel.embeddedEventLoop.advanceTime(by: TurnQueue.pause) }
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
