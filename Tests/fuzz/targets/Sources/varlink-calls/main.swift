// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import FuzzDriver
internal import NIOCore
internal import NIOEmbedded

@testable internal import Varlink

// What a client sends: whatever it is and however it is cut, the service answers the same whole frames, and no more of
// them than there were calls, one for the end not counted.

struct Echo: Codable, Sendable {
    var text: String?
    var number: Int64?
    var list: [Echo]?
    var map: [String: Bool]?
}

let interface = VarlinkInterface(name: "org.example.Test", description: "interface org.example.Test")
let identity = VarlinkService.Identity(vendor: "v", product: "p", version: "1", url: "u")

/// The replies to what is sent in pieces.
func replies(to pieces: [ArraySlice<UInt8>]) -> [UInt8] {
    let channel = EmbeddedChannel()
    var limits = VarlinkService.Limits()
    limits.callBytes = 1 << 8
    let core = ServiceCore(
        identity: identity, interfaces: [interface], limits: limits, eventLoop: channel.eventLoop
    ) { call in
        do throws(VarlinkFailure) {
            let parameters = try call.parameters(of: VarlinkMethod<Echo, Echo>("org.example.Test.Echo"))
            if call.wantsMore { call.replyContinuing(parameters) }
            call.reply(parameters)
            return nil
        } catch {
            return error
        }
    }
    let peer = PeerCredentials(processID: 1, userID: 1000, groupID: 1000, groups: [])
    do {
        try channel.pipeline.syncOperations.addHandler(ServiceConnection(core: core, peer: peer))
        try channel.connect(to: SocketAddress(unixDomainSocketPath: "/test")).wait()
        for piece in pieces where channel.isActive && !piece.isEmpty {
            try channel.writeInbound(ByteBuffer(bytes: piece))
            // Also what waits for the next turn, which no more calls than there are bytes do.
            channel.embeddedEventLoop.advanceTime(by: TurnQueue.pause * Int64(piece.count + 1))
        }
        var bytes: [UInt8] = []
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { bytes += buffer.readableBytesView }
        _ = try? channel.finish(acceptAlreadyClosed: true)
        return bytes
    } catch {
        fatalError("the connection takes what it is sent: \(error)")
    }
}

/// Frames as a message shows them, which would end at a zero.
func lines(_ frames: [UInt8]) -> String {
    String(decoding: frames.map { $0 == 0 ? UInt8(ascii: "\n") : $0 }, as: UTF8.self)
}

fuzz { input in
    guard let first = input.first else { return }
    let stream = Array(input.dropFirst())
    let whole = replies(to: [stream[...]])
    require(whole.last ?? 0 == 0, "the last reply is whole")
    let frames = whole.split(separator: 0, omittingEmptySubsequences: false).dropLast()
    for frame in frames {
        let bytes = Array(frame)
        require(bytes.first == UInt8(ascii: "{") && bytes.last == UInt8(ascii: "}"), "a reply is an object")
    }
    let calls = stream.count { $0 == 0 }
    require(frames.count <= 2 * calls + 1, "\(frames.count) replies to \(calls) calls")

    // One byte by itself, anywhere, and what is before and behind it.
    guard !stream.isEmpty else { return }
    let cut = Int(first) * stream.count / 256
    let pieces = [stream[..<cut], stream[cut...cut], stream[(cut + 1)...]]
    let again = replies(to: pieces)
    require(
        again == whole,
        """
        a stream that is cut at \(cut) is answered as the whole is: \
        \(lines(again)) is not \(lines(whole))
        """)
}
