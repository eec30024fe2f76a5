// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Sentinel
import TestRandom
import Testing

@Suite struct AccessListTests {
    let peer: PeerID
    let address = IPAddress.v4(IPv4Address(203, 0, 113, 7))
    let flood: Reason

    init() throws {
        peer = try PeerID(parsing: Peers.ed25519)
        flood = try Reason(parsing: "flood")
    }

    private func list(_ effect: AccessList.Effect, checks: CheckSet = .all) -> AccessList {
        AccessList(name: "list", effect: effect, checks: checks)
    }

    @Test func `Who is on a deny list is denied, with the entry's reason and the time that is left`() throws {
        var list = list(.deny)
        try list.insert(.address(address), reason: flood, for: .seconds(60), now: at(0))
        let denial = try #require(
            list.decide(Question(.accept, about: .inbound(address)), now: at(20_000)).denial)
        #expect(denial.reason == flood)
        #expect(denial.policy == "list")
        #expect(denial.check == .accept)
        let left = try #require(denial.duration)
        #expect(left >= .seconds(40) && left < .seconds(40.002))
        let other = IPAddress.v4(IPv4Address(203, 0, 113, 8))
        #expect(list.decide(Question(.accept, about: .inbound(other)), now: at(20_000)) == .pass)
    }

    @Test func `An entry ends by itself, one without a term doesn't`() throws {
        var list = list(.deny)
        try list.insert(.address(address), reason: flood, for: .seconds(60), now: at(0))
        try list.insert(.peer(peer), reason: .denyListed, now: at(0))
        #expect(list.entry(for: address, now: at(59_999)) != nil)
        #expect(list.entry(for: address, now: at(60_002)) == nil)
        #expect(list.entry(for: peer, now: .distantFuture) == .init(reason: .denyListed, expires: nil))
        #expect(list.count == 2)
        #expect(list.removeExpired(now: at(60_002)) == 1)
        #expect(list.count == 1)
    }

    @Test func `The smallest block that holds the address decides, and the address itself before all`() throws
    {
        var list = list(.deny)
        for (text, reason) in [("203.0.0.0/16", "wide"), ("203.0.113.0/24", "narrow"), ("0.0.0.0/0", "all")] {
            let network = try #require(IPNetwork(text))
            try list.insert(.network(network), reason: Reason(parsing: reason), now: at(0))
        }
        #expect(list.entry(for: address, now: at(1))?.reason.description == "narrow")
        #expect(list.entry(for: .v4(IPv4Address(203, 0, 1, 1)), now: at(1))?.reason.description == "wide")
        #expect(list.entry(for: .v4(IPv4Address(1, 1, 1, 1)), now: at(1))?.reason.description == "all")
        #expect(list.entry(for: .v6(IPv6Address(high: 0, low: 1)), now: at(1)) == nil)
        try list.insert(.address(address), reason: flood, for: .seconds(1), now: at(0))
        #expect(list.entry(for: address, now: at(1))?.reason == flood)
        // When it has ended, what lies around it holds again.
        #expect(list.entry(for: address, now: at(2000))?.reason.description == "narrow")
    }

    @Test func `An IPv4-mapped subject is the IPv4 one`() throws {
        var list = list(.deny)
        let mapped = try #require(IPAddress("::ffff:203.0.113.7"))
        try list.insert(.address(mapped), reason: flood, now: at(0))
        #expect(list.entry(for: address, now: at(0)) != nil)
        #expect(list.entry(for: mapped, now: at(0)) != nil)
        let block = try #require(IPNetwork("::ffff:198.51.100.0/120"))
        try list.insert(.network(block), reason: flood, now: at(0))
        #expect(list.entry(for: .v4(IPv4Address(198, 51, 100, 9)), now: at(0)) != nil)
        #expect(list.remove(.network(try #require(IPNetwork("198.51.100.0/24")))) != nil)
        #expect(list.remove(.network(IPNetwork(address))) != nil)
        #expect(list.count == 0)
    }

    @Test func `A relayed peer isn't taken for its relay`() throws {
        var list = list(.deny)
        try list.insert(.address(address), reason: flood, now: at(0))
        let relayed = RemotePeer(
            address: try Multiaddr(parsing: "/ip4/203.0.113.7/tcp/1/p2p/\(Peers.sha256)/p2p-circuit"),
            direction: .inbound, source: .unproven)
        #expect(list.decide(Question(.accept, about: relayed), now: at(0)) == .pass)
    }

    @Test func `A list is asked at its own checks only`() throws {
        var list = list(.deny, checks: [.secured, .stream])
        try list.insert(.peer(peer), reason: flood, now: at(0))
        for check in Check.allCases {
            let verdict = list.decide(Question(check, about: .inbound(address, id: peer)), now: at(0))
            #expect((verdict.denial != nil) == [.secured, .stream].contains(check))
        }
    }

    @Test func `Who is on an admitting list is admitted, others are none of its business`() throws {
        var list = list(.admit)
        try list.insert(.peer(peer), reason: .allowListed, now: at(0))
        #expect(list.decide(Question(.secured, about: .inbound(address, id: peer)), now: at(0)) == .admit)
        #expect(list.decide(Question(.accept, about: .inbound(address)), now: at(0)) == .pass)
    }

    @Test func `Who is not on a required list is denied, once that is certain`() throws {
        var list = list(.require)
        try list.insert(.peer(peer), reason: .allowListed, now: at(0))
        let stranger = try PeerID(parsing: Peers.sha256)
        // Nobody is known yet at accept.
        #expect(list.decide(Question(.accept, about: .inbound(address)), now: at(0)) == .pass)
        let verdict = list.decide(Question(.secured, about: .inbound(address, id: stranger)), now: at(0))
        #expect(verdict.denial?.reason == .notListed)
        #expect(list.decide(Question(.secured, about: .inbound(address, id: peer)), now: at(0)) == .pass)
        // With addresses on it, a dial waits until the address is known.
        try list.insert(.address(address), reason: .allowListed, now: at(0))
        let dial = RemotePeer(dialling: stranger)
        #expect(list.decide(Question(.peerDial, about: dial), now: at(0)) == .pass)
        let elsewhere = RemotePeer(dialling: stranger, at: try Multiaddr(parsing: "/ip4/192.0.2.1/tcp/1"))
        #expect(list.decide(Question(.addressDial, about: elsewhere), now: at(0)).denial != nil)
    }

    @Test func `An empty required list denies everyone`() {
        var list = list(.require)
        #expect(list.decide(Question(.accept, about: .inbound(address)), now: at(0)).denial != nil)
    }

    @Test func `An entry's own term replaces the one it had, and removing gives it back`() throws {
        var list = list(.deny)
        try list.insert(.peer(peer), reason: flood, for: .seconds(1), now: at(0))
        try list.insert(.peer(peer), reason: .denyListed, now: at(0))
        #expect(list.count == 1)
        #expect(list.remove(.peer(peer)) == .init(reason: .denyListed, expires: nil))
        #expect(list.remove(.peer(peer)) == nil)
        #expect(list.entry(for: peer, now: at(0)) == nil)
    }

    @Test func `Entries that have ended make room for new ones`() throws {
        var list = list(.deny)
        var random = Seeded(1)
        for round in 0..<200 {
            for _ in 0..<100 {
                let bits = UInt32(truncatingIfNeeded: random.next())
                try list.insert(
                    .address(.v4(IPv4Address(bits: bits))), reason: flood, for: .seconds(1),
                    now: at(Int64(round) * 1000))
            }
        }
        // 20 000 were added, at most 200 hold at a time.
        #expect(list.count < 1000)
    }

    @Test(arguments: seeds)
    func `It agrees with a plain list over random histories`(seed: UInt64) throws {
        var random = Seeded(seed)
        var list = AccessList(name: "list", effect: .deny, seed: HashSeed(seed, 7))
        var model: [AccessList.Subject: (reason: Reason, expires: MonotonicInstant)] = [:]
        let reasons = try ["one", "two", "three"].map(Reason.init(parsing:))
        var time: Int64 = 0
        let unit: Int64 = 1 << 20
        for step in 0..<4000 {
            // Whole units of the list's clock, so that nothing is rounded.
            time += Int64(random.next() % 3) * unit
            let now = MonotonicInstant(nanoseconds: time)
            let subject = random.subject()
            if random.chance(70) {
                let term: Duration? =
                    random.chance(50) ? nil : .nanoseconds(Int64(1 + random.next() % 500) * unit)
                let reason = reasons[Int(random.next() % 3)]
                try list.insert(subject, reason: reason, for: term, now: now)
                model[subject] = (reason, term.map { now.advanced(by: $0) } ?? .distantFuture)
            } else {
                let removed = list.remove(subject)
                // The list may have forgotten what has ended.
                if let expected = model.removeValue(forKey: subject), expected.expires > now {
                    #expect(removed?.reason == expected.reason)
                }
            }
            let address = random.closeAddress()
            let own = model[.address(address)].flatMap { $0.expires > now ? $0 : nil }
            let around = model.filter { entry in
                guard case .network(let network) = entry.key else { return false }
                return network.contains(address) && entry.value.expires > now
            }
            let smallest = around.max { a, b in prefixLength(a.key) < prefixLength(b.key) }
            let expected = own ?? smallest?.value
            let found = list.entry(for: address, now: now)
            #expect(found?.reason == expected?.reason, "step \(step)")
            #expect(found?.expires ?? .distantFuture == expected?.expires ?? .distantFuture, "step \(step)")
        }
        let now = MonotonicInstant(nanoseconds: time)
        list.removeExpired(now: now)
        #expect(list.count == model.count { $0.value.expires > now })
    }

    @Test(arguments: seeds)
    func `Room that is made beforehand changes nothing`(seed: UInt64) throws {
        var random = Seeded(seed)
        let subjects = (0..<1000).map { _ in AccessList.Subject.address(random.address()) }
        var list = list(.deny)
        list.reserveCapacity(for: subjects)
        for subject in subjects { try list.insert(subject, reason: flood, now: at(0)) }
        #expect(list.count == Set(subjects).count)
        for case .address(let address) in subjects {
            #expect(list.entry(for: address, now: at(0)) != nil)
            #expect(list.entry(for: random.address(), now: at(0)) == nil)
        }
    }

    private func prefixLength(_ subject: AccessList.Subject) -> Int {
        if case .network(let network) = subject { network.prefixLength } else { -1 }
    }
}

extension Seeded {
    fileprivate mutating func subject() -> AccessList.Subject {
        let address = closeAddress()
        guard chance(40) else { return .address(address) }
        let length = Int(next() % UInt64(address.family.bitWidth))
        return .network(IPNetwork(containing: address, prefixLength: length))
    }
}
