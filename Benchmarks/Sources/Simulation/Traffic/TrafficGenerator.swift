// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Sentinel

/// Makes up who comes, from where and when.
struct TrafficGenerator {
    private(set) var visits: [Visit] = []
    var random: SeededGenerator
    private var taken: Set<IPNetwork> = []

    init(seed: UInt64) {
        random = SeededGenerator(seed)
    }

    // MARK: Chance

    /// A duration of so many seconds on average, memoryless, in nanoseconds.
    mutating func interval(mean seconds: Double) -> Int64 {
        // 1 - u is never 0.
        let uniform = Double.random(in: 0..<1, using: &random)
        return .seconds(-logarithm(1 - uniform) * seconds)
    }

    mutating func seconds(_ range: ClosedRange<Double>) -> Int64 {
        .seconds(Double.random(in: range, using: &random))
    }

    mutating func chance(_ share: Double) -> Bool {
        Double.random(in: 0..<1, using: &random) < share
    }

    // MARK: Who and where

    mutating func peer() -> PeerID {
        let key = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        guard let peer = try? PeerID(ed25519PublicKey: key) else { preconditionFailure("32 bytes are a key") }
        return peer
    }

    /// An address of its own network: nobody else comes from its /24, or its /48.
    mutating func address(_ family: IPAddress.Family) -> IPAddress {
        while true {
            let address: IPAddress =
                switch family {
                case .ipv4:
                    .v4(
                        IPv4Address(
                            UInt8.random(in: 11...99, using: &random), .random(in: 0...255, using: &random),
                            .random(in: 0...255, using: &random), .random(in: 1...254, using: &random)))
                case .ipv6:
                    // 2000::/3 is what is routed.
                    .v6(IPv6Address(high: 0x2000_0000_0000_0000 | random.next() >> 3, low: random.next()))
                }
            let site = IPNetwork(containing: address, prefixLength: family == .ipv4 ? 24 : 48)
            if taken.insert(site).inserted { return address }
        }
    }

    /// An address in a block of IPv6 addresses.
    mutating func address(in block: IPNetwork) -> IPAddress {
        guard case .v6(let first) = block.first else { return block.first }
        let mask = IPv6Address.mask(block.prefixLength)
        return .v6(
            IPv6Address(
                high: first.high | (random.next() & ~mask.high),
                low: first.low | (random.next() & ~mask.low)))
    }

    // MARK: Visits

    mutating func add(
        _ party: Visit.Party, at arrival: Int64, _ peer: PeerID, from address: IPAddress,
        handshake: Visit.Handshake = .completes, acts: [Act] = [], stay: Int64
    ) {
        let handshakeTime = seconds(party == .attacker ? 0.02...0.06 : 0.03...0.25)
        visits.append(
            Visit(
                party: party, arrival: arrival, peer: peer, address: address,
                port: .random(in: 1024...65_535, using: &random), handshakeTime: handshakeTime,
                handshake: handshake, acts: acts, stay: stay))
    }

    /// Peers that mean well, from addresses of their own.
    mutating func addHonest(_ count: Int, until end: Double) {
        for number in 0..<count {
            addPeer(.honest, at: address(number.isMultiple(of: 3) ? .ipv6 : .ipv4), until: end)
        }
    }

    /// A peer that means well: one in three comes for a fetch now and then, the others stay and come back.
    ///
    /// - Parameters:
    ///   - first: when it comes for the first time, in seconds.
    ///   - end: before that it comes for the last time, in seconds.
    mutating func addPeer(
        _ party: Visit.Party, at address: IPAddress, first: ClosedRange<Double> = 0...60, until end: Double
    ) {
        let (peer, stays) = (peer(), chance(2 / 3))
        var now = seconds(first)
        while now < .seconds(end) {
            let stay = stays ? interval(mean: 300) + .seconds(60) : seconds(2...20)
            // Connections break in the handshake also where nobody means harm.
            if chance(0.01) {
                add(party, at: now, peer, from: address, handshake: .fails, stay: 0)
                now += seconds(5...30)
                continue
            }
            let acts = honestActs(for: stay, stays: stays)
            let left = acts.reduce(stay) { $0 - $1.pause }
            add(party, at: now, peer, from: address, acts: acts, stay: max(0, left))
            now += stay + .seconds(1) + interval(mean: stays ? 30 : 60)
        }
    }

    /// Gossip all the time, a repository now and then, and rarely an answer that comes too late.
    private mutating func honestActs(for stay: Int64, stays: Bool) -> [Act] {
        guard stays else {
            return [
                Act(pause: .seconds(0.1), kind: .openStream(.git, for: min(stay, .seconds(2)))),
                Act(pause: .seconds(1), kind: .serve),
            ]
        }
        var acts = [
            Act(pause: .seconds(0.1), kind: .openStream(.gossip, for: stay)),
            Act(pause: .seconds(0.1), kind: .openStream(.membership, for: stay)),
        ]
        var passed = Int64.seconds(1)
        while true {
            let pause = interval(mean: 60)
            passed += pause
            guard passed < stay else { return acts }
            if chance(0.01) {
                acts.append(Act(pause: pause, kind: .keepWaiting))
            } else {
                // A fetch of a few repositories at once.
                let count = Int.random(in: 1...4, using: &random)
                for number in 0..<count {
                    acts.append(
                        Act(pause: number == 0 ? pause : 0, kind: .openStream(.git, for: seconds(0.5...5))))
                }
                acts.append(Act(pause: 0, kind: .serve))
            }
        }
    }

    /// All visits in the order in which they arrive.
    mutating func finish() -> [Visit] {
        visits.enumerated().sorted { ($0.element.arrival, $0.offset) < ($1.element.arrival, $1.offset) }
            .map(\.element)
    }
}
