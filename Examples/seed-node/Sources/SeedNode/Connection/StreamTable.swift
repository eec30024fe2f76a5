// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Sentinel

/// The streams that are open in a connection.
struct StreamTable {
    private var open: Set<StreamID> = []
    /// Those of the other side that the gate has let open.
    private var admitted: [StreamID: StreamType] = [:]
    private var lastOwn: UInt32 = 0
    private var lastOther: UInt32 = 0

    enum Opening: Hashable {
        case opened
        /// Open already, or was once.
        case repeated
        case tooMany
        /// The number belongs to this side.
        case wrongSide
    }

    func isOpen(_ stream: StreamID) -> Bool { open.contains(stream) }

    /// Opens this side's next stream; nil where there are too many.
    mutating func openOwn(_ direction: Direction) -> StreamID? {
        let isDialer = direction == .outbound
        let number = lastOwn == 0 ? (isDialer ? 1 : 2) : lastOwn + 2
        guard open.count < PeerConnection.maximumStreams, number < UInt32.max - 2 else { return nil }
        lastOwn = number
        open.insert(StreamID(number))
        return StreamID(number)
    }

    /// Takes the opening of a stream by the other side, whose connection `direction` this is.
    mutating func openOther(_ stream: StreamID, _ direction: Direction) -> Opening {
        let otherIsDialer = direction == .inbound
        guard stream.number % 2 == (otherIsDialer ? 1 : 0) else { return .wrongSide }
        guard stream.number > lastOther else { return .repeated }
        guard open.count < PeerConnection.maximumStreams else { return .tooMany }
        lastOther = stream.number
        open.insert(stream)
        return .opened
    }

    /// Notes that the gate has let a stream open.
    mutating func admit(_ stream: StreamID, _ type: StreamType) {
        admitted[stream] = type
    }

    /// The type of a stream that the gate has let open and that ends now; nil for any other.
    mutating func end(_ stream: StreamID) -> StreamType? {
        admitted.removeValue(forKey: stream)
    }

    /// The types of all such streams, which end now.
    mutating func endAll() -> [StreamType] {
        defer { admitted = [:] }
        return Array(admitted.values)
    }

    /// Whether there was such a stream to close.
    mutating func close(_ stream: StreamID) -> Bool {
        open.remove(stream) != nil
    }
}
