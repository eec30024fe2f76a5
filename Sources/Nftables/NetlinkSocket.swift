// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CLinux
internal import CNetfilter
import Glibc

/// A netlink socket to the kernel's netfilter subsystem.
///
/// Closed when it goes away, and on exec. Requests are answered before the call returns; none waits longer than
/// ``deadline``.
public struct NetlinkSocket: ~Copyable {
    /// What a socket is set up with.
    public struct Options: Sendable {
        /// How long an answer may take.
        public var deadline: Duration = .seconds(10)
        /// The send buffer in bytes, beyond the system's limit only with CAP_NET_ADMIN. With it, a transaction that takes
        /// more has the buffer grow, up to 1 GiB; without, it is ``NftablesError/Code/tooLarge``. A million IPv4 elements
        /// are about 52 MB.
        public var sendBuffer = 1 << 20
        /// The receive buffer in bytes; the kernel counts its own overhead against it.
        public var receiveBuffer = 16 << 20

        public init() {}
    }

    private let socket: OpaquePointer
    let deadline: Duration
    private let received: UnsafeMutableRawBufferPointer

    /// Opens a socket.
    ///
    /// - Throws: ``NftablesError`` where the kernel has no netfilter netlink, or descriptors are used up.
    public init(options: Options = Options()) throws(NftablesError) {
        try self.init(to: NETLINK_NETFILTER, options: options)
    }

    /// Opens a socket to any of the kernel's netlink subsystems, which is told of what happens in some groups.
    ///
    /// - Parameter subsystem: `NETLINK_ROUTE`, `NETLINK_SOCK_DIAG`, … of linux/netlink.h.
    package init(
        to subsystem: Int32, groups: UInt32 = 0, options: Options = Options()
    ) throws(NftablesError) {
        guard let socket = mnl_socket_open2(subsystem, Int32(SOCK_CLOEXEC.rawValue)) else {
            throw NftablesError(errno: errno, operation: "open netlink socket")
        }
        guard mnl_socket_bind(socket, groups, pid_t(MNL_SOCKET_AUTOPID)) == 0 else {
            let error = NftablesError(errno: errno, operation: "bind netlink socket")
            mnl_socket_close(socket)
            throw error
        }
        self.init(socket, options)
    }

    /// Takes over a netlink socket that is open already, as from a service manager's descriptor store. Tables
    /// that it owns stay its own.
    ///
    /// - Parameter descriptor: closed with this socket from now on, also where this fails.
    /// - Throws: ``NftablesError`` where it is no netfilter netlink socket.
    public init(adopting descriptor: Int32, options: Options = Options()) throws(NftablesError) {
        var address = sockaddr_nl()
        var length = socklen_t(MemoryLayout<sockaddr_nl>.size)
        let named = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        var kind: Int32 = 0
        var kindLength = socklen_t(MemoryLayout<Int32>.size)
        guard named == 0, getsockopt(descriptor, SOL_SOCKET, SO_PROTOCOL, &kind, &kindLength) == 0,
            address.nl_family == sa_family_t(AF_NETLINK), kind == NETLINK_NETFILTER,
            fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0, let socket = mnl_socket_fdopen(descriptor)
        else {
            close(descriptor)
            throw NftablesError(
                .invalid, operation: "adopt descriptor \(descriptor)", object: "as netlink socket")
        }
        self.init(socket, options)
        drain()
    }

    private init(_ socket: OpaquePointer, _ options: Options) {
        self.socket = socket
        deadline = options.deadline
        received = .allocate(byteCount: 64 * 1024, alignment: 16)
        // Forcing needs CAP_NET_ADMIN; without it the system's own limit is the most there is.
        Self.setOption(descriptor, SOL_SOCKET, SO_SNDBUF, Int32(clamping: options.sendBuffer))
        Self.setOption(descriptor, SOL_SOCKET, SO_RCVBUF, Int32(clamping: options.receiveBuffer))
        Self.setOption(descriptor, SOL_SOCKET, SO_SNDBUFFORCE, Int32(clamping: options.sendBuffer))
        Self.setOption(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, Int32(clamping: options.receiveBuffer))
        // Answers name the attribute at fault, and don't repeat the message.
        Self.setOption(descriptor, SOL_NETLINK, Int32(NETLINK_EXT_ACK), 1)
        Self.setOption(descriptor, SOL_NETLINK, Int32(NETLINK_CAP_ACK), 1)
    }

    deinit {
        received.deallocate()
        mnl_socket_close(socket)
    }

