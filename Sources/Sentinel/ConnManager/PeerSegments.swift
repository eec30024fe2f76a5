// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// All peers, spread over segments by a secret hash.
struct PeerSegments: Sendable {
    let all: [PeerSegment]
    private let seed: HashSeed

    /// - Parameter waitingCapacity: shared out evenly, and rounded up to a multiple of the segments' count.
    init(count: Int, waitingCapacity: Int, seed: HashSeed) {
        let share = waitingCapacity / count + (waitingCapacity % count == 0 ? 0 : 1)
        all = (0..<count).map { _ in PeerSegment(waitingCapacity: share) }
        self.seed = seed
    }

    /// The segment that a peer lies in.
    subscript(peer: PeerID) -> PeerSegment {
        let index = peer.hash(seed).multipliedFullWidth(by: UInt64(all.count)).high
        return all[Int(truncatingIfNeeded: index)]
    }
}

/// Some of the peers, behind one lock.
final class PeerSegment: Sendable {
    let peers: Guarded<PeerTable>
    /// Keeps what lies behind in memory off the lock's cache lines: processors fetch them by twos, 128 bytes.
    private let padding = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)

    init(waitingCapacity: Int) {
        peers = Guarded(PeerTable(waitingCapacity: waitingCapacity))
    }
}
