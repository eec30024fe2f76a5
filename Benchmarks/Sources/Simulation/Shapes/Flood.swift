// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet

/// How much of a flood.
struct FloodTerms {
    /// In seconds.
    var warmUp = 60.0
    var length = 900.0
    /// Connections a second, of each source.
    var rate = 200.0
    var honest = 300

    init(_ extent: Simulation.Extent) {
        guard extent == .brief else { return }
        (length, rate, honest) = (60, 25, 20)
    }
}

extension TrafficGenerator {
    /// An IPv4 and an IPv6 source, each with one identity.
    mutating func addFlood(_ terms: FloodTerms) {
        let end = terms.warmUp + terms.length
        addHonest(terms.honest, until: end)
        for family in IPAddress.Family.allCases {
            let (address, peer) = (address(family), peer())
            var now = Int64.seconds(terms.warmUp)
            while now < .seconds(end) {
                add(.attacker, at: now, peer, from: address, stay: .seconds(10))
                now += interval(mean: 1 / terms.rate)
            }
        }
    }
}
