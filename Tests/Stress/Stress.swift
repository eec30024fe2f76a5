// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Dispatch
import Foundation
import Inet
import Sentinel
import Synchronization

/// What eight threads do to one sentinel and one connection manager at the same time, to be built with a sanitizer:
/// Tests/thread-sanitizer. It says "ok" or "not ok" for each promise that can be counted; the sanitizer says the rest.
@main
enum Stress {
    static let threads = 8
    static let rounds = 4000

    static func main() throws {
        if CommandLine.arguments.dropFirst() == ["--race"] { return race() }
        try sentinel()
        try connectionManager()
    }

    /// Two threads write to the same place, which the sanitizer has to see.
    private static func race() {
        nonisolated(unsafe) let place = UnsafeMutablePointer<Int>.allocate(capacity: 1)
        place.initialize(to: 0)
        together { thread, _ in
            for _ in 0..<rounds { place.pointee &+= thread }
        }
        print("raced to \(place.pointee)")
        place.deallocate()
    }

    static func promise(_ isKept: Bool, _ promise: String) {
        print("\(isKept ? "ok" : "not ok") - \(promise)")
    }

    /// Calls `body` on `threads` threads, each with its number and a source of chance of its own. None begins before
    /// all are there: a pool of threads would let one do short work for all, and nobody would meet.
    static func together(_ body: @escaping @Sendable (Int, inout SystemRandomNumberGenerator) -> Void) {
        let arrived = Counter()
        let running = DispatchGroup()
        for number in 0..<threads {
            running.enter()
            Thread.detachNewThread {
                var random = SystemRandomNumberGenerator()
                arrived.count.add(1, ordering: .acquiringAndReleasing)
                while arrived.count.load(ordering: .acquiring) < threads { sched_yield() }
                body(number, &random)
                running.leave()
            }
        }
        running.wait()
    }

    private final class Counter: Sendable {
        let count = Atomic<Int>(0)
    }

    static let clock: MonotonicClock = {
        let time = ContinuousClock.now - start
        return MonotonicInstant(nanoseconds: 0).advanced(by: time)
    }

    private static let start = ContinuousClock.now
}

/// A value that one thread at a time may use, by a lock that the sanitizer sees.
final class Shared<Value>: @unchecked Sendable {
    private let isTaken = Atomic<Bool>(false)
    private var value: Value

    init(_ value: Value) {
        self.value = value
    }

    func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
        while !isTaken.weakCompareExchange(expected: false, desired: true, ordering: .acquiring).exchanged {}
        defer { isTaken.store(false, ordering: .releasing) }
        return body(&value)
    }
}

/// Few peers and addresses, so that threads meet.
struct Strangers {
    let peers: [PeerID]

    init() throws {
        peers = try (0..<64).map { number in
            try PeerID(ed25519PublicKey: [UInt8](repeating: UInt8(number), count: 32))
        }
    }

    func remote(_ random: inout SystemRandomNumberGenerator) -> RemotePeer {
        let number = UInt32.random(in: 0..<64, using: &random)
        let address: IPAddress =
            Bool.random(using: &random)
            ? .v4(IPv4Address(bits: 0xC612_0000 | number << 14))
            : .v6(IPv6Address(high: 0x2001_0DB8_0000_0000 | UInt64(number) << 30, low: UInt64(number & 3)))
        return RemotePeer(
            id: peers[Int.random(in: peers.indices, using: &random)],
            address: Multiaddr(Endpoint(address: address, transport: .tcp, port: 4001)),
            direction: Bool.random(using: &random) ? .inbound : .outbound,
            source: Int.random(in: 0..<8, using: &random) == 0 ? .unproven : .handshake)
    }
}
