// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// What came of one contender in one shape: a row of the results.
public struct Row: Hashable, Sendable {
    /// The shape's name, and the contender's.
    public let name: String
    public let contender: String
    /// What the contender is, in a few words.
    public let contenderTitle: String
    /// Where the chance came from.
    public let seed: UInt64

    /// Connections and abuses on them that attackers attempted.
    public let attempts: Int
    public let refusedInKernel: Int
    /// By the node, before the handshake.
    public let refusedAtAccept: Int
    /// By the node, after it.
    public let refusedAfterHandshake: Int

    /// The connections of honest peers, from the attack's beginning on.
    public let honest: HonestCount
    /// Those of them that came from the attacker's address, or from its block.
    public let neighbours: HonestCount
    /// Streams that honest peers opened, and those that were denied.
    public let honestStreams: Int
    public let honestStreamsRefused: Int

    /// How many bans the kernel came to have, renewals apart.
    public let bans: Int
    /// What the attack cost the node, and what it costs one that refuses nothing, in units of one accept.
    public let attackCost: Int
    public let undefendedCost: Int
    /// What attackers and the honest together cost it.
    public let nodeCost: Int

    public var refusedInNode: Int { refusedAtAccept + refusedAfterHandshake }
    public var letThrough: Int { attempts - refusedInKernel - refusedInNode }

    /// How many of the attempts came to this stage and no further.
    public func count(_ stage: Stage) -> Int {
        switch stage {
        case .kernel: refusedInKernel
        case .accept: refusedAtAccept
        case .afterHandshake: refusedAfterHandshake
        case .through: letThrough
        }
    }

    /// The share of the attempts; 0 where there were none.
    public func share(_ stage: Stage) -> Double { Self.share(count(stage), of: attempts) }
    /// What the attack cost, as a share of what it costs a node that refuses nothing.
    public var costShare: Double { Self.share(attackCost, of: undefendedCost) }

    private static func share(_ part: Int, of whole: Int) -> Double {
        whole == 0 ? 0 : Double(part) / Double(whole)
    }
}

extension Row {
    init<Guard: Contender>(_ scenario: Scenario, _ node: SimulatedNode<Guard>, seed: UInt64) {
        let tally = node.tally
        name = scenario.shape.name
        contender = Guard.name
        contenderTitle = Guard.title
        self.seed = seed
        attempts = tally.attempts.reduce(0, +)
        refusedInKernel = tally.attempts[Stage.kernel.rawValue]
        refusedAtAccept = tally.attempts[Stage.accept.rawValue]
        refusedAfterHandshake = tally.attempts[Stage.afterHandshake.rawValue]
        honest = tally.honest
        neighbours = tally.neighbours
        honestStreams = tally.honestStreams
        honestStreamsRefused = tally.honestStreamsRefused
        bans = node.kernel.banCount
        attackCost = tally.attackCost
        undefendedCost = scenario.visits.filter { $0.party == .attacker }.reduce(0) {
            $0 + NodeCost.undefended($1)
        }
        nodeCost = tally.attackCost + tally.honestCost
    }
}
