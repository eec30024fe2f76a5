// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

import ArgumentParser
import CAllocations
import Inet
import Sentinel

struct CheckCost: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract:
            "What a check costs in the node with N addresses on its deny list, for a peer that isn't on it.")

    @Argument var entries: Int
    @Option var rounds = 2_000_000

    func run() throws {
        var generator = SystemRandomNumberGenerator()
        var list = AccessList(name: "banned", effect: .deny)
        for _ in 0..<entries {
            let address = IPAddress.v4(
                IPv4Address(bits: UInt32.random(in: 0x0100_0000..<0x7F00_0000, using: &generator)))
            try list.insert(.address(address), reason: .denyListed, now: MonotonicInstant(nanoseconds: 0))
        }
        // Half of the numbers there are, none of them listed.
        let questions = (0..<4096).map { _ in
            let address = IPAddress.v4(
                IPv4Address(bits: UInt32.random(in: 0x8000_0000..<0xDF00_0000, using: &generator)))
            return Question(
                .accept,
                about: RemotePeer(
                    address: Multiaddr(Endpoint(address: address, transport: .tcp, port: 4001)),
                    direction: .inbound,
                    source: .handshake))
        }
        let now = MonotonicInstant(nanoseconds: 1)
        var denied = 0
        // First that the probe sees anything at all.
        let probe = allocation_count()
        let memory = Self.allocate(rounds)
        guard allocation_count() > probe, memory.count == rounds else {
            throw ValidationError("allocations aren't counted")
        }
        func ask(_ rounds: Int) {
            for round in 0..<rounds {
                if case .deny = list.decide(questions[round & 4095], now: now) { denied += 1 }
            }
        }
        ask(100_000)
        let before = allocation_count()
        let start = ContinuousClock.now
        ask(rounds)
        let seconds = start.duration(to: .now).seconds
        let allocations = allocation_count() - before
        guard denied == 0 else { throw ValidationError("\(denied) were denied") }
        Figure(
            name: "check",
            fields: [
                ("n", Double(entries)), ("nanoseconds", seconds * 1e9 / Double(rounds)),
                ("allocations", Double(allocations)),
            ]
        ).print()
    }

    /// Something that no optimisation can do without memory.
    @inline(never)
    private static func allocate(_ count: Int) -> [Int] { (0..<count).map { $0 &* 7 } }
}
