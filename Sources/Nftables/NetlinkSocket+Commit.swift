// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

package import CNetfilter

extension NetlinkSocket {
    /// Has the kernel carry out a transaction: all of it, or on an error nothing.
    ///
    /// - Throws: ``NftablesError`` with the first operation that the kernel refuses and, where it says so, the
    ///   element. After `.timedOut` and `.outcomeUnknown` it may or may not have been carried out.
    public func commit(_ transaction: consuming SealedTransaction) throws(NftablesError) {
        guard !transaction.isEmpty else { return }
        drain()
        try send(transaction.buffer.bytes, operation: "commit")
        let deadline = ContinuousClock.now + deadline
        var isAcknowledged = false
        var refusal: NftablesError?
        while let answer = try receive(until: isAcknowledged || refusal != nil ? nil : deadline) {
            for message in Messages(answer) {
                guard let verdict = KernelVerdict(message: message) else { continue }
                let sequence = message.pointee.nlmsg_seq
                if verdict.errno == 0 {
                    isAcknowledged = isAcknowledged || sequence == transaction.lastSequence
                } else if refusal == nil {
                    refusal = transaction.error(for: verdict, sequence: sequence)
                }
            }
        }
        // The acknowledgement says that its own message was right. An error of any other overrides it.
        if let refusal { throw refusal }
    }
}

extension SealedTransaction {
    fileprivate func error(for verdict: KernelVerdict, sequence: UInt32) -> NftablesError {
        let operation = operation(sequence)
        var element: ElementKey?
        if let operation, let offset = verdict.offset { element = self.element(of: operation, at: offset) }
        return NftablesError(
            errno: verdict.errno, operation: operation?.verb ?? "commit", object: operation?.object ?? "",
            element: element, kernelMessage: verdict.message)
    }
}

/// The messages of a received datagram, in order. Reads nothing behind its end.
package struct Messages: Sequence, IteratorProtocol {
    private var rest: UnsafeRawBufferPointer

    package init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

    /// The shortest message that is read: behind each one's header stands netfilter's, or an error's number. Shorter ones
    /// are passed over.
    private static let shortest = Int(sentinel_MNL_NLMSG_HDRLEN + sentinel_NFGENMSG_SIZE)

    package mutating func next() -> UnsafePointer<nlmsghdr>? {
        // Not by mnl_nlmsg_ok(), which takes lengths from 2 GiB on for negative ones, and thereby as short enough.
        while rest.count >= MemoryLayout<nlmsghdr>.size, let start = rest.baseAddress {
            let header = start.assumingMemoryBound(to: nlmsghdr.self)
            let length = Int(header.pointee.nlmsg_len)
            guard length >= MemoryLayout<nlmsghdr>.size, length <= rest.count else { return nil }
            rest = UnsafeRawBufferPointer(rebasing: rest[Swift.min((length + 3) & ~3, rest.count)...])
            if length >= Self.shortest { return header }
        }
        return nil
    }
}

/// The kernel's answer to a message: no error, or which, where and in what words (`struct nlmsgerr` and the
/// extended ACK's attributes behind it).
package struct KernelVerdict {
    /// 0: acknowledged.
    package let errno: Int32
    package private(set) var message = ""
    /// Of the attribute at fault, in bytes from the start of the message that is answered.
    private(set) var offset: UInt32?

    /// Nil where the message is no such answer.
    package init?(message: UnsafePointer<nlmsghdr>) {
        let header = message.pointee
        let start = UnsafeRawPointer(message)
        let payload = Int(sentinel_MNL_NLMSG_HDRLEN)
        guard Int32(header.nlmsg_type) == NLMSG_ERROR || Int32(header.nlmsg_type) == NLMSG_DONE,
            Int(header.nlmsg_len) >= payload + MemoryLayout<Int32>.size
        else { return nil }
        errno = 0 &- (start + payload).loadUnaligned(as: Int32.self)
        guard Int32(header.nlmsg_type) == NLMSG_ERROR,
            header.nlmsg_flags & UInt16(NLM_F_ACK_TLVS) != 0, header.nlmsg_flags & UInt16(NLM_F_CAPPED) != 0
        else { return }
        let attributes = Attributes(
            from: start + payload + Int(sentinel_NLMSGERR_HEADER), to: start + Int(header.nlmsg_len))
        for attribute in attributes {
            switch UInt32(attribute.type) {
            case NLMSGERR_ATTR_MSG.rawValue: self.message = attribute.string
            case NLMSGERR_ATTR_OFFS.rawValue:
                let payload = attribute.payload
                if payload.count == 4 { offset = payload.loadUnaligned(as: UInt32.self) }
            default: break
            }
        }
    }
}
