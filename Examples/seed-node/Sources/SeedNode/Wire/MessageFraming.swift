// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import NIOCore

/// Cuts a TCP connection's bytes into messages: a length of two bytes, big endian, then that many.
struct MessageFraming: ByteToMessageDecoder {
    typealias InboundOut = ByteBuffer

    /// The longest message: a record with the longest frame. No handshake message is longer.
    static let maximumLength = RecordSealer.overhead + Frame.headerLength + Frame.maximumPayload

    /// A message of another length than any has; the connection is lost.
    enum Fault: Error, Hashable {
        case length(UInt16)
    }

    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        guard let message = try Self.next(from: &buffer) else { return .needMoreData }
        context.fireChannelRead(wrapInboundOut(message))
        return .continue
    }

    /// What a peer leaves unfinished when it goes is of no use.
    mutating func decodeLast(
        context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool
    ) throws -> DecodingState {
        let state = try decode(context: context, buffer: &buffer)
        if state == .needMoreData { buffer.clear() }
        return state
    }

    /// Takes the first message off `buffer`, once it is there in full.
    static func next(from buffer: inout ByteBuffer) throws(Fault) -> ByteBuffer? {
        guard let length = buffer.getInteger(at: buffer.readerIndex, as: UInt16.self) else { return nil }
        guard (1...maximumLength).contains(Int(length)) else { throw .length(length) }
        guard buffer.readableBytes >= 2 + Int(length) else { return nil }
        buffer.moveReaderIndex(forwardBy: 2)
        return buffer.readSlice(length: Int(length))
    }

    static func write(_ message: [UInt8], to buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt16(message.count))
        buffer.writeBytes(message)
    }
}
