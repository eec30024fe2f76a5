// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import NIOCore
import NIOEmbedded
import Testing

@testable import Varlink

@Suite struct ServiceConnectionTests {
    @Test func `Calls are found wherever the stream is cut`() throws {
        let stream = [echo("a"), echo("ü€😀"), echo("")].map { $0 + "\0" }.joined()
        let bytes = Array(stream.utf8)
        let expected = [
            #"{"parameters":{"text":"a"}}"#, #"{"parameters":{"text":"ü€😀"}}"#,
            #"{"parameters":{"text":""}}"#,
        ]
        for first in 0...bytes.count {
            for second in [first, (first + bytes.count) / 2, bytes.count] {
                let service = try EmbeddedService()
                for part in [bytes[..<first], bytes[first..<second], bytes[second...]] where !part.isEmpty {
                    try service.channel.writeInbound(ByteBuffer(bytes: part))
                }
                #expect(try service.replies() == expected, "cut at \(first) and \(second)")
            }
        }
    }

    @Test func `Calls that come byte by byte are found`() throws {
        let service = try EmbeddedService()
        for byte in (echo("slow") + "\0").utf8 { try service.channel.writeInbound(ByteBuffer(bytes: [byte])) }
        #expect(try service.replies() == [#"{"parameters":{"text":"slow"}}"#])
    }

    @Test func `Pipelined calls are answered in order, the next one only after the last reply`() throws {
        let service = try EmbeddedService()
        service.onCall { _ in }
        try service.send(["a", "b", "c"].map { echo($0) + "\0" }.joined())
        for text in ["a", "b", "c"] {
            service.run()
            let call = try #require(service.calls.last)
            #expect(try call.parameters(of: TestInterface.echo).text == text)
            #expect(try service.replies() == [])
            call.reply(TestInterface.Text(text: text))
            #expect(try service.replies() == [#"{"parameters":{"text":"\#(text)"}}"#])
        }
        #expect(service.calls.count == 3)
    }

