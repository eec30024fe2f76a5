// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

import ArgumentParser
import Glibc
import Inet
import Sentinel

struct Sources: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sources",
        abstract: "How much memory a full chain takes before and after N distinct sources have come.",
        discussion: """
            Each is another address, IPv4 and IPv6 in turn, with another peer: it is accepted, secured, connected, opens \
            a stream, misbehaves and goes. One offender has come before them all; what is held against it is \
            still there in the end, or this fails.
            """)

    @Argument var count: Int

    private static let warmUp = 200_000

    func run() throws {
        let sentinel = try ChainCost.sentinel(0)
        var random = SystemRandomNumberGenerator()
        let offender = try remote(0, &random)
        // Below what would ban it: a ban is forgotten last of all.
        for _ in 0..<20 { sentinel.observe(.misbehaved(offender, .timeout)) }
        // More than every table has room for: from here on nothing may grow.
        for number in 1..<Self.warmUp { try come(number, sentinel, &random) }
        let before = try resident()
        let start = ContinuousClock.now
        for number in Self.warmUp..<count { try come(number, sentinel, &random) }
        let seconds = start.duration(to: .now).seconds
        let scores = sentinel.withPolicy("reputation", as: Reputation.self) { policy, now in
            offender.ipAddress.map { policy.score($0, now: now) } ?? 0
        }
        guard scores.contains(where: { $0 > 10 }) else { throw ValidationError("the offender is forgotten") }
        Figure(
            name: "sources",
            fields: [
                ("n", Double(count)), ("before", before), ("after", try resident()), ("seconds", seconds),
            ]
        ).print()
    }

    private func come(
        _ number: Int, _ sentinel: PolicySentinel, _ random: inout SystemRandomNumberGenerator
    ) throws {
        let remote = try remote(number, &random)
        guard let peer = remote.id, let address = remote.address else { return }
        let addresses = ConnectionAddresses(local: nil, remote: address, source: .handshake)
        _ = sentinel.interceptAccept(addresses)
        _ = sentinel.interceptSecured(.inbound, peer, addresses)
        sentinel.connectionEstablished(remote)
        _ = sentinel.allowStream(remote, .git)
        sentinel.observe(.misbehaved(remote, .timeout))
        sentinel.observe(.connectionClosed(remote))
    }

    private func remote(
        _ number: Int, _ random: inout SystemRandomNumberGenerator
    ) throws -> RemotePeer {
        let address: IPAddress =
            number.isMultiple(of: 2)
            ? .v4(IPv4Address(bits: 0x0B00_0000 &+ UInt32(truncatingIfNeeded: number) &* 97))
            : .v6(IPv6Address(high: 0x2000_0000_0000_0000 | UInt64(number) << 16, low: random.next()))
        let words = (random.next(), random.next(), UInt64(number), UInt64(0))
        let key = withUnsafeBytes(of: words) { Array($0) }
        return RemotePeer(
            id: try PeerID(ed25519PublicKey: key),
            address: Multiaddr(Endpoint(address: address, transport: .tcp, port: 4001)), direction: .inbound,
            source: .handshake)
    }

    /// MiB that this process has in memory.
    private func resident() throws -> Double {
        guard let file = fopen("/proc/self/statm", "r") else { throw ValidationError("no /proc/self/statm") }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, Int32(line.count), file) != nil,
            let pages = line.prefix(while: { $0 != 0 }).split(separator: CChar(UInt8(ascii: " "))).dropFirst()
                .first
        else { throw ValidationError("/proc/self/statm can't be read") }
        let count = Double(String(decoding: pages.map(UInt8.init(bitPattern:)), as: UTF8.self)) ?? 0
        return count * Double(sysconf(Int32(_SC_PAGESIZE))) / 1_048_576
    }
}
