// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

import ArgumentParser
import NIOCore
import NIOPosix
import SentinelProtocol
import Varlink

struct Latency: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "One denial after the other over the helper's socket, each of another address, until its receipt."
    )

    @Option var socket: String
    @Option var count = 5000

    func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let client = try await VarlinkClient.connect(path: socket, on: group)
        var samples: [Double] = []
        for number in 0..<count {
            let denial = Denial(
                check: .accept, subject: "11.\(number >> 16).\(number >> 8 & 255).\(number & 255)",
                reason: "rate",
                validated: true)
            let start = ContinuousClock.now
            let reply = try await client.call(HelperInterface.submit, .init(denials: [denial]))
            let seconds = start.duration(to: .now).seconds
            guard reply.receipts.first?.enforced == true else { throw ValidationError("refused: \(reply)") }
            // The first ones pay for what is set up once.
            if number >= count / 20 { samples.append(seconds * 1e6) }
        }
        Figure(
            name: "latency",
            fields: [
                ("n", Double(samples.count)), ("p50", percentile(0.5, of: samples)),
                ("p99", percentile(0.99, of: samples)),
            ]
        ).print()
        await client.close()
        try await group.shutdownGracefully()
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
                    reason: "rate", validated: true)
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
