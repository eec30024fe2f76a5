// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

import ArgumentParser
import Glibc
import NIOCore
import NIOPosix
import SentinelProtocol
import Varlink

struct Latency: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "One denial after the other over the helper's socket, each of another address, until its receipt.",
        discussion: """
            By a plain blocking socket, so that nothing is measured but the helper and the kernel; with --client by
            VarlinkClient, whose answer also has to come back to a task.
            """)

    @Option var socket: String
    @Option var count = 5000
    @Flag var client = false

    func run() async throws {
        let samples = try await client ? byClient() : byPlainSocket()
        Figure(
            name: "latency",
            fields: [
                ("n", Double(samples.count)), ("p50", percentile(0.5, of: samples)),
                ("p99", percentile(0.99, of: samples)),
            ]
        ).print()
    }

    private func address(_ number: Int) -> String {
        "11.\(client ? 1 : 0).\(number >> 8 & 255).\(number & 255)"
    }

    /// The first ones pay for what is set up once, and aren't counted.
    private func isCounted(_ number: Int) -> Bool { number >= count / 20 }

    private func byClient() async throws -> [Double] {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let client = try await VarlinkClient.connect(path: socket, on: group)
        var samples: [Double] = []
        for number in 0..<count {
            let denial = Denial(
                check: .accept, subject: address(number), reason: "rate-limit", validated: true)
            let start = ContinuousClock.now
            let reply = try await client.call(HelperInterface.submit, .init(denials: [denial]))
            let seconds = start.duration(to: .now).seconds
            guard reply.receipts.first?.enforced == true else { throw ValidationError("refused: \(reply)") }
            if isCounted(number) { samples.append(seconds * 1e6) }
        }
        await client.close()
        try await group.shutdownGracefully()
        return samples
    }

    private func byPlainSocket() throws -> [Double] {
        let connection = try PlainConnection(path: socket)
        var samples: [Double] = []
        for number in 0..<count {
            let call = """
                {"method":"\(HelperInterface.submit.name)","parameters":{"denials":[{"check":"accept",\
                "subject":"\(address(number))","reason":"rate-limit","validated":true}]}}
                """
            let start = ContinuousClock.now
            let reply = try connection.call(call)
            let seconds = start.duration(to: .now).seconds
            guard reply.contains("\"enforced\":true") else { throw ValidationError("refused: \(reply)") }
            if isCounted(number) { samples.append(seconds * 1e6) }
        }
        return samples
    }
}

/// A blocking connection that sends a frame and waits for the one that answers it.
private final class PlainConnection {
    private let descriptor: Int32

    init(path: String) throws {
        descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw ValidationError("\(path) is too long for a socket's path")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw ValidationError("\(path): \(String(cString: strerror(errno)))") }
    }

    deinit { close(descriptor) }

    func call(_ frame: String) throws -> String {
        let bytes = Array(frame.utf8) + [0]
        guard write(descriptor, bytes, bytes.count) == bytes.count else {
            throw ValidationError("the helper hung up")
        }
        var reply: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while reply.last != 0 {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { throw ValidationError("the helper hung up") }
            reply += buffer[..<count]
        }
        return String(decoding: reply.dropLast(), as: UTF8.self)
    }
}

struct Fill: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Have the helper ban N addresses, a thousand in a call.")

    @Option var socket: String
    @Argument var count: Int

    func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let client = try await VarlinkClient.connect(path: socket, on: group)
        let start = ContinuousClock.now
        for first in stride(from: 0, to: count, by: 1000) {
            let denials = (first..<min(first + 1000, count)).map { number in
                Denial(
                    check: .accept,
                    subject:
                        "\(12 + (number >> 24)).\(number >> 16 & 255).\(number >> 8 & 255).\(number & 255)",
                    reason: "rate-limit", validated: true)
            }
            let reply = try await client.call(HelperInterface.submit, .init(denials: denials))
            guard reply.receipts.allSatisfy(\.enforced) else {
                throw ValidationError("refused: \(reply.receipts.first { !$0.enforced }.debugDescription)")
            }
        }
        Figure(name: "fill", fields: [("n", Double(count)), ("seconds", start.duration(to: .now).seconds)])
            .print()
        await client.close()
        try await group.shutdownGracefully()
    }
}
