// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Sentinel
import TestRandom
import Testing

@Suite struct StreamLimitsTests {
    let remote: RemotePeer
    let other: RemotePeer
    let custom: StreamType

    init() throws {
        remote = .inbound(numbered(7), id: try peer(1))
        other = .inbound(numbered(7), id: try peer(2))
        custom = .custom(try ProtocolID(parsing: "/ipfs/ping/1.0.0"))
    }

    private func policy(
        _ limits: [StreamType: StreamLimits.Limit], others: StreamLimits.Limit? = nil, capacity: Int = 4096
    ) throws -> StreamLimits {
        try StreamLimits(
            name: "streams", limits: limits, others: others, capacity: capacity, seed: HashSeed(1, 2))
    }

    /// What radicle-link's node allows: membership once a second and 10 at once, Git once a minute and 5 at once.
    private func radicle() throws -> StreamLimits {
        try policy([
            .membership: .init(rate: TokenRate(1, per: .seconds(1), burst: 10)),
            .git: .init(rate: TokenRate(1, per: .seconds(60), burst: 5)),
        ])
    }

    private func passed(_ policy: inout StreamLimits, _ type: StreamType, _ time: Int64) -> Int {
        (0..<100).count { _ in passes(&policy, .stream, remote, type, time) }
    }

    @Test func `Radicle's defaults: each type has a rate of its own`() throws {
        var policy = try radicle()
        #expect(passed(&policy, .membership, 0) == 10)
        #expect(passed(&policy, .git, 0) == 5)
        #expect(passed(&policy, .gossip, 0) == 100)
        #expect(passed(&policy, .membership, 3000) == 3)
        #expect(passed(&policy, .git, 59_999) == 0)
        #expect(passed(&policy, .git, 60_000) == 1)
        #expect(passed(&policy, .git, 3_600_000) == 5)
    }

    @Test func `Each peer has its own, at whatever address`() throws {
        var policy = try radicle()
        #expect(passed(&policy, .git, 0) == 5)
        #expect(passes(&policy, .stream, other, .git))
        #expect(!passes(&policy, .stream, .inbound(numbered(8), id: try peer(1)), .git))
    }

