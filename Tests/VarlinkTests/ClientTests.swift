// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import NIOCore
import NIOPosix
import Testing

@testable import Varlink

@Suite(.timeLimit(.minutes(1))) struct ClientTests {
    @Test func `A service says what it is and what it has`() async throws {
        try await TestService.with { service in
            try await service.withClient { client in
                let info = try await client.call(StandardInterface.getInfo)
                #expect(info.vendor == "Example")
                #expect(info.product == "Test")
                #expect(info.version == "1.2.3")
                #expect(info.url == "https://example.org")
                #expect(
                    info.interfaces == [
                        "org.varlink.service", "org.seedsentinel.Connection", "org.example.Test",
                    ])
                for name in info.interfaces {
                    let reply = try await client.call(
                        StandardInterface.getInterfaceDescription, .init(interface: name))
                    #expect(reply.description.contains("\ninterface \(name)\n"))
                }
            }
        }
    }

    @Test func `Calls from many tasks each get their own reply`() async throws {
        try await TestService.with { service in
            try await service.withClient { client in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 1...500 {
                        group.addTask {
                            let reply = try await client.call(TestInterface.echo, .init(text: "\(number)"))
                            #expect(reply.text == "\(number)")
                        }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test func `Calls that are begun are carried out in that order, whatever is waited for first`()
        async throws
    {
        try await TestService.with { service in
            try await service.withClient { client in
                var sums: [@Sendable () async throws -> TestInterface.Total] = []
                for number in 1...200 {
                    _ = try client.begin(TestInterface.add, .init(number: number))
                    sums.append(try client.begin(TestInterface.sum, VarlinkEmpty()))
                }
                for number in (1...200).reversed() {
                    #expect(try await sums[number - 1]().sum == number * (number + 1) / 2)
                }
                let never = try client.begin(TestInterface.wait, VarlinkEmpty())
                await client.close()
                let error = await #expect(throws: VarlinkError.self) { _ = try await never() }
                #expect(error?.code == .connectionLost)
            }
        }
    }

    @Test func `A large call and its large reply arrive whole`() async throws {
        try await TestService.with { service in
            try await service.withClient { client in
                let items = (0..<5000).map { number in
                    TestInterface.Item(
                        name: "item \(number) \u{0}\"\\/é😀", size: number % 2 == 0 ? number : nil,
                        tags: ["a", "b"])
                }
                let reply = try await client.call(TestInterface.items, .init(items: items))
                #expect(reply.items == items)
            }
        }
    }

    @Test func `An error reply is thrown with its parameters`() async throws {
        try await TestService.with { service in
            try await service.withClient { client in
                let error = await #expect(throws: VarlinkError.self) {
                    try await client.call(TestInterface.fail, .init(reason: "because"))
                }
                #expect(error?.code == .errorReply)
                #expect(error?.operation == "org.example.Test.Fail")
                #expect(error?.reply?.name == "org.example.Test.Failed")
                #expect(error?.reply(as: TestInterface.Failed.self) == .init(reason: "because"))
                #expect(error?.reply(as: StandardInterface.PermissionDenied.self) == nil)
                #expect(client.isConnected)
            }
        }
    }

    @Test func `A stream gives its replies in order, then ends, and the connection goes on`() async throws {
        try await TestService.with { service in
            try await service.withClient { client in
                var numbers: [Int] = []
                for try await reply in client.stream(TestInterface.count, .init(to: 1000)) {
                    numbers.append(reply.number)
                }
                #expect(numbers == Array(1...1000))
                try await client.expectEcho()
            }
        }
    }

    @Test func `Streams that follow each other leave each other alone`() async throws {
        try await TestService.with { service in
            try await service.withClient { client in
                for round in 1...100 {
                    let first = client.stream(TestInterface.count, .init(to: round % 20 + 1))
                    let second = client.stream(TestInterface.count, .init(to: 3))
                    var count = 0
                    for try await _ in first { count += 1 }
                    for try await _ in second { count += 1 }
                    #expect(count == round % 20 + 4)
                }
            }
        }
    }

    @Test func `A stream that is let go before its turn ends the connection when its turn comes`()
        async throws
    {
        try await TestService.with { service in
            try await service.withClient { client in
                async let waiting = client.call(TestInterface.wait)
                guard case .waiting = await service.next() else { throw Unexpected() }
                _ = client.stream(TestInterface.flood, .init(polite: true, bytes: 100))
                try await service.withClient { _ = try await $0.call(TestInterface.release) }
                #expect(try await waiting == VarlinkEmpty())
                await client.waitUntilClosed()
            }
        }
    }

    @Test func `A stream ends with the service's error`() async throws {
        try await TestService.with { service in
            try await service.withClient { client in
                let error = await #expect(throws: VarlinkError.self) {
                    for try await _ in client.stream(TestInterface.count, .init(to: 0)) {}
                }
                #expect(error?.reply(as: StandardInterface.InvalidParameter.self)?.parameter == "to")
                try await client.expectEcho()
            }
        }
    }

    @Test func `A stream that is let go ends its connection, and the service hears of it`() async throws {
        try await TestService.with { service in
            try await service.withClient { client in
                for try await _ in client.stream(TestInterface.flood, .init(polite: true, bytes: 100)) {
                    break
                }
                await client.waitUntilClosed()
                while let happening = await service.next() {
                    if case .closed = happening { break }
                }
            }
        }
    }

    @Test func `A consumer that doesn't take its replies slows the service down`() async throws {
        try await TestService.with { service in
            try await service.withClient { client in
                var replies = client.stream(TestInterface.flood, .init(polite: true, bytes: 10_000))
                    .makeAsyncIterator()
                #expect(try await replies.next()?.data.utf8.count == 10_000)
                // The service comes to a halt though the client has the connection open.
                guard case .waiting = await service.next() else { throw Unexpected() }
                for _ in 0..<500 { #expect(try await replies.next()?.data.utf8.count == 10_000) }
            }
        }
    }

    @Test func `A call without reply is carried out`() async throws {
        try await TestService.with { service in
            try await service.withClient { client in
                for number in 1...10 { try await client.oneway(TestInterface.add, .init(number: number)) }
                #expect(try await client.call(TestInterface.sum).sum == 55)
            }
        }
    }

    @Test func `A lost connection fails every call that waits, and every later one`() async throws {
        try await TestService.with { service in
            try await service.withClient { client in
                await withTaskGroup(of: VarlinkError.Code?.self) { group in
                    for _ in 0..<5 {
                        group.addTask { await code { _ = try await client.call(TestInterface.wait) } }
                    }
                    group.addTask {
                        await code { for try await _ in client.stream(TestInterface.count, .init(to: 3)) {} }
                    }
                    guard case .waiting? = await service.next() else { return }
                    await service.service.close()
                    for await code in group { #expect(code == .connectionLost) }
                }
                #expect(await code { _ = try await client.call(TestInterface.sum) } == .connectionLost)
                #expect(
                    await code { try await client.oneway(TestInterface.add, .init(number: 1)) }
                        == .connectionLost)
                #expect(!client.isConnected)
            }
        }
    }

    @Test func `A timeout fails its call alone, and the late reply is nobody else's`() async throws {
        try await TestService.with { service in
            try await service.withClient { client in
                let late = await code { _ = try await client.call(TestInterface.wait, timeout: .zero) }
                #expect(late == .timedOut)
                async let reply = client.call(TestInterface.echo, .init(text: "a"), timeout: .seconds(600))
                guard case .waiting = await service.next() else { throw Unexpected() }
                try await service.withClient { _ = try await $0.call(TestInterface.release) }
                #expect(try await reply.text == "a")
            }
        }
    }

    @Test func `A cancelled call returns, and the late reply is nobody else's`() async throws {
        try await TestService.with { service in
            try await service.withClient { client in
                let waiting = Task { await code { _ = try await client.call(TestInterface.wait) } }
                guard case .waiting = await service.next() else { throw Unexpected() }
                waiting.cancel()
                #expect(await waiting.value == .cancelled)

                let never = Task {
                    withUnsafeCurrentTask { $0?.cancel() }
                    return await code { _ = try await client.call(TestInterface.add, .init(number: 1)) }
                }
                #expect(await never.value == .cancelled)

                try await service.withClient { _ = try await $0.call(TestInterface.release) }
                #expect(try await client.call(TestInterface.sum).sum == 0)
            }
        }
    }

    @Test func `A reply longer than the client reads ends the connection`() async throws {
        var configuration = VarlinkClient.Configuration()
        configuration.replyBytes = 1000
        try await TestService.with { service in
            try await service.withClient(configuration) { client in
                let text = String(repeating: "x", count: 2000)
                let code = await code { _ = try await client.call(TestInterface.echo, .init(text: text)) }
                #expect(code == .replyTooLong)
                await client.waitUntilClosed()
            }
        }
    }

    @Test(arguments: [
        "no json", "[]", #"{"parameters":{}}"#, #"{"parameters":{"text":1}}"#,
        #"{"parameters":{"text":"a"},"continues":true}"#,
    ])
    func `A reply that is none is an error`(reply: String) async throws {
        try await withFakeService(saying: reply) { path in
            let client = try await VarlinkClient.connect(
                path: path, on: MultiThreadedEventLoopGroup.singleton)
            #expect(
                await code { _ = try await client.call(TestInterface.echo, .init(text: "a")) }
                    == .malformedReply)
            await client.close()
        }
    }

    @Test func `No service, no socket and no path each say so`() async throws {
        for path in ["/nowhere/socket", "/", "", String(repeating: "x", count: 200)] {
            let error = await #expect(throws: VarlinkError.self) {
                try await VarlinkClient.connect(path: path, on: MultiThreadedEventLoopGroup.singleton)
            }
            #expect(error?.code == .notConnected)
            #expect(error?.operation == "connect \(path)")
            #expect(error?.remedy.isEmpty == false)
        }
    }

    @Test func `A client that is let go closes its connection`() async throws {
        try await TestService.with { service in
            func useOnce() async throws {
                let client = try await VarlinkClient.connect(
                    path: service.path, on: MultiThreadedEventLoopGroup.singleton)
                try await client.expectEcho()
                #expect(try await service.connectionCount() == 1)
            }
            try await useOnce()
            try await service.waitForConnections(0)
        }
    }
}

/// The code of the ``VarlinkError`` that `body` throws, nil where it throws none.
private func code(_ body: () async throws -> Void) async -> VarlinkError.Code? {
    switch await catching(body) {
    case .success: nil
    case .failure(let error): (error as? VarlinkError)?.code
    }
}

/// A service that answers everything it hears with the same frame.
private func withFakeService(saying reply: String, _ body: (String) async throws -> Void) async throws {
    try await withTemporaryDirectory { directory in
        let path = directory + "/socket"
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Parrot(reply))
                }
            }
            .bind(unixDomainSocketPath: path).get()
        let result = await catching { try await body(path) }
        try await listener.close().get()
        try result.get()
    }
}

private final class Parrot: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let reply: String

    init(_ reply: String) {
        self.reply = reply
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: reply + "\0")), promise: nil)
    }
}
