// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Sentinel
import Testing

/// Decaying tags; the resolution is a second.
@Suite struct ConnManagerDecayTests {
    let node: ConnManagerHarness
    let peer: PeerID
    let other: PeerID
    var manager: BasicConnManager { node.manager }

    init() throws {
        node = try ConnManagerHarness()
        peer = try numberedPeer(1)
        other = try numberedPeer(2)
    }

    func tag(
        _ decay: Decay = .none, _ bump: Bump = .sumUnbounded, every interval: Duration = .seconds(1)
    ) throws -> any DecayingTag {
        try manager.registerDecayingTag("tag", interval: interval, decay: decay, bump: bump)
    }

    /// Lets time pass, and what is due be done.
    func pass(_ milliseconds: Int64) {
        node.around.pass(milliseconds)
        manager.performDueWork()
    }

    var value: Int? { manager.tagInfo(peer)?.tags["tag"] }

    // MARK: Documentation

    @Test func `A decaying tag is one whose value automatically decays over time`() throws {
        node.connect(peer)
        try tag(.fixed(3)).bump(peer, by: 10)
        #expect(value == 10)
        for expected in [7, 4, 1] {
            pass(1000)
            #expect(value == expected)
            #expect(manager.tagInfo(peer)?.value == expected)
        }
    }

    @Test func `The function is called on every tick, determined by the interval parameter`() throws {
        try tag(.fixed(1), every: .seconds(3)).bump(peer, by: 10)
        pass(2999)
        #expect(value == 10)
        pass(1)
        #expect(value == 9)
        pass(2999)
        #expect(value == 9)
        pass(1)
        #expect(value == 8)
    }

    @Test func `It returns either the new value of the tag, or that it should be erased altogether`() throws {
        let decay = Decay { value, _ in value.value > 5 ? value.value * 10 : nil }
        let tag = try tag(decay)
        node.connect(peer)
        node.connect(other)
        tag.bump(peer, by: 6)
        tag.bump(other, by: 5)
        pass(1000)
        #expect(manager.tagInfo(peer)?.tags == ["tag": 60])
        #expect(manager.tagInfo(other)?.tags == [:])
        #expect(manager.tagInfo(other)?.value == 0)
    }

    @Test func `A bump calls the function with the old value and the delta, to determine the new value`()
        throws
    {
        let tag = try tag(.none, Bump { value, delta in value.value * 10 + delta })
        for delta in 1...4 { tag.bump(peer, by: delta) }
        #expect(value == 1234)
    }

    @Test func `The functions are given whose value it is and since when`() throws {
        let decay = Decay { value, now in
            #expect(value.added == at(5))
            #expect(value.lastBump == at(100))
            #expect(value.lastVisit == (now == at(1000) ? at(100) : at(1000)))
            return value.value + 1
        }
        let peer = peer
        let bump = Bump { value, delta in
            #expect(value.peer == peer)
            #expect(value.tag == "tag")
            return value.value + delta
        }
        let tag = try tag(decay, bump)
        node.around.pass(5)
        tag.bump(peer, by: 1)
        node.around.pass(95)
        tag.bump(peer, by: 1)
        pass(900)
        pass(1000)
        #expect(value == 4)
    }

    @Test func `A tag is registered if and only if a tag with the supplied name doesn't exist yet`() throws {
        _ = try tag()
        let error = #expect(throws: SentinelError.self) { _ = try tag() }
        #expect(error?.code == .malformed)
        _ = try manager.registerDecayingTag(
            "another", interval: .seconds(1), decay: .none, bump: .overwrite)
    }

    @Test func `The desired interval may be overwritten depending on the decayer's resolution`() throws {
        #expect(try tag(every: .milliseconds(10)).interval == .seconds(1))
        let slow = try manager.registerDecayingTag(
            "slow", interval: .milliseconds(1500), decay: .none, bump: .overwrite)
        #expect(slow.interval == .milliseconds(1500))
        #expect(slow.name == "slow")
    }

    @Test(arguments: [Duration.zero, .seconds(-1)])
    func `An interval that isn't more than nothing is refused`(interval: Duration) {
        let error = #expect(throws: SentinelError.self) { _ = try tag(every: interval) }
        #expect(error?.code == .outOfRange)
        #expect(error?.element == "interval")
    }

    @Test func `Remove removes a decaying tag from a peer`() throws {
        let tag = try tag()
        tag.bump(peer, by: 5)
        tag.bump(other, by: 6)
        manager.tagPeer(peer, "steady", weight: 1)
        #expect(tag.remove(from: peer))
        #expect(manager.tagInfo(peer)?.tags == ["steady": 1])
        #expect(manager.tagInfo(peer)?.value == 1)
        #expect(manager.tagInfo(other)?.tags == ["tag": 6])
    }

    @Test func `Close updates the state of all peers holding the tag, and frees its name`() throws {
        let tag = try tag()
        node.connect(peer)
        tag.bump(peer, by: 5)
        tag.bump(other, by: 5)
        tag.close()
        #expect(manager.tagInfo(peer)?.tags == [:])
        #expect(manager.tagInfo(other) == nil)
        let successor = try self.tag()
        tag.close()
        successor.bump(peer, by: 7)
        #expect(value == 7)
    }

