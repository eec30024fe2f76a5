// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Sentinel

/// Plays attack shapes against the recommended chain with the kernel plane, and against what else there is.
public struct Simulation: Sendable {
    public let seed: UInt64
    public let extent: Extent
    /// From a denial until the kernel drops the first packet.
    public let enforcementDelay: Duration

    /// How long and how much.
    public enum Extent: Sendable {
        /// As it is published.
        case full
        /// Less of everything, for tests.
        case brief
    }

    /// - Parameter enforcementDelay: what `make bench` measures, unless told otherwise.
    public init(seed: UInt64, extent: Extent = .full, enforcementDelay: Duration = .microseconds(150)) {
        self.seed = seed
        self.extent = extent
        self.enforcementDelay = enforcementDelay
    }

    /// A row for each contender, in the same traffic.
    ///
    /// - Throws: what the policies throw; nothing with the limits that there are.
    public func rows(_ shape: Shape) throws(SentinelError) -> [Row] {
        let scenario = Scenario(shape, seed: seed, extent)
        return [
            try play(scenario, try SentinelContender(seed: seed)),
            try play(scenario, try PlainLimiter()),
            try play(scenario, try PermanentBans()),
        ]
    }

    /// How many attempts attackers make in a shape, and how many connections the honest from then on.
    func traffic(_ shape: Shape) -> (attempts: Int, honest: Int) {
        let scenario = Scenario(shape, seed: seed, extent)
        let attack = scenario.visits.filter { $0.party == .attacker }
        return (
            attack.reduce(0) { $0 + $1.attempts },
            scenario.visits.count { $0.party != .attacker && $0.arrival >= scenario.attackStart }
        )
    }

    private func play(_ scenario: Scenario, _ contender: some Contender) throws(SentinelError) -> Row {
        var node = SimulatedNode(
            scenario, behind: contender, try KernelPlane(seed: seed), enforcementDelay: enforcementDelay)
        node.run()
        return Row(scenario, node, seed: seed)
    }
}
