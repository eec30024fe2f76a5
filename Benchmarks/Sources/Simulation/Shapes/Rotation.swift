// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet

/// How much of a rotation.
struct RotationTerms {
    /// In seconds.
    var warmUp = 60.0
    var length = 1200.0
    /// Connections a second.
    var rate = 50.0
    /// So many connections come from one /64.
    var connectionsPerSubnet = 3
    var honest = 300
    /// What the attacker has.
    let prefixLength: Int
    /// Peers that mean well, each with a /56 of its own, in the same /48; none where the attacker has it all.
    var neighbours: Int

    init(_ extent: Simulation.Extent, prefixLength: Int) {
        self.prefixLength = prefixLength
        neighbours = prefixLength > 48 ? 20 : 0
        guard extent == .brief else { return }
        (length, honest) = (60, 20)
    }
}

extension TrafficGenerator {
    /// An attacker with an identity and an address for each connection.
    mutating func addRotation(_ terms: RotationTerms) {
        let end = terms.warmUp + terms.length
        addHonest(terms.honest, until: end)
        let source = address(.ipv6)
        let site = IPNetwork(containing: source, prefixLength: 48)
        let block = IPNetwork(containing: source, prefixLength: terms.prefixLength)
        var neighbours = 0
        while neighbours < terms.neighbours {
            let address = address(in: site)
            guard !block.contains(address) else { continue }
            addPeer(.neighbour, at: address, until: end)
            neighbours += 1
        }
        var now = Int64.seconds(terms.warmUp)
        while now < .seconds(end) {
            let subnet = IPNetwork(containing: address(in: block), prefixLength: 64)
            for _ in 0..<terms.connectionsPerSubnet {
                add(.attacker, at: now, peer(), from: address(in: subnet), stay: .seconds(10))
                now += interval(mean: 1 / terms.rate)
            }
        }
    }
}
