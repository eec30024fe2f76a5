// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A peer that a trim may close, with what decides on its turn.
struct TrimCandidate: Sendable {
    let peer: PeerID
    let value: Int
    let firstSeen: MonotonicInstant
    /// Those that may be closed, never none.
    let connections: [Connection]

    private let isInbound: Bool
    private let newest: UInt64
    private var streams: Int64 = 0

    init(peer: PeerID, value: Int, firstSeen: MonotonicInstant, connections: [Connection]) {
        self.peer = peer
        self.value = value
        self.firstSeen = firstSeen
        self.connections = connections
        isInbound = connections.contains { $0.remote.direction == .inbound }
        newest = connections.reduce(0) { max($0, $1.id.rawValue) }
    }

    mutating func countStreams(_ count: (Connection) -> Int) {
        streams = connections.reduce(0) { $0.addingSaturating(Int64(max(0, count($1)))) }
    }

    /// Whether this peer is closed before another one. The connection's number decides in the end, so that it
    /// never depends on the order in which peers are found.
    func isClosed(before other: TrimCandidate, _ urgency: TrimUrgency) -> Bool {
        if value != other.value { return value < other.value }
        if (streams == 0) != (other.streams == 0) { return streams == 0 }
        if isInbound != other.isInbound { return isInbound }
        if streams != other.streams {
            return urgency == .emergency ? streams > other.streams : streams < other.streams
        }
        if firstSeen != other.firstSeen { return firstSeen > other.firstSeen }
        return newest > other.newest
    }
}
