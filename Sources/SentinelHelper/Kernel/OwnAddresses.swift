// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CNetfilter
internal import Glibc
internal import Inet

/// The addresses of this host's devices, kept current by rtnetlink(7)'s notifications.
struct OwnAddresses: ~Copyable {
    private let socket: Int32
    private(set) var current: [IPAddress] = []

    /// Starts to listen, then reads the addresses. Without the right to listen they are read on each call.
    init() {
        socket = Glibc.socket(
            AF_NETLINK, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue),
            NETLINK_ROUTE)
        var address = sockaddr_nl()
        address.nl_family = sa_family_t(AF_NETLINK)
        address.nl_groups = UInt32(RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR)
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_nl>.size))
            }
        }
        current = Self.read()
    }

    deinit { close(socket) }

    /// Whether the addresses have changed since the last time; reads them again where they may have.
    mutating func refresh() -> Bool {
        guard hasNews() else { return false }
        let before = current
        current = Self.read()
        return current != before
    }

    /// Takes all notifications off the socket. What they say doesn't matter: the addresses are read whole. An
    /// overflow is news as well.
    private func hasNews() -> Bool {
        guard socket >= 0 else { return true }
        var hasNews = false
        withUnsafeTemporaryAllocation(byteCount: 8192, alignment: 8) { buffer in
            while true {
                let count = recv(socket, buffer.baseAddress, buffer.count, 0)
                guard count >= 0 || errno == ENOBUFS || errno == EINTR else { return }
                hasNews = true
            }
        }
        return hasNews
    }

    /// getifaddrs(3)
    private static func read() -> [IPAddress] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        var found: [IPAddress] = []
        var next = list
        while let entry = next {
            if let address = entry.pointee.ifa_addr.flatMap({ ipAddress($0) }) { found.append(address) }
            next = entry.pointee.ifa_next
        }
        return found.sorted()
    }

    private static func ipAddress(_ address: UnsafeMutablePointer<sockaddr>) -> IPAddress? {
        switch Int32(address.pointee.sa_family) {
        case AF_INET:
            address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { pointer in
                .v4(IPv4Address(bits: UInt32(bigEndian: pointer.pointee.sin_addr.s_addr)))
            }
        case AF_INET6:
            address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { pointer in
                withUnsafeBytes(of: pointer.pointee.sin6_addr) { IPAddress(bytes: $0) }
            }
        default: nil
        }
    }
}
