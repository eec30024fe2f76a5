// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Sentinel

/// How many behind one address.
struct NATTerms {
    /// Whom the bad one says that it is.
    enum Identities {
        case one, newEachTime
    }

    /// In seconds; what comes after the attack is for those who are left.
    var warmUp: Double
    var length = 300.0
    var aftermath = 1200.0
    /// Connections a second, of the bad one.
    var rate = 50.0
    /// Those who mean well, and how many of them come first while the attack goes on.
    var good = 50
    var newcomers = 10
    var honest = 250
    let family: IPAddress.Family
    let identities: Identities

    init(
        _ extent: Simulation.Extent, _ family: IPAddress.Family, warmUp: Double = 600,
        identities: Identities = .one
    ) {
        self.warmUp = warmUp
        self.family = family
        self.identities = identities
        guard extent == .brief else { return }
        (self.warmUp, length, aftermath, honest) = (min(warmUp, 180), 60, 120, 10)
    }
}

extension TrafficGenerator {
    /// The good ones behind an IPv4 address, or each with an address of its own in one /64; and the bad one, which
    /// connects, breaks a protocol, and connects again.
    mutating func addSharedAddress(_ terms: NATTerms) {
        let end = terms.warmUp + terms.length + terms.aftermath
        addHonest(terms.honest, until: end)
        let shared = IPNetwork(
            containing: address(terms.family), prefixLength: terms.family == .ipv4 ? 32 : 64)
        let attack = terms.warmUp...(terms.warmUp + terms.length)
        for number in 0..<terms.good {
            addPeer(
                .neighbour, at: address(in: shared), first: number < terms.newcomers ? attack : 0...60,
                until: end)
        }
        let (address, bad) = (address(in: shared), peer())
        var now = Int64.seconds(terms.warmUp)
        while now < .seconds(attack.upperBound) {
            let violation = Act(pause: .seconds(0.01), kind: .breakProtocol)
            let identity = terms.identities == .one ? bad : peer()
            add(.attacker, at: now, identity, from: address, acts: [violation], stay: 0)
            now += interval(mean: 1 / terms.rate)
        }
    }
}
