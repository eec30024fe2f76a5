// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import NIOPosix
import Sentinel
import Testing

@testable import SeedNode

@Suite struct FloodTests {
    private let group = MultiThreadedEventLoopGroup.singleton

    private func flood(_ gate: NodeGate, limit: Int = 100) async throws -> (
        FloodTally, NodeStatistics.Snapshot
    ) {
        let node = Node(identity: NodeIdentity(), gate: gate, group: group)
        let sources = ["127.0.0.2", "127.0.0.3"].compactMap { IPAddress($0) }
        let listener = try await node.listen(on: [.v4(IPv4Address(127, 0, 0, 1))], port: 0)
        let there = try #require(listener.endpoints.first { $0.transport == .tcp })
        var flood = Flood(there, from: sources, rate: 1000, duration: .milliseconds(50))
        flood.timeout = .seconds(10)
        flood.maximumInFlight = limit
        let tally = FloodTally()
        await flood.run(as: Node(identity: NodeIdentity(), group: group), counting: tally)
        await listener.close()
        return (tally, node.statistics.snapshot)
    }

    @Test func `All that a flood begins is counted by source and outcome`() async throws {
        let (tally, snapshot) = try await flood(.open)
        #expect(tally.inFlight == 0)
        #expect(tally.all.attempts > 0 && tally.all[.served] == tally.all.attempts)
        #expect(tally.bySource.values.map(\.attempts).reduce(0, +) == tally.all.attempts)
        #expect(snapshot.handshakes == tally.all.attempts)
    }

    @Test func `A denied flood is refused`() async throws {
        let gate = RecordingSentinel(denying: [.accept])
        let (tally, snapshot) = try await flood(gate.gate)
        #expect(tally.all[.refused] == tally.all.attempts)
        #expect(snapshot.denials == [.accept: tally.all.attempts])
        let sources = Set(gate.remotes.compactMap(\.ipAddress))
        #expect(sources == Set(tally.bySource.keys))
    }

    @Test func `No more than allowed are under way, and what is skipped is counted`() {
        let tally = FloodTally()
        let begun = (0..<5).map { _ in tally.begin(limit: 3) }
        #expect(begun == [true, true, true, false, false])
        #expect(tally.inFlight == 3 && tally.skipped == 2)
        tally.end(nil, .timeout)
        #expect(tally.begin(limit: 3))
    }
}
