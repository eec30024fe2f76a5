// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import Inet
import Sentinel
import TestRandom
import Testing

/// However many come, what is remembered stays as large as it was made.
@Suite struct BoundedMemoryTests {
    /// A full chain with tables as large as a node's.
    private func sentinel(_ time: ManualTime) throws -> PolicySentinel {
        try PolicySentinel(FullChain.policies(), clock: time.clock)
    }

    /// How many bytes of the process are in memory.
    private func residentBytes() throws -> Int {
        let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
        return try #require(Int(fields[1])) * sysconf(Int32(_SC_PAGESIZE))
    }

    /// So many sources that come once, each with a peer of its own that does something.
    private func flood(_ sentinel: PolicySentinel, _ count: Int, _ random: inout Seeded) throws {
        for number in 0..<count {
            let address = random.address()
            guard sentinel.allowConnection(.inbound(address)).isAllowed, number % 8 == 0 else { continue }
            let remote = try RemotePeer.inbound(address, id: random.peer())
            _ = sentinel.decide(Question(.secured, about: remote))
            sentinel.connectionEstablished(remote)
            _ = sentinel.allowStream(remote, .git)
            sentinel.streamOpened(remote, .git)
            sentinel.observe(.misbehaved(remote, .timeout))
            sentinel.observe(.connectionClosed(remote))
        }
    }

    @Test func `A flood of distinct sources takes no memory that wasn't taken before`() throws {
        let time = ManualTime()
        let sentinel = try sentinel(time)
        var random = Seeded(1)
        // Every page of the tables is touched, and every household made.
        try flood(sentinel, 150_000, &random)
        let before = try residentBytes()
        try flood(sentinel, 150_000, &random)
        // A record of 16 bytes a source would be 2.4 MB.
        #expect(try residentBytes() - before < 1 << 20)
        let capacities = sentinel.withPolicy("rate", as: SourceRate.self) { policy, _ in policy.capacity }
        #expect(capacities.reduce(0, +) == SourceRate.defaultCapacity)
        let known = sentinel.withPolicy("shared", as: SharedAddresses.self) { policy, _ in policy.addressCount
        }
        #expect(known.reduce(0, +) == SharedAddresses.defaultCapacity)
    }

    @Test(arguments: [1, 2] as [UInt64])
    func `An offender's record outlives a flood of many more sources than there is room for`(seed: UInt64)
        throws
    {
        // All seeds are given: what is forgotten is the same each time.
        let hash = HashSeed(seed, 7)
        var rate = try seeded([FullChain.rate(burst: 50)], hash)[0]
        var reputation = try seeded([FullChain.reputation()], hash)[0]
        var random = Seeded(seed)
        let offender = RemotePeer.inbound(numbered(7))
        let question = Question(.accept, about: offender)
        while rate.decide(question, now: at(0)) == .pass {}
        for _ in 0..<3 { reputation.observe(.misbehaved(offender, .protocolViolation), now: at(0)) }
        for number in 0..<200_000 {
            let remote = RemotePeer.inbound(random.address())
            let now = at(Int64(number / 4000))
            _ = rate.decide(Question(.accept, about: remote), now: now)
            if number % 2 == 0 { reputation.observe(.misbehaved(remote, .timeout), now: now) }
        }
        #expect(rate.decide(question, now: at(50)) != .pass)
        #expect(reputation.decide(question, now: at(50)) != .pass)
    }
}