    @Test func `Only streams are asked about, of peers that are known`() throws {
        var policy = try policy([.git: .init(rate: TokenRate(1, per: .seconds(1), burst: 1), open: 1)])
        policy.hear(.streamOpened(remote, .git))
        for check in Check.allCases where check != .stream { #expect(passes(&policy, check, remote)) }
        #expect(passes(&policy, .stream, .inbound(numbered(7)), .git))
        #expect(!passes(&policy, .stream, remote, .git))
    }

    @Test(arguments: StreamAction.allCases)
    func `What is too much ends the connection or the stream, as configured`(action: StreamAction) throws {
        var policy = try policy([
            .git: .init(rate: TokenRate(1, per: .seconds(1), burst: 1), action: action),
            .gossip: .init(open: 1, action: action),
        ])
        #expect(passes(&policy, .stream, remote, .git))
        policy.hear(.streamOpened(remote, .gossip))
        for type in [StreamType.git, .gossip] {
            let denial = try #require(answer(&policy, .stream, remote, type).denial)
            #expect(denial.streamAction == action)
            #expect(denial.reason == .streamLimit)
            #expect(denial.basis == .peer)
            #expect(denial.plane == .userSpace)
            #expect(denial.detail.contains(type.description))
        }
    }

    @Test func `The RFC's default is to end the connection`() throws {
        var policy = try policy([.git: .init(open: 1)])
        policy.hear(.streamOpened(remote, .git))
        #expect(answer(&policy, .stream, remote, .git).denial?.streamAction == .endConnection)
    }

    @Test func `A peer has only so many streams of a type open at a time`() throws {
        var policy = try policy([.git: .init(open: 2)])
        policy.hear(.streamOpened(remote, .git), times: 2)
        #expect(try policy.openCount(peer(1), .git) == 2)
        #expect(!passes(&policy, .stream, remote, .git))
        #expect(passes(&policy, .stream, remote, .gossip))
        #expect(passes(&policy, .stream, other, .git))
        policy.hear(.streamClosed(remote, .git))
        #expect(passes(&policy, .stream, remote, .git))
        policy.hear(.streamClosed(remote, .git), times: 5)
        #expect(try policy.openCount(peer(1), .git) == 0)
    }

    @Test func `A stream that is denied for those that are open takes no token`() throws {
        var policy = try policy([.git: .init(rate: TokenRate(1, per: .seconds(1), burst: 2), open: 1)])
        policy.hear(.streamOpened(remote, .git))
        #expect(passed(&policy, .git, 0) == 0)
        policy.hear(.streamClosed(remote, .git))
        #expect(passed(&policy, .git, 0) == 2)
    }

    @Test func `With a peer's last connection all its streams end`() throws {
        var policy = try policy([.git: .init(open: 2), .gossip: .init(open: 1)], others: .init(open: 3))
        policy.hear(.connectionEstablished(remote), times: 2)
        policy.hear(.connectionEstablished(other))
        policy.hear(.streamOpened(remote, .git), times: 2)
        policy.hear(.streamOpened(remote, .gossip))
        policy.hear(.streamOpened(remote, custom), times: 3)
        policy.hear(.streamOpened(other, .git), times: 2)
        policy.hear(.connectionClosed(remote))
        for type in [StreamType.git, .gossip, custom] { #expect(!passes(&policy, .stream, remote, type)) }
        policy.hear(.connectionClosed(remote))
        for type in [StreamType.git, .gossip, custom] { #expect(passes(&policy, .stream, remote, type)) }
        #expect(!passes(&policy, .stream, other, .git))
    }

    @Test func `A peer's tokens don't come back with a new connection`() throws {
        var policy = try policy([.git: .init(rate: TokenRate(1, per: .seconds(60), burst: 2), open: 5)])
        policy.hear(.connectionEstablished(remote))
        #expect(passed(&policy, .git, 0) == 2)
        policy.hear(.connectionClosed(remote))
        policy.hear(.connectionEstablished(remote))
        #expect(passed(&policy, .git, 1) == 0)
    }

    @Test func `Types without a limit of their own share that of the others`() throws {
        var policy = try policy(
            [.git: .init(open: 1)], others: .init(rate: TokenRate(1, per: .seconds(1), burst: 3)))
        #expect(passes(&policy, .stream, remote, .gossip))
        #expect(passes(&policy, .stream, remote, custom))
        #expect(passes(&policy, .stream, remote, .interrogation))
        #expect(!passes(&policy, .stream, remote, custom))
        #expect(passes(&policy, .stream, remote, .git))
    }

    @Test func `A limit of none and too many types are refused`() throws {
        #expect(throws: SentinelError.self) { try StreamLimits.Limit(open: 0) }
        let limit = try StreamLimits.Limit(open: 1)
        func limits(_ count: Int) throws -> [StreamType: StreamLimits.Limit] {
            Dictionary(
                uniqueKeysWithValues: try (0..<count).map {
                    (StreamType.custom(try ProtocolID(parsing: "/p/\($0)")), limit)
                })
        }
        _ = try policy(limits(StreamLimits.maximumTypeCount))
        #expect {
            try policy(limits(StreamLimits.maximumTypeCount + 1))
        } throws: { ($0 as? SentinelError)?.code == .tooLong }
    }

    @Test(arguments: seeds)
    func `It agrees with plain lists of tokens and streams`(seed: UInt64) throws {
        var random = Seeded(seed)
        let types: [StreamType] = [.git, .membership, .gossip]
        var policy = try policy([
            .git: .init(rate: TokenRate(1, per: .seconds(1), burst: 3), open: 2), .membership: .init(open: 3),
            .gossip: .init(rate: TokenRate(2, per: .seconds(1), burst: 2)),
        ])
        // Missing time of each bucket, open streams, and connections by peer.
        var buckets: [String: Int64] = [:]
        var open: [String: Int] = [:]
        var connections: [Int: Int] = [:]
        var time: Int64 = 0
        for _ in 0..<5000 {
            time += Int64(random.next() % 300)
            let number = Int(random.next() % 5)
            let remote = try RemotePeer.inbound(numbered(1), id: peer(number))
            let type = types[Int(random.next() % 3)]
            let key = "\(number) \(type)"
            switch random.next() % 10 {
            case 0:
                policy.hear(.connectionEstablished(remote), time)
                connections[number, default: 0] += 1
            case 1 where connections[number, default: 0] > 0:
                policy.hear(.connectionClosed(remote), time)
                connections[number, default: 0] -= 1
                if connections[number] == 0 { for type in types { open["\(number) \(type)"] = 0 } }
            case 2...3:
                policy.hear(.streamClosed(remote, type), time)
                open[key] = max(0, open[key, default: 0] - 1)
            default:
                let full = max(buckets[key] ?? time, time)
                let interval: Int64 = type == .git ? 1000 : 500
                let burst: Int64 = type == .git ? 3 : 2
                let most = type == .git ? 2 : type == .membership ? 3 : .max
                let hasToken = type == .membership || full + interval - time <= burst * interval
                let isAllowed = hasToken && open[key, default: 0] < most
                #expect(passes(&policy, .stream, remote, type, time) == isAllowed)
                guard isAllowed else { continue }
                if type != .membership { buckets[key] = full + interval }
                policy.hear(.streamOpened(remote, type), time)
                open[key, default: 0] += 1
            }
            if type != .gossip {
                #expect(try policy.openCount(peer(number), type) == open[key, default: 0])
            }
        }
    }

    @Test func `A reload keeps tokens and open streams of each type, under whatever limit it has then`()
        throws
    {
        var old = try policy([
            .git: .init(rate: TokenRate(1, per: .seconds(1), burst: 5), open: 9), .gossip: .init(open: 2),
        ])
        old.hear(.connectionEstablished(remote))
        #expect((0..<4).count { _ in passes(&old, .stream, remote, .git) } == 4)
        old.hear(.streamOpened(remote, .git), times: 4)
        old.hear(.streamOpened(remote, .gossip), times: 2)
        var new = try policy(
            [
                .gossip: .init(open: 2), .membership: .init(open: 1),
                .git: .init(rate: TokenRate(1, per: .seconds(60), burst: 6), open: 9),
            ], others: .init(open: 1))
        new.adopt(old, now: at(0))
        #expect(passed(&new, .git, 0) == 2)
        #expect(passed(&new, .gossip, 0) == 0)
        #expect(try new.openCount(peer(1), .git) == 4)
        new.hear(.connectionClosed(remote))
        #expect(try new.openCount(peer(1), .git) == 0)
    }

    @Test func `What isn't limited any more leaves nothing behind when it is again`() throws {
        var first = try policy([.git: .init(open: 1)])
        first.hear(.streamOpened(remote, .git))
        var second = try policy([.gossip: .init(open: 1)])
        second.adopt(first, now: at(0))
        second.hear(.streamClosed(remote, .git))
        var third = try policy([.git: .init(open: 1)])
        third.adopt(second, now: at(0))
        #expect(passes(&third, .stream, remote, .git))
    }

    @Test func `Who has used up much isn't forgotten for a flood of peers`() throws {
        var policy = try policy([.git: .init(rate: TokenRate(1, per: .seconds(60), burst: 5))], capacity: 64)
        #expect(passed(&policy, .git, 0) == 5)
        for number in 100..<5000 {
            _ = passes(&policy, .stream, .inbound(numbered(1), id: try peer(number)), .git)
        }
        #expect(passed(&policy, .git, 1) == 0)
    }
}
