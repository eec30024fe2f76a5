// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CNetfilter
import Glibc

/// A growing run of netlink messages, written one after another with libmnl.
///
/// libmnl writes behind a message's end without asking for room, so ``begin(_:flags:family:resource:)``
/// makes sure that the largest message fits before the first byte of it is written, and a message in
/// progress never moves.
struct MessageBuffer: ~Copyable {
    /// The most that one message takes: one attribute of 64 KB, and its surroundings.
    static let largestMessage = 66 * 1024

    private(set) var base: UnsafeMutableRawPointer
    private(set) var count = 0
    private var capacity: Int
    private var current: UnsafeMutablePointer<nlmsghdr>?

    init(capacity: Int = MessageBuffer.largestMessage) {
        self.capacity = max(capacity, Self.largestMessage)
        base = Self.zeroed(self.capacity)
    }

    deinit { free(base) }

    /// Zeroed, for libmnl leaves the padding behind attributes as it was, and what lay there before is nobody's
    /// business.
    private static func zeroed(_ count: Int) -> UnsafeMutableRawPointer {
        guard let memory = calloc(count, 1) else {
            fatalError("out of memory: \(count) bytes for netlink messages")
        }
        return memory
    }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// Starts an nf_tables message. The message before it must have ended.
    mutating func begin(
        _ type: MessageType, flags: Int32, sequence: UInt32, family: Family, resource: UInt16 = 0
    ) -> UnsafeMutablePointer<nlmsghdr> {
        let raw = UInt16(NFNL_SUBSYS_NFTABLES) << 8 | type.rawValue
        return begin(
            rawType: raw, flags: flags, sequence: sequence, family: family.rawValue, resource: resource)
    }

    /// Starts any message of the netfilter subsystem.
    mutating func begin(
        rawType: UInt16, flags: Int32, sequence: UInt32, family: UInt8, resource: UInt16
    ) -> UnsafeMutablePointer<nlmsghdr> {
        reserve(Self.largestMessage)
        guard let header = mnl_nlmsg_put_header(base + count) else { preconditionFailure() }
        header.pointee.nlmsg_type = rawType
        header.pointee.nlmsg_flags = UInt16(NLM_F_REQUEST | flags)
        header.pointee.nlmsg_seq = sequence
        let extra = mnl_nlmsg_put_extra_header(header, Int(sentinel_NFGENMSG_SIZE))
        extra?.assumingMemoryBound(to: nfgenmsg.self).pointee = nfgenmsg(
            nfgen_family: family, version: UInt8(NFNETLINK_V0), res_id: resource.bigEndian)
        current = header
        return header
    }

    /// Ends the message in progress.
    mutating func end() {
        guard let header = current else { preconditionFailure() }
        count += Int(header.pointee.nlmsg_len + 3 & ~3)
        current = nil
    }

    /// Makes place for so many bytes more, so that what is there isn't copied again and again while they are written.
    mutating func reserve(_ more: Int) {
        precondition(current == nil)
        guard count + more > capacity else { return }
        capacity = max(capacity * 2, count + more)
        let larger = Self.zeroed(capacity)
        larger.copyMemory(from: base, byteCount: count)
        free(base)
        base = larger
    }
}

extension UnsafeMutablePointer<nlmsghdr> {
    func put(_ type: some BinaryInteger, string: String) {
        string.withCString { mnl_attr_put_strz(self, UInt16(type), $0) }
    }

    func put(_ type: some BinaryInteger, bigEndian value: UInt32) {
        mnl_attr_put_u32(self, UInt16(type), value.bigEndian)
    }

    func put(_ type: some BinaryInteger, bigEndian value: UInt64) {
        mnl_attr_put_u64(self, UInt16(type), value.bigEndian)
    }

    func put(_ type: some BinaryInteger, bytes: UnsafeRawBufferPointer) {
        mnl_attr_put(self, UInt16(type), bytes.count, bytes.baseAddress)
    }

    func nest(_ type: some BinaryInteger, _ body: () -> Void) {
        guard let start = mnl_attr_nest_start(self, UInt16(type)) else { preconditionFailure() }
        body()
        mnl_attr_nest_end(self, start)
    }
}
