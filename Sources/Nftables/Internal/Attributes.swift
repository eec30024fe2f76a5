// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

package import CNetfilter

/// The attributes of a received message, or those nested in one of them, in order.
///
/// Reads nothing behind the end it was given, whatever the lengths inside say.
package struct Attributes: Sequence, IteratorProtocol {
    private var cursor: UnsafeRawPointer
    private let end: UnsafeRawPointer

    /// The attributes between two addresses; none where `start` is behind `end`.
    package init(from start: UnsafeRawPointer, to end: UnsafeRawPointer) {
        cursor = start
        self.end = end
    }

    /// The attributes behind a message's netfilter header.
    package init(message: UnsafePointer<nlmsghdr>) {
        let start = UnsafeRawPointer(message)
        self.init(
            from: start + Int(sentinel_MNL_NLMSG_HDRLEN + sentinel_NFGENMSG_SIZE),
            to: start + Int(message.pointee.nlmsg_len))
    }

    package mutating func next() -> Attribute? {
        guard cursor < end else { return nil }
        let attribute = cursor.assumingMemoryBound(to: nlattr.self)
        guard mnl_attr_ok(attribute, Int32(clamping: end - cursor)) else { return nil }
        cursor = UnsafeRawPointer(mnl_attr_next(attribute))
        return Attribute(raw: attribute)
    }
}

/// One received attribute. Valid as long as the buffer that it lies in.
package struct Attribute {
    package let raw: UnsafePointer<nlattr>

    package var type: Int32 { Int32(mnl_attr_get_type(raw)) }

    package var payload: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: mnl_attr_get_payload(raw), count: Int(mnl_attr_get_payload_len(raw)))
    }

    package var nested: Attributes {
        let payload = payload
        guard let start = payload.baseAddress else { return Attributes(from: raw, to: raw) }
        return Attributes(from: start, to: start + payload.count)
    }

    /// A number in network byte order; nil where the payload has another size.
    package func bigEndian<T: FixedWidthInteger>(_: T.Type) -> T? {
        let payload = payload
        return payload.count == MemoryLayout<T>.size ? T(bigEndian: payload.loadUnaligned(as: T.self)) : nil
    }

    /// A text with or without a terminating NUL.
    var string: String { String(decoding: payload.prefix { $0 != 0 }, as: UTF8.self) }
}
