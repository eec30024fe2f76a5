// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CNetfilter
internal import Nftables

// Questions to the kernel's subsystems beside nf_tables: rtnetlink(7), sock_diag(7), connection tracking.

extension NetlinkSocket {
    /// Sends one message.
    ///
    /// - Parameters:
    ///   - header: the subsystem's own, behind netlink's.
    ///   - room: how many bytes the message takes at most.
    ///   - attributes: puts the attributes.
    func ask<Header: BitwiseCopyable>(
        _ type: Int32, flags: Int32, _ header: Header, room: Int = 4096, operation: String,
        attributes: (UnsafeMutablePointer<nlmsghdr>) -> Void = { _ in }
    ) throws(NftablesError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 16)
        defer { buffer.deallocate() }
        buffer.initializeMemory(as: UInt8.self, repeating: 0)
        guard let base = buffer.baseAddress, let message = mnl_nlmsg_put_header(base) else { return }
        message.pointee.nlmsg_type = UInt16(type)
        message.pointee.nlmsg_flags = UInt16(NLM_F_REQUEST | flags)
        mnl_nlmsg_put_extra_header(message, MemoryLayout<Header>.size)?.storeBytes(
            of: header, as: Header.self)
        attributes(message)
        try send(
            UnsafeRawBufferPointer(start: base, count: Int(message.pointee.nlmsg_len)), operation: operation)
    }

    /// How far an answer in parts has come.
    struct Progress {
        var isDone = false
        /// Whether what was dumped changed meanwhile, so that it has to be read again.
        var isInterrupted = false
    }

    /// Takes one part of an answer that comes in parts, and gives its messages to `body`. The kernel prepares each part
    /// as the one before is taken, so none is waited for long.
    func nextPart(
        _ operation: String, _ body: (UnsafePointer<nlmsghdr>) -> Void
    ) throws(NftablesError) -> Progress {
        var progress = Progress()
        guard let datagram = try receive(until: .now + Self.patience) else { return progress }
        for message in Messages(datagram) {
            if message.pointee.nlmsg_flags & UInt16(NLM_F_DUMP_INTR) != 0 { progress.isInterrupted = true }
            guard let verdict = KernelVerdict(message: message) else {
                body(message)
                continue
            }
            guard verdict.errno == 0 else { throw Self.error(verdict, operation) }
            progress.isDone = true
        }
        return progress
    }

    /// How long the kernel may take for one part.
    private static var patience: Duration { .seconds(2) }

    /// Sends a request for everything, and gives each message of the answer to `body`; from the start where it changed
    /// meanwhile, up to some times.
    ///
    /// - Parameter start: forgets what was found so far.
    func dump<Header: BitwiseCopyable>(
        _ type: Int32, _ header: Header, operation: String, start: () -> Void,
        _ body: (UnsafePointer<nlmsghdr>) -> Void
    ) throws(NftablesError) {
        // What an answer left behind that was given up.
        drain()
        for _ in 0..<Self.dumpAttempts {
            start()
            try ask(type, flags: NLM_F_ROOT | NLM_F_MATCH, header, operation: operation)
            var isInterrupted = false
            while true {
                let progress = try nextPart(operation, body)
                isInterrupted = isInterrupted || progress.isInterrupted
                if progress.isDone { break }
            }
            if !isInterrupted { return }
        }
    }

    private static var dumpAttempts: Int { 4 }

    /// Sends messages, numbered from 0 on, that the kernel answers only where they fail. All are carried out before this
    /// returns.
    ///
    /// - Returns: for each an errno, or 0.
    func errors(
        of messages: UnsafeRawBufferPointer, count: Int, operation: String
    ) throws(NftablesError) -> [Int32] {
        drain()
        try send(messages, operation: operation)
        var errors = [Int32](repeating: 0, count: count)
        while let datagram = try receive(until: nil) {
            for message in Messages(datagram) {
                guard let verdict = KernelVerdict(message: message) else { continue }
                let number = Int(message.pointee.nlmsg_seq)
                if errors.indices.contains(number) { errors[number] = verdict.errno }
            }
        }
        return errors
    }

    private static func error(_ verdict: KernelVerdict, _ operation: String) -> NftablesError {
        NftablesError(errno: verdict.errno, operation: operation, kernelMessage: verdict.message)
    }
}

extension UnsafePointer<nlmsghdr> {
    /// The subsystem's own header, behind netlink's; nil where the message is too short for it.
    func header<Header: BitwiseCopyable>(_: Header.Type) -> Header? {
        let start = Int(sentinel_MNL_NLMSG_HDRLEN)
        guard Int(pointee.nlmsg_len) >= start + MemoryLayout<Header>.size else { return nil }
        return (UnsafeRawPointer(self) + start).loadUnaligned(as: Header.self)
    }

    /// The attributes behind the subsystem's own header.
    func attributes<Header>(behind _: Header.Type) -> Attributes {
        let start = UnsafeRawPointer(self)
        let aligned = (MemoryLayout<Header>.size + 3) & ~3
        return Attributes(
            from: start + Int(sentinel_MNL_NLMSG_HDRLEN) + aligned, to: start + Int(pointee.nlmsg_len))
    }
}
