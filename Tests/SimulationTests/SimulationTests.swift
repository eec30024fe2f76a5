// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Testing

@testable import Simulation

/// The same each time: short traffic of any seed need not have what a test is about. `make simulate` takes others.
private let seeds: [UInt64] = [1, 2, 3]

private func rows(_ shape: Shape, seed: UInt64) throws -> [Row] {
    try Simulation(seed: seed, extent: .brief).rows(shape)
}

@Suite struct SimulationTests {
    @Test func theSameSeedHasTheSameResults() throws {
        for shape in [Shape.natIdentities, .rotation] {
            #expect(try rows(shape, seed: 5) == rows(shape, seed: 5), "\(shape)")
        }
        #expect(try rows(.nat, seed: 5) != rows(.nat, seed: 6))
    }

    @Test(arguments: Shape.allCases) func allContendersMeetTheSameTraffic(_ shape: Shape) throws {
        let rows = try rows(shape, seed: 1)
        #expect(rows.map(\.contender) == ["sentinel", "limiter", "permanent"])
        let traffic = Simulation(seed: 1, extent: .brief).traffic(shape)
        #expect(traffic.attempts > 1000)
        for row in rows {
            // Each attempt is counted once, whatever becomes of it.
            #expect(row.attempts == traffic.attempts, "\(row.contender)")
            #expect(Stage.allCases.reduce(0) { $0 + row.count($1) } == traffic.attempts)
            #expect(Stage.allCases.allSatisfy { row.count($0) >= 0 })
            #expect(row.honest.attempts == traffic.honest, "\(row.contender)")
        }
    }

    @Test(arguments: [Shape.nat, .nat6], seeds)
    func nobodyHonestIsRefusedBehindANAT(_ shape: Shape, seed: UInt64) throws {
        let rows = try rows(shape, seed: seed)
        expectNoHarm(rows[0])
        #expect(rows[0].neighbours.attempts > 20)
        #expect(rows[0].share(.through) < 0.01)
        #expect(rows[0].letThrough <= rows[1].letThrough)
    }

    @Test(arguments: [Shape.flood, .rotation, .rotation56, .slow], seeds)
    func itRefusesMostInTheKernelAndNobodyHonest(_ shape: Shape, seed: UInt64) throws {
        let rows = try rows(shape, seed: seed)
        expectNoHarm(rows[0])
        #expect(rows[0].share(.kernel) > 0.5)
        #expect(rows[0].letThrough <= rows[1].letThrough)
        #expect(rows[0].attackCost < rows[1].attackCost)
        #expect(rows[1].refusedInKernel == 0)
    }

    private func expectNoHarm(_ row: Row) {
        #expect(row.honest.attempts > row.neighbours.attempts)
        #expect(row.honest.refused == 0)
        #expect(row.honest.cut == 0)
        #expect(row.honestStreams > 0)
        #expect(row.honestStreamsRefused == 0)
    }

    @Test(arguments: [Shape.natCold, .natIdentities], seeds)
    func itRefusesNoLessThanThePlainLimiter(_ shape: Shape, seed: UInt64) throws {
        let rows = try rows(shape, seed: seed)
        #expect(rows[0].letThrough <= rows[1].letThrough)
    }

    @Test func permanentBansShutOutEveryoneBehindTheAddress() throws {
        let permanent = try rows(.nat, seed: 1)[2]
        #expect(permanent.neighbours.refused == permanent.neighbours.attempts)
        #expect(permanent.honest.refused == permanent.neighbours.refused)
        #expect(permanent.honest.cut > 0)
    }

    @Test func aSlowKernelLetsMoreThrough() throws {
        let late = Simulation(seed: 1, extent: .brief, enforcementDelay: .seconds(2))
        let (slow, quick) = (try late.rows(.flood)[0], try rows(.flood, seed: 1)[0])
        #expect(slow.refusedInKernel < quick.refusedInKernel)
        #expect(slow.refusedAtAccept > quick.refusedAtAccept)
    }
}