    /// The descriptor, to hand to a service manager or to wait on. It stays this socket's own.
    public var descriptor: Int32 { mnl_socket_get_fd(socket) }

    /// The netlink port: what ``Table/owner`` says of the tables that this socket owns.
    public var port: UInt32 { mnl_socket_get_portid(socket) }

    /// Joins a multicast group.
    func join(group: Int32) throws(NftablesError) {
        guard Self.setOption(descriptor, SOL_NETLINK, Int32(NETLINK_ADD_MEMBERSHIP), group) else {
            throw NftablesError(errno: errno, operation: "join netlink group \(group)")
        }
    }

    @discardableResult
    private static func setOption(_ descriptor: Int32, _ level: Int32, _ name: Int32, _ value: Int32) -> Bool
    {
        var value = value
        return setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size)) == 0
    }

    // MARK: Bytes

    /// Sends a run of messages as one datagram.
    package func send(_ bytes: UnsafeRawBufferPointer, operation: String) throws(NftablesError) {
        var hasGrown = false
        while mnl_socket_sendto(socket, bytes.baseAddress, bytes.count) < 0 {
            switch errno {
            case EINTR: continue
            case EMSGSIZE where !hasGrown:
                // The kernel takes twice of this for the data and what it needs around them.
                Self.setOption(descriptor, SOL_SOCKET, SO_SNDBUFFORCE, Int32(clamping: bytes.count))
                hasGrown = true
            default: throw NftablesError(errno: errno, operation: operation)
            }
        }
    }

    /// Receives a datagram of messages, which are valid until the next call.
    ///
    /// - Parameter deadline: nil to take only what is there.
    /// - Returns: nil where nothing is there.
    package func receive(until deadline: ContinuousClock.Instant?) throws(NftablesError)
        -> UnsafeRawBufferPointer?
    {
        while true {
            let flags = Int32(MSG_DONTWAIT) | Int32(MSG_TRUNC)
            let count = recv(descriptor, received.baseAddress, received.count, flags)
            if count > received.count {
                throw NftablesError(.outcomeUnknown, operation: "receive", object: "\(count) bytes at once")
            }
            if count >= 0 { return UnsafeRawBufferPointer(rebasing: received[..<count]) }
            switch errno {
            case EINTR: continue
            case EAGAIN:
                guard let deadline else { return nil }
                try wait(until: deadline)
            default: throw NftablesError(errno: errno, operation: "receive")
            }
        }
    }

    /// Receives the datagrams that are there, which are valid until the next call, and waits for the first. For answers
    /// that come in numbers and are small: one of more than ``smallDatagram`` bytes is an error.
    ///
    /// - Parameter body: called for each in order.
    package func receiveSmall(
        until deadline: ContinuousClock.Instant,
        _ body: (UnsafeRawBufferPointer) throws(NftablesError) -> Void
    ) throws(NftablesError) {
        var lengths = [UInt32](repeating: 0, count: received.count / Self.smallDatagram)
        var count: Int32 = -1
        while count < 0 {
            count = lengths.withUnsafeMutableBufferPointer {
                clinux_receive_datagrams(
                    descriptor, received.baseAddress, Self.smallDatagram, $0.baseAddress, UInt32($0.count))
            }
            guard count < 0 else { break }
            switch errno {
            case EINTR: continue
            case EAGAIN: try wait(until: deadline)
            default: throw NftablesError(errno: errno, operation: "receive")
            }
        }
        for (index, length) in lengths.prefix(Int(count)).enumerated() {
            guard length <= Self.smallDatagram else {
                throw NftablesError(.outcomeUnknown, operation: "receive", object: "\(length) bytes at once")
            }
            let start = index * Self.smallDatagram
            try body(UnsafeRawBufferPointer(rebasing: received[start..<start + Int(length)]))
        }
    }

    /// In bytes: an element with all that there may be in it has some three hundred.
    private static var smallDatagram: Int { 1024 }

    private func wait(until deadline: ContinuousClock.Instant) throws(NftablesError) {
        var question = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let left = deadline - .now
        guard left > .zero else { throw NftablesError(.timedOut, operation: "wait for the kernel's answer") }
        let milliseconds = Int32(clamping: left.kernelMilliseconds)
        guard poll(&question, 1, milliseconds) >= 0 || errno == EINTR else {
            throw NftablesError(errno: errno, operation: "wait for the kernel's answer")
        }
    }

    /// Throws away what nobody waits for any more: answers that came after a deadline.
    package func drain() {
        while let _ = try? receive(until: nil) {}
    }
}
