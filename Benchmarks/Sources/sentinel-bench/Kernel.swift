// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

import ArgumentParser
import Inet
import Nftables

/// The same set and the same addresses as the C floor's.
private enum Same {
    static let table = Table(.inet, "bench")
    static let chunk = 10_000

    static func set(counters: Bool) -> NamedSet {
        NamedSet(table, "addresses", key: KeyType(.ipv4Address), flags: .timeout, hasCounters: counters)
    }

    static func key(_ number: Int) -> ElementKey {
        ElementKey(.v4(IPv4Address(bits: 0x0A00_0000 + UInt32(number))))
    }
}

struct Load: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Load N addresses into a new set, through Nftables.")

    @Argument var count: Int
    @Flag var counter = false

    func run() throws {
        let socket = try NetlinkSocket()
        let set = Same.set(counters: counter)
        var setUp = Transaction()
        setUp.add(Same.table)
        setUp.delete(Same.table)
        setUp.add(Same.table)
        setUp.add(set)
        try socket.commit(setUp.seal())
        let start = ContinuousClock.now
        for first in stride(from: 0, to: count, by: Same.chunk) {
            var transaction = Transaction()
            transaction.add(
                (first..<min(first + Same.chunk, count)).lazy.map {
                    Element(Same.key($0), timeout: .seconds(86_400))
                }, to: set)
            try socket.commit(transaction.seal())
        }
        Figure(name: "load", fields: [("n", Double(count)), ("seconds", start.duration(to: .now).seconds)])
            .print()
    }
}

struct Read: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Read N addresses back by key, through Nftables.")

    @Argument var count: Int
    @Flag var counter = false

    func run() throws {
        let socket = try NetlinkSocket()
        var present = 0
        let start = ContinuousClock.now
        try socket.readElements((0..<count).lazy.map(Same.key), of: Same.set(counters: counter)) {
            if $1 != nil { present += 1 }
        }
        let seconds = start.duration(to: .now).seconds
        guard present == count else {
            throw ValidationError("\(count - present) of \(count) elements are absent")
        }
        Figure(name: "read", fields: [("n", Double(count)), ("seconds", seconds)]).print()
    }
}
