// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Sentinel

/// How much of slow abuse.
struct SlowTerms {
    /// In seconds.
    var length = 14_400.0
    /// Attackers, each from an address of its own.
    var attackers = 500
    /// In seconds, between two visits of one of them.
    var pause = 60.0
    var honest = 300

    init(_ extent: Simulation.Extent) {
        guard extent == .brief else { return }
        (length, attackers, honest) = (3600, 12, 10)
    }
}

extension TrafficGenerator {
    /// Of eight visits four break a protocol, three come to no handshake, and one opens streams too fast.
    mutating func addSlowAbuse(_ terms: SlowTerms) {
        addHonest(terms.honest, until: terms.length)
        for number in 0..<terms.attackers {
            let address = address(number.isMultiple(of: 3) ? .ipv6 : .ipv4)
            let peer = peer()
            var now = interval(mean: terms.pause)
            while now < .seconds(terms.length) {
                addAbuse(by: peer, from: address, at: now)
                now += .seconds(10) + interval(mean: terms.pause - 10)
            }
        }
    }

    private mutating func addAbuse(by peer: PeerID, from address: IPAddress, at now: Int64) {
        switch Int.random(in: 0..<8, using: &random) {
        case 0...2:
            add(.attacker, at: now, peer, from: address, handshake: .fails, stay: 0)
        case 3:
            let streams = Act(pause: .seconds(0.02), kind: .openStream(.git, for: .seconds(5)))
            add(
                .attacker, at: now, peer, from: address, acts: Array(repeating: streams, count: 40),
                stay: .seconds(5))
        default:
            let violation = Act(pause: .seconds(2), kind: .breakProtocol)
            add(.attacker, at: now, peer, from: address, acts: [violation], stay: 0)
        }
    }
}
