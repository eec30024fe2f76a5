// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import NamespaceSupport
import SentinelProtocol
import Testing
import Varlink

/// What isn't a call, or none that the helper knows: each gets a clear answer, and the helper lives on.
@Suite(.timeLimit(.minutes(1))) struct BadFrameTests {
    static let malformed: [String] = [
        "", "hello", "[]", "7", "null", "{}", #"{"method":7}"#, #"{"method":null}"#,
        #"{"method":"org.seedsentinel.Helper.Status""#, #"{"method":"a.b.C","more":"yes"}"#,
        #"{"method":"a.b.C","more":true,"oneway":true}"#,
        #"{"method":"org.seedsentinel.Helper.Submit","parameters":"#
            + String(repeating: "[", count: 200_000) + String(repeating: "]", count: 200_000) + "}",
    ]

    @Test func `A frame that is no call is told what is wrong with it, and ends its connection`() async throws
    {
        try await withHelper { helper async throws in
            var frames = Self.malformed.map { Array($0.utf8) }
            frames.append(Array(#"{"method":""#.utf8) + [0xFF, 0xFE] + Array(#""}"#.utf8))
            for frame in frames {
                let (reply, isClosed) = try await helper.exchange(frame)
                let start = String(decoding: frame.prefix(60), as: UTF8.self)
                #expect(reply?.contains("org.seedsentinel.Connection.MalformedFrame") == true, "\(start)")
                #expect(reply?.contains(#""message":""#) == true, "\(start)")
                #expect(isClosed, "\(start)")
            }
            try await helper.expectToServe()
        }
    }

    @Test func `A frame of 100 MB isn't read to its end`() async throws {
        try await withHelper { helper async throws in
            let (sent, reply) = try await onFreshThread { [path = helper.path] in
                let connection = try RawConnection(path: path)
                let part = [UInt8](repeating: UInt8(ascii: " "), count: 1 << 20)
                let sent = (0..<100).prefix { _ in connection.send(part) }.count
                return (sent, connection.next())
            }
            #expect(sent < 100)
            #expect(reply?.contains("org.seedsentinel.Connection.FrameTooLong") == true)
            #expect(reply?.contains(#""limit":1048576"#) == true)
            try await helper.expectToServe()
        }
    }

    /// A call, the error that it gets, and what the error names.
    static let unfit: [(call: String, error: String, names: String)] = [
        (#"{"method":"org.seedsentinel.Helper.Nothing"}"#, "org.varlink.service.MethodNotFound", "Nothing"),
        (#"{"method":"org.example.None.Do"}"#, "org.varlink.service.InterfaceNotFound", "org.example.None"),
        (#"{"method":"org.seedsentinel.Helper.Submit"}"#, "org.varlink.service.InvalidParameter", "denials"),
        (
            #"{"method":"org.seedsentinel.Helper.Submit","parameters":{"denials":7}}"#,
            "org.varlink.service.InvalidParameter", #""denials""#
        ),
        (submit(#""check":"accept","subject":7,"reason":"rate","validated":true"#), invalid, path("subject")),
        (submit(#""check":"accept","reason":"rate","validated":true"#), invalid, path("subject")),
        (
            submit(#""check":"knock","subject":"192.0.2.1","reason":"rate","validated":true"#), invalid,
            path("check")
        ),
        (
            submit(#""check":"accept","subject":"192.0.2.1","reason":"rate","validated":"yes""#), invalid,
            path("validated")
        ),
        (
            submit(
                #""check":"accept","subject":"192.0.2.1","reason":"rate","validated":true,"duration":1e30"#),
            invalid, path("duration")
        ),
        (
            submit(
                #""check":"accept","subject":"192.0.2.1","reason":"rate","validated":true,"duration":1.5"#),
            invalid, path("duration")
        ),
        (
            #"{"method":"org.seedsentinel.Helper.Lift","parameters":{"filter":{"id":"one"}}}"#, invalid,
            #""filter.id""#
        ),
        (#"{"method":"org.seedsentinel.Helper.Watch"}"#, "org.varlink.service.ExpectedMore", ""),
    ]

    private static let invalid = "org.varlink.service.InvalidParameter"

    private static func submit(_ denial: String) -> String {
        #"{"method":"org.seedsentinel.Helper.Submit","parameters":{"denials":[{"check":"accept","#
            + #""subject":"192.0.2.1","reason":"rate","validated":true},{"# + denial + "}]}}"
    }

    private static func path(_ field: String) -> String { "\"denials[1].\(field)\"" }

    @Test func `A call that the helper doesn't know or can't read is told what of it, and changes nothing`()
        async throws
    {
        try await withHelper { helper async throws in
            for (call, error, names) in Self.unfit {
                let (reply, isClosed) = try await helper.exchange(Array(call.utf8))
                #expect(reply?.contains(error) == true, "\(call): \(reply ?? "no reply")")
                #expect(reply?.contains(names) == true, "\(call): \(reply ?? "no reply")")
                #expect(!isClosed, "\(call)")
            }
            #expect(try await helper.list() == [])
            try await helper.expectToServe()
        }
    }
}
