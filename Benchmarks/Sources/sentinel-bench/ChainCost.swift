// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

import ArgumentParser
import CAllocations
import Dispatch
import Glibc
import Inet
import Sentinel

struct ChainCost: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chain",
        abstract: "What a full chain costs for a connection that it allows, and how it scales to threads.",
        discussion: """
            A deny list of N addresses, rates, connection limits, stream limits, reputation, widening and shared \
            addresses, asked at accept about sources that are not on the list. The median is that of blocks of 64 \
            questions; what reading the clock takes is part of it.
            """)

    @Argument var entries: Int
    @Option(help: "How many questions each thread asks.") var rounds = 2_000_000
    @Option(help: "How many threads ask.") var threads = 1
    @Flag(help: "Ask about IPv6 sources, which have two rates.") var six = false

    func run() throws {
        let sentinel = try Self.sentinel(entries)
        let questions = (0..<threads).map { _ in Self.questions(six: six) }
        // First that the probe sees anything at all.
        let probe = allocation_count()
        let memory = Self.allocate(rounds)
        guard allocation_count() > probe, memory.count == rounds else {
            throw ValidationError("allocations aren't counted")
        }
        for thread in questions { _ = Self.ask(sentinel, thread, rounds: 200_000) }
        let single = Self.ask(sentinel, questions[0], rounds: rounds)
        let start = ContinuousClock.now
        DispatchQueue.concurrentPerform(iterations: threads) { thread in
            _ = Self.ask(sentinel, questions[thread], rounds: rounds)
        }
        let seconds = start.duration(to: .now).seconds
        guard single.denied == 0 else { throw ValidationError("\(single.denied) were denied") }
        Figure(
            name: "chain",
            fields: [
                ("n", Double(entries)), ("threads", Double(threads)), ("nanoseconds", single.median),
                ("allocations", Double(single.allocations)),
                ("scaling", Double(threads) * single.seconds / seconds),
            ]
        ).print()
    }

    static func sentinel(_ entries: Int) throws -> PolicySentinel {
        var random = SystemRandomNumberGenerator()
        var list = AccessList(name: "banned", effect: .deny)
        for _ in 0..<entries {
            let bits = UInt32.random(in: 0x0100_0000..<0x7F00_0000, using: &random)
            try list.insert(
                .address(.v4(IPv4Address(bits: bits))), reason: .denyListed, now: .init(nanoseconds: 0))
        }
        // libp2p's blocks of addresses; sources come here more often than any node would have them.
        let often = try TokenRate(1_000_000, per: .seconds(1), burst: 1_000_000)
        return try PolicySentinel(
            [
                list,
                SourceRate(
                    name: "rate",
                    limits: .init(tiers: [
                        .init(.ipv4, prefixLength: 32, rate: often),
                        .init(.ipv6, prefixLength: 56, rate: often),
                        .init(.ipv6, prefixLength: 48, rate: often),
                    ])),
                ConnectionLimits(
                    name: "connections",
                    limits: .init(
                        tiers: [
                            .init(.ipv4, prefixLength: 32, .init(inbound: 8)),
                            .init(.ipv6, prefixLength: 56, .init(inbound: 8)),
                            .init(.ipv6, prefixLength: 48, .init(inbound: 64)),
                        ], peer: .init(inbound: 4), total: .init(inbound: 4096))),
                StreamLimits(name: "streams", limits: [.git: .init(rate: often)]),
                Reputation(name: "reputation", terms: .init(thresholds: .init())),
                Widening(name: "widening", terms: .standard),
                SharedAddresses(name: "shared", terms: .init()),
            ]
        ) {
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC, &time)
            return MonotonicInstant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
        }
    }

    /// As many sources as a busy node has, none of them listed.
    private static func questions(six: Bool) -> [ConnectionAddresses] {
        var random = SystemRandomNumberGenerator()
        return (0..<4096).map { _ in
            let address: IPAddress =
                six
                ? .v6(IPv6Address(high: 0x2000_0000_0000_0000 | random.next() >> 3, low: random.next()))
                : .v4(IPv4Address(bits: UInt32.random(in: 0x8000_0000..<0xDF00_0000, using: &random)))
            return ConnectionAddresses(
                local: nil, remote: Multiaddr(Endpoint(address: address, transport: .tcp, port: 4001)),
                source: .handshake)
        }
    }

    private static let block = 64

    private struct Result {
        /// Nanoseconds of a question.
        var median: Double
        var seconds: Double
        var denied: Int
        var allocations: UInt
    }

    @inline(never)
    private static func ask(
        _ sentinel: PolicySentinel, _ questions: [ConnectionAddresses], rounds: Int
    ) -> Result {
        var samples = [Double](repeating: 0, count: rounds / block)
        var denied = 0
        let before = allocation_count()
        let begin = ContinuousClock.now
        for sample in samples.indices {
            let start = ContinuousClock.now
            for round in (sample * block)..<((sample + 1) * block)
            where !sentinel.interceptAccept(questions[round & 4095]).isAllowed {
                denied += 1
            }
            samples[sample] = start.duration(to: .now).seconds * 1e9 / Double(block)
        }
        let seconds = begin.duration(to: .now).seconds
        let allocations = allocation_count() - before
        return Result(
            median: percentile(0.5, of: samples), seconds: seconds, denied: denied, allocations: allocations)
    }

    /// Something that no optimisation can do without memory.
    @inline(never)
    private static func allocate(_ count: Int) -> [Int] { (0..<count).map { $0 &* 7 } }
}