    @Test func `Once deleted, further calls to Bump and Remove will err`() throws {
        let tag = try tag()
        #expect(tag.bump(peer, by: 1))
        #expect(tag.remove(from: peer))
        tag.close()
        #expect(!tag.bump(peer, by: 1))
        #expect(!tag.remove(from: peer))
        #expect(manager.tagInfo(peer) == nil)
    }

    // MARK: Beyond it

    @Test func `Ticks that were missed are made up for one by one`() throws {
        try tag(.fixed(1)).bump(peer, by: 10)
        pass(3000)
        #expect(value == 9)
        pass(0)
        pass(0)
        #expect(value == 7)
        pass(0)
        #expect(value == 7)
    }

    @Test func `Each tag decays at its own interval`() throws {
        let slow = try manager.registerDecayingTag(
            "slow", interval: .seconds(2), decay: .fixed(1), bump: .sumUnbounded)
        try tag(.fixed(1)).bump(peer, by: 10)
        slow.bump(peer, by: 10)
        pass(1000)
        #expect(manager.tagInfo(peer)?.tags == ["tag": 9, "slow": 10])
        pass(1000)
        #expect(manager.tagInfo(peer)?.tags == ["tag": 8, "slow": 9])
    }

    @Test func `A decaying tag and a steady one of the same name are added up`() throws {
        try tag().bump(peer, by: 5)
        manager.tagPeer(peer, "tag", weight: 3)
        #expect(manager.tagInfo(peer)?.tags == ["tag": 8])
        #expect(manager.tagInfo(peer)?.value == 8)
    }

    @Test func `A peer that isn't connected is forgotten when its last tag has decayed`() throws {
        try tag(.fixed(5)).bump(peer, by: 5)
        manager.protect(other, "tag")
        pass(1000)
        #expect(manager.tagInfo(peer) == nil)
    }

    @Test func `After a decay a trim goes by the new values`() throws {
        let node = try ConnManagerHarness(low: 1)
        let tag = try node.manager.registerDecayingTag(
            "tag", interval: .seconds(1), decay: .fixed(6), bump: .sumUnbounded)
        node.connect(peer)
        node.connect(other)
        tag.bump(peer, by: 10)
        node.manager.tagPeer(other, "steady", weight: 5)
        node.around.pass(1000)
        node.manager.performDueWork()
        node.manager.trimOpenConnections()
        #expect(node.closedPeers == [peer])
    }
}

@Suite struct DecayPresetTests {
    func decayed(_ decay: Decay, _ value: Int, bumped: Int64 = 0, now: Int64 = 0) throws -> Int? {
        let value = DecayingValue(
            tag: "tag", peer: try numberedPeer(1), added: at(0), lastBump: at(bumped), lastVisit: at(now),
            value: value)
        return decay.apply(value, at(now))
    }

    func bumped(_ bump: Bump, _ value: Int, by delta: Int) throws -> Int {
        let value = DecayingValue(
            tag: "tag", peer: try numberedPeer(1), added: at(0), lastBump: at(0), lastVisit: at(0),
            value: value)
        return bump.apply(value, delta)
    }

    @Test func `DecayNone applies no decay`() throws {
        #expect(try decayed(.none, 5) == 5)
        #expect(try decayed(.none, -5) == -5)
    }

    @Test func `DecayFixed subtracts, and deletes the tag when first reaching 0 or negative`() throws {
        #expect(try decayed(.fixed(3), 5) == 2)
        #expect(try decayed(.fixed(3), 3) == nil)
        #expect(try decayed(.fixed(3), 1) == nil)
        #expect(try decayed(.fixed(.max), .min) == nil)
        #expect(try decayed(.fixed(.min), .max) == .max)
    }

    @Test func `DecayLinear applies a coefficient, rounding down, and erases when the result is zero`() throws
    {
        #expect(try decayed(.linear(0.5), 5) == 2)
        #expect(try decayed(.linear(0.5), 1) == nil)
        #expect(try decayed(.linear(0.5), -4) == nil)
        #expect(try decayed(.linear(.nan), 4) == nil)
        #expect(try decayed(.linear(1e300), 4) == .max)
        #expect(try decayed(.linear(.infinity), 4) == .max)
    }

    @Test func `DecayExpireWhenInactive expires a tag after a certain period of no bumps`() throws {
        let decay = Decay.expireWhenInactive(after: .milliseconds(100))
        #expect(try decayed(decay, 5, bumped: 50, now: 149) == 5)
        #expect(try decayed(decay, 5, bumped: 50, now: 150) == nil)
    }

    @Test func `BumpSumUnbounded adds the incoming value to the peer's score`() throws {
        #expect(try bumped(.sumUnbounded, 5, by: -7) == -2)
        #expect(try bumped(.sumUnbounded, .max, by: 1) == .max)
        #expect(try bumped(.sumUnbounded, .min, by: -1) == .min)
    }

    @Test func `BumpSumBounded keeps summing the incoming score, keeping it within a range`() throws {
        #expect(try bumped(.sumBounded(-2...10), 5, by: 4) == 9)
        #expect(try bumped(.sumBounded(-2...10), 5, by: 6) == 10)
        #expect(try bumped(.sumBounded(-2...10), 5, by: -8) == -2)
        #expect(try bumped(.sumBounded(-2...10), 5, by: .max) == 10)
    }

    @Test func `BumpOverwrite replaces the current value of the tag with the incoming one`() throws {
        #expect(try bumped(.overwrite, 5, by: 2) == 2)
    }
}