    @Test func `A thousand pipelined calls are all answered, with turns for others in between`() throws {
        let service = try EmbeddedService()
        try service.send((1...1000).map { echo("\($0)") + "\0" }.joined())
        let other = try service.client(user: 1001)
        try other.send(#"{"method":"org.example.Test.Sum"}"# + "\0")
        var replies = try service.replies()
        // On a slow machine a turn ends sooner.
        for _ in 0..<1000 where replies.count < 1000 {
            service.run()
            replies += try service.replies()
        }
        #expect(replies == (1...1000).map { #"{"parameters":{"text":"\#($0)"}}"# })
        let turn = try #require(service.seen.firstIndex(of: TestInterface.sum.name))
        #expect(turn > 0 && turn < 900)
    }

    @Test func `A second answer to the same call goes nowhere`() throws {
        let service = try EmbeddedService()
        service.onCall { call in
            call.reply(TestInterface.Text(text: "first"))
            call.reply(TestInterface.Text(text: "second"))
            call.fail(.permissionDenied)
        }
        try service.send(echo("a") + "\0")
        #expect(try service.replies() == [#"{"parameters":{"text":"first"}}"#])
    }

    @Test func `A call without reply gets none, and those behind it get theirs`() throws {
        let service = try EmbeddedService()
        let oneway = #"{"method":"org.example.Test.Echo","parameters":{"text":"a"},"oneway":true}"#
        let failing = #"{"method":"org.example.Test.Echo","oneway":true}"#
        let unknown = #"{"method":"org.example.Other.Echo","oneway":true}"#
        try service.send([oneway, failing, unknown, echo("b")].map { $0 + "\0" }.joined())
        #expect(try service.replies() == [#"{"parameters":{"text":"b"}}"#])
        #expect(service.seen.count == 3)
    }

    @Test func `A stream continues until its last reply`() throws {
        let service = try EmbeddedService()
        service.onCall { call in
            call.replyContinuing(TestInterface.Number(number: 1))
            call.replyContinuing(TestInterface.Number(number: 2))
            call.reply(TestInterface.Number(number: 3))
        }
        try service.send(#"{"method":"org.example.Test.Count","more":true}"# + "\0")
        #expect(
            try service.replies().map(JSON.init) == [
                JSON(#"{"parameters":{"number":1},"continues":true}"#),
                JSON(#"{"parameters":{"number":2},"continues":true}"#), JSON(#"{"parameters":{"number":3}}"#),
            ])
    }

    @Test func `A stream for a caller that takes one reply is an error`() throws {
        let service = try EmbeddedService()
        service.onCall { call in call.replyContinuing(TestInterface.Number(number: 1)) }
        try service.send(#"{"method":"org.example.Test.Count","parameters":{"to":3}}"# + "\0")
        service.onCall { call throws(VarlinkFailure) in try call.requireMore() }
        try service.send(#"{"method":"org.example.Test.Count","parameters":{"to":3}}"# + "\0")
        let expected = JSON(#"{"error":"org.varlink.service.ExpectedMore","parameters":{}}"#)
        #expect(try service.replies().map(JSON.init) == [expected, expected])
    }

    @Test(arguments: [
        (
            #"{"method":"org.example.Test.Nothing"}"#, "MethodNotFound",
            #"{"method":"org.example.Test.Nothing"}"#
        ),
        (#"{"method":"org.example.None.Echo"}"#, "InterfaceNotFound", #"{"interface":"org.example.None"}"#),
        (#"{"method":"org.varlink.service.No"}"#, "MethodNotFound", #"{"method":"org.varlink.service.No"}"#),
        (
            #"{"method":"org.seedsentinel.Connection.No"}"#, "MethodNotFound",
            #"{"method":"org.seedsentinel.Connection.No"}"#
        ),
        (#"{"method":"Echo"}"#, "InvalidParameter", #"{"parameter":"method"}"#),
        (#"{"method":""}"#, "InvalidParameter", #"{"parameter":"method"}"#),
        (
            #"{"method":"org.example.Test.Echo","upgrade":true}"#, "MethodNotImplemented",
            #"{"method":"org.example.Test.Echo"}"#
        ),
        (
            #"{"method":"org.varlink.service.GetInterfaceDescription","parameters":{"interface":"a.b"}}"#,
            "InterfaceNotFound", #"{"interface":"a.b"}"#
        ),
        (
            #"{"method":"org.varlink.service.GetInterfaceDescription"}"#, "InvalidParameter",
            #"{"parameter":"interface"}"#
        ),
    ])
    func `What the service doesn't have is named`(call: String, error: String, parameters: String) throws {
        let service = try EmbeddedService()
        service.onCall { call throws(VarlinkFailure) in throw .methodNotFound(call.method) }
        try service.send(call + "\0" + echo("still here") + "\0")
        let replies = try service.replies()
        #expect(
            JSON(replies[0])
                == JSON(#"{"error":"org.varlink.service.\#(error)","parameters":\#(parameters)}"#))
        #expect(replies.count == 2)
    }

    @Test(arguments: [
        ("", "items"), (#","parameters":null"#, "items"), (#","parameters":{}"#, "items"),
        (#","parameters":[]"#, "parameters"), (#","parameters":"x""#, "parameters"),
        (#","parameters":{"items":{}}"#, "items"), (#","parameters":{"items":[1]}"#, "items[0]"),
        (#","parameters":{"items":[{"name":"a","tags":[]},{"tags":[]}]}"#, "items[1].name"),
        (#","parameters":{"items":[{"name":"a","tags":["x",7]}]}"#, "items[0].tags[1]"),
        (#","parameters":{"items":[{"name":"a","tags":[],"size":"big"}]}"#, "items[0].size"),
        // The decoder doesn't say which number it is that no integer can hold.
        (#","parameters":{"items":[{"name":"a","tags":[],"size":1.5}]}"#, "parameters"),
        (#","parameters":{"items":[{"name":"a","tags":[],"size":99999999999999999999}]}"#, "parameters"),
        (#","parameters":{"items":[{"name":null,"tags":[]}]}"#, "items[0].name"),
    ])
    func `A parameter that doesn't fit is named by its path`(parameters: String, path: String) throws {
        let service = try EmbeddedService()
        service.onCall { call throws(VarlinkFailure) in
            call.reply(try call.parameters(of: TestInterface.items))
        }
        try service.send(#"{"method":"org.example.Test.Items"\#(parameters)}"# + "\0")
        let expected =
            #"{"error":"org.varlink.service.InvalidParameter","parameters":{"parameter":"\#(path)"}}"#
        #expect(try service.replies().map(JSON.init) == [JSON(expected)])
    }

    @Test(arguments: [
        "", " ", "{", "}", "null", "true", "1", #""text""#, "[]", "{}", #"{"method":1}"#, #"{"method":null}"#,
        #"{"method":"a.b","more":1}"#, #"{"method":"a.b","oneway":"yes"}"#, #"{"method":"a.b""#,
        #"{"method":"a.b"}x"#, #"{'method':'a.b'}"#, #"{"method":"a.b"} {}"#,
        #"{"method":"a.b","more":true,"oneway":true}"#, #"{"method":"\ud800"}"#,
    ])
    func `What is no call is answered with an error and ends its connection`(frame: String) throws {
        try expectRefusal(of: frame)
    }

    @Test(arguments: [
        ("", "[", "", ""), ("", #"{"a":"#, "", ""), ("", "[", "]", ""), ("", #"{"a":"#, "}", ""),
        (#"{"method":"org.example.Test.Echo","parameters":"#, "[", "]", "}"),
        (#"{"method":"org.example.Test.Echo","parameters":"#, #"{"a":["#, "]}", "}"),
    ])
    func `Nesting that would exhaust a stack is refused`(
        head: String, open: String, close: String, tail: String
    ) throws {
        for depth in [1000, 100_000] {
            let nested = String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
            try expectRefusal(of: head + nested + tail)
        }
    }

    private func expectRefusal(of frame: String) throws {
        let service = try EmbeddedService()
        try service.send(frame + "\0" + echo("too late") + "\0")
        let replies = try service.replies()
        #expect(replies.count == 1)
        #expect(replies[0].contains("org.seedsentinel.Connection.MalformedFrame"))
        #expect(!service.channel.isActive)
        #expect(service.seen == [])
    }

    @Test(
        arguments: [
            [0xFF], [0xC3, 0x28], [0xED, 0xA0, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80],
            [0xFE, 0xFF, 0x7B, 0x7D],
            [0xEF, 0xBB, 0xBF],
        ] as [[UInt8]])
    func `Bytes that are no UTF-8 end their connection or make an error`(bytes: [UInt8]) throws {
        let bare = try EmbeddedService()
        try bare.channel.writeInbound(ByteBuffer(bytes: bytes + [0]))
        #expect(try bare.replies().first?.contains("MalformedFrame") == true)
        #expect(!bare.channel.isActive)

        guard bytes != [0xEF, 0xBB, 0xBF] else { return }
        let quoted = try EmbeddedService()
        let parts = [
            Array(#"{"method":"org.example.Test.Echo","parameters":{"text":""#.utf8), bytes,
            Array(#""}}"#.utf8),
        ]
        try quoted.channel.writeInbound(ByteBuffer(bytes: parts.joined() + [0]))
        let replies = try quoted.replies()
        #expect(replies.count == 1)
        #expect(replies.first?.contains(#""error""#) == true)
    }

    @Test func `Calls with bytes changed, lost or doubled never stop the service`() throws {
        var random = Generator(state: 1)
        let call = Array((echo(#"grüße 😀 \u00e9 \""#) + "\0").utf8)
        for _ in 0..<3000 {
            var bytes = call
            for _ in 0...Int.random(in: 0..<4, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes[index] ^= 1 << Int.random(in: 0..<8, using: &random)
                case 2: bytes.remove(at: index)
                default: bytes.insert(bytes[index], at: index)
                }
            }
            let service = try EmbeddedService()
            try service.channel.writeInbound(ByteBuffer(bytes: bytes))
            for reply in try service.replies() { #expect(JSON(reply).isObject, "\(reply)") }
        }
    }

    @Test func `A call as long as the limit is answered, one byte more is refused`() throws {
        var limits = VarlinkService.Limits()
        limits.callBytes = 200
        let fill = 200 - echo("").utf8.count
        let fits = try EmbeddedService(limits: limits)
        try fits.send(echo(String(repeating: "x", count: fill)) + "\0")
        #expect(try fits.replies().count == 1)
        #expect(fits.channel.isActive)

        let expected = JSON(
            #"{"error":"org.seedsentinel.Connection.FrameTooLong","parameters":{"limit":200}}"#)
        for end in ["\0", ""] {
            let service = try EmbeddedService(limits: limits)
            try service.send(echo(String(repeating: "x", count: fill + 1)) + end)
            #expect(try service.replies().map(JSON.init) == [expected])
            #expect(!service.channel.isActive)
        }
    }

    @Test func `Nothing is read or answered while the client doesn't take its replies`() throws {
        let service = try EmbeddedService()
        service.channel.isWritable = false
        let before = service.readsPassed
        try service.send(echo("a") + "\0" + echo("b") + "\0")
        service.channel.read()
        service.run()
        #expect(service.seen == [])
        #expect(service.readsPassed == before)

        service.channel.isWritable = true
        service.channel.pipeline.fireChannelWritabilityChanged()
        #expect(try service.replies().count == 2)
        #expect(service.readsPassed == before + 1)
    }

    @Test func `Little is read ahead of a call that waits for its answer`() throws {
        let service = try EmbeddedService()
        service.onCall { _ in }
        try service.send(echo("a") + "\0")
        service.run()
        let before = service.readsPassed
        var sent = 0
        while service.readsPassed == before + sent, sent < 1000 {
            try service.send(echo(String(repeating: "x", count: 10_000)) + "\0")
            service.channel.read()
            sent += 1
        }
        #expect(sent < 10)
        service.onCall { call in call.reply() }
        service.calls[0].reply()
        #expect(try service.replies().count == 1 + sent)
        #expect(service.readsPassed == before + sent)
    }

    @Test func `A forgotten call ends its connection, a forgotten one without reply doesn't`() throws {
        let oneway = try EmbeddedService()
        oneway.onCall(keep: false) { _ in }
        try oneway.send(#"{"method":"org.example.Test.Echo","oneway":true}"# + "\0")
        oneway.run()
        oneway.onCall { call throws(VarlinkFailure) in call.reply(try call.parameters(of: TestInterface.echo))
        }
        try oneway.send(echo("a") + "\0")
        #expect(try oneway.replies().count == 1)

        let service = try EmbeddedService()
        service.onCall(keep: false) { _ in }
        try service.send(echo("a") + "\0")
        #expect(try service.replies() == [])
        #expect(!service.channel.isActive)
    }
}

/// The same numbers each time (Vigna's splitmix64).
private struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}
