// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import NIOCore
import NIOEmbedded
import Sentinel
import Testing

@testable import SeedNode

@Suite struct FrameTests {
    @Test(arguments: [
        Frame.ready, .open(StreamID(1), .git), .open(StreamID(7), .interrogation), .data(StreamID(1), []),
        .data(StreamID(.max), [UInt8](repeating: 9, count: Frame.maximumPayload)),
        .close(StreamID(2), .refused), .goAway(.rateLimited),
    ])
    func `A frame reads back as itself`(frame: Frame) {
        #expect(Frame(frame.bytes) == frame)
    }

    @Test(
        arguments: [
            [], [0], [0, 0, 0, 0], [9, 0, 0, 0, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 1],
            [1, 0, 0, 0, 1, 4], [1, 0, 0, 0, 0, 1], [1, 0, 0, 0, 1, 1, 1], [2, 0, 0, 0, 0, 1],
            [3, 0, 0, 0, 1, 7],
            [4, 0, 0, 0, 1, 0, 0, 0, 0], [4, 0, 0, 0, 0, 0], [1, 0, 0, 0, 1] + Array("x/y".utf8),
            [2, 0, 0, 0, 1] + [UInt8](repeating: 0, count: Frame.maximumPayload + 1),
        ] as [[UInt8]])
    func `What is no frame is refused`(bytes: [UInt8]) {
        #expect(Frame(bytes) == nil)
    }

    @Test func `Each stream type that has a name has a byte, others their protocol id`() throws {
        let types: [StreamType] = [.git, .membership, .gossip, .interrogation]
        let ping = try #require(ProtocolID("/ipfs/ping/1.0.0"))
        let opening = Frame.open(StreamID(1), .custom(ping))
        #expect(Frame(opening.bytes) == opening)
        #expect(types.map(\.wire) == [[0], [1], [2], [3]])
    }
}

@Suite struct MessageFramingTests {
    private func channel() throws -> EmbeddedChannel {
        EmbeddedChannel(handler: ByteToMessageHandler(MessageFraming()))
    }

    @Test(arguments: [1, 2, 3, 5, 100])
    func `Messages come out whole, however the bytes come in`(piece: Int) throws {
        let messages: [[UInt8]] = [
            [1], [2, 3, 4], [UInt8](repeating: 5, count: MessageFraming.maximumLength),
        ]
        var stream = ByteBuffer()
        for message in messages { MessageFraming.write(message, to: &stream) }
        let channel = try channel()
        while let bytes = stream.readSlice(length: min(piece, stream.readableBytes)), bytes.readableBytes > 0
        {
            try channel.writeInbound(bytes)
        }
        for message in messages {
            #expect(try channel.readInbound(as: ByteBuffer.self) == ByteBuffer(bytes: message))
        }
        #expect(try channel.finish().isClean)
    }

    @Test(arguments: [0, UInt16(MessageFraming.maximumLength + 1), .max])
    func `A length that no message has ends it before a byte of it is kept`(length: UInt16) throws {
        let channel = try channel()
        var bytes = ByteBuffer()
        bytes.writeInteger(length)
        #expect(throws: MessageFraming.Fault.length(length)) { try channel.writeInbound(bytes) }
        _ = try? channel.finish()
    }

    @Test func `Half a message at the end is dropped`() throws {
        let channel = try channel()
        try channel.writeInbound(ByteBuffer(bytes: [0, 5, 1, 2]))
        #expect(try channel.finish().isClean)
    }
}

@Suite struct DatagramTests {
    @Test(arguments: [
        Datagram.knock, .cookie([UInt8](1...17)),
        .hello(cookie: [UInt8](1...17), message: [UInt8](repeating: 7, count: 33)), .message([1]), .refused,
    ])
    func `A datagram reads back as itself`(datagram: Datagram) {
        #expect(Datagram(datagram.bytes) == datagram)
    }

    @Test(
        arguments: [
            [], [0], [1, 1], [1] + [UInt8](repeating: 0, count: 63), [2, 0],
            [3] + [UInt8](repeating: 0, count: 17),
            [4], [5, 0], [6], [4] + [UInt8](repeating: 0, count: Datagram.maximumLength),
        ] as [[UInt8]])
    func `What is no datagram is refused`(bytes: [UInt8]) {
        #expect(Datagram(bytes) == nil)
    }

    @Test func `What an unproven source can make us send is less than it sent`() {
        let cookie = Datagram.cookie([UInt8](repeating: 0, count: CookieJar.cookieLength))
        #expect(cookie.bytes.count < Datagram.knock.bytes.count)
    }

    @Test func `The longest message fits the smallest datagram that all paths carry`() {
        #expect(Datagram.maximumLength <= 1280 - 40 - 8)
    }
}

@Suite struct CookieJarTests {
    private let jar = CookieJar()
    private let source = Endpoint(address: .v4(IPv4Address(192, 0, 2, 7)), transport: .udp, port: 4001)

    @Test func `A cookie is good for its source, in its period and the next`() {
        let cookie = jar.cookie(for: source, at: .seconds(61))
        #expect(cookie.count == CookieJar.cookieLength)
        #expect(jar.accepts(cookie, from: source, at: .seconds(61)))
        #expect(jar.accepts(cookie, from: source, at: .seconds(119)))
        #expect(!jar.accepts(cookie, from: source, at: .seconds(120)))
        #expect(!jar.accepts(cookie, from: source, at: .seconds(59)))
    }

    @Test func `A cookie is good for no other address, port, or node`() {
        let cookie = jar.cookie(for: source, at: .zero)
        var other = source
        other.port += 1
        #expect(!jar.accepts(cookie, from: other, at: .zero))
        other = Endpoint(address: .v4(IPv4Address(192, 0, 2, 8)), transport: .udp, port: source.port)
        #expect(!jar.accepts(cookie, from: other, at: .zero))
        #expect(!CookieJar().accepts(cookie, from: source, at: .zero))
    }

    @Test func `No changed cookie is good`() {
        let cookie = jar.cookie(for: source, at: .zero)
        for index in cookie.indices {
            var changed = cookie
            changed[index] ^= 1
            #expect(!jar.accepts(changed, from: source, at: .zero))
        }
        #expect(!jar.accepts([], from: source, at: .zero))
        #expect(!jar.accepts(cookie + [0], from: source, at: .zero))
    }
}
