// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Sentinel

/// What goes through an established connection, one frame to a record: kind (1), stream (4, big endian),
/// payload.
enum Frame: Hashable, Sendable {
    /// The accepting side is satisfied; streams may be opened. Stream 0, no payload.
    case ready
    /// Opens a stream. The payload is its type: one byte, or a protocol id that begins with a slash.
    case open(StreamID, StreamType)
    /// Bytes of a stream.
    case data(StreamID, [UInt8])
    /// Ends a stream, or refuses one that was just opened. The payload is a ``StreamEnd``.
    case close(StreamID, StreamEnd)
    /// Ends the connection. Stream 0; the payload is a reason of four bytes, big endian.
    case goAway(DisconnectReason)

    /// The longest payload. With all that is around it, it fits a UDP datagram on every path (RFC 8200,
    /// section 5: 1280 bytes).
    static let maximumPayload = 1100

    /// Kind and stream.
    static let headerLength = 5

    private enum Kind: UInt8 {
        case ready, open, data, close, goAway
    }

    /// Reads a frame; nil where it is malformed.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= Self.headerLength, bytes.count <= Self.headerLength + Self.maximumPayload,
            let kind = Kind(rawValue: bytes[0])
        else { return nil }
        let number = Self.integer(bytes[1..<Self.headerLength])
        let payload = bytes[Self.headerLength...]
        let onlyByte = payload.count == 1 ? payload.first : nil
        switch kind {
        case .ready:
            guard number == 0, payload.isEmpty else { return nil }
            self = .ready
        case .open:
            guard number > 0, let type = StreamType(wire: payload) else { return nil }
            self = .open(StreamID(number), type)
        case .data:
            guard number > 0 else { return nil }
            self = .data(StreamID(number), Array(payload))
        case .close:
            guard number > 0, let end = onlyByte.flatMap(StreamEnd.init(rawValue:)) else { return nil }
            self = .close(StreamID(number), end)
        case .goAway:
            guard number == 0, payload.count == 4 else { return nil }
            self = .goAway(DisconnectReason(rawValue: Self.integer(payload)))
        }
    }

    private static func integer(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    }

    /// The frame's bytes.
    ///
    /// - Precondition: a payload is no longer than ``maximumPayload``.
    var bytes: [UInt8] {
        switch self {
        case .ready: Self.encode(.ready, 0, [])
        case .open(let stream, let type): Self.encode(.open, stream.number, type.wire)
        case .data(let stream, let payload): Self.encode(.data, stream.number, payload)
        case .close(let stream, let end): Self.encode(.close, stream.number, [end.rawValue])
        case .goAway(let reason):
            Self.encode(.goAway, 0, withUnsafeBytes(of: reason.rawValue.bigEndian, Array.init))
        }
    }

    private static func encode(_ kind: Kind, _ stream: UInt32, _ payload: [UInt8]) -> [UInt8] {
        precondition(payload.count <= maximumPayload)
        return [kind.rawValue] + withUnsafeBytes(of: stream.bigEndian, Array.init) + payload
    }
}

/// How a stream ended.
public enum StreamEnd: UInt8, Hashable, Sendable {
    /// Its opener or its other side is done with it.
    case done
    /// The other side denies streams of this type.
    case refused
}

extension StreamType {
    private static let named: [StreamType] = [.git, .membership, .gossip, .interrogation]

    /// Reads what opens a stream of this type; nil where it names none.
    init?(wire: ArraySlice<UInt8>) {
        if let first = wire.first, wire.count == 1, Int(first) < Self.named.count {
            self = Self.named[Int(first)]
        } else if let id = ProtocolID(String(decoding: wire, as: UTF8.self)) {
            self = .custom(id)
        } else {
            return nil
        }
    }

    /// What opens a stream of this type: one byte for those with a name, else the protocol id.
    var wire: [UInt8] {
        switch self {
        case .git: [0]
        case .membership: [1]
        case .gossip: [2]
        case .interrogation: [3]
        case .custom(let id): Array(id.description.utf8)
        }
    }
}
