// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CNetfilter
internal import Glibc
internal import Inet
internal import Nftables

/// The addresses of this host's devices and the gateways of its default routes, kept current by rtnetlink(7)'s
/// notifications.
///
/// A notification says that something has changed; what there is now is read whole. So none that is lost or merged can
/// leave a wrong address behind.
struct HostNetwork: ~Copyable {
    /// Of this host's devices, in order.
    private(set) var addresses: [IPAddress] = []
    /// Where default routes lead to, of all tables, in order.
    private(set) var gateways: [IPAddress] = []

    private let monitor: NetlinkSocket?
    private let questions: NetlinkSocket?
    private var stale: Stale = .all
    /// Before it routes aren't read again: a router with a full table takes its time to list them.
    private var routesRest = ContinuousClock.now

    private struct Stale: OptionSet {
        let rawValue: UInt8
        static let addresses = Stale(rawValue: 1)
        static let routes = Stale(rawValue: 2)
        static let all: Stale = [.addresses, .routes]
    }

    /// Starts to listen, then reads. Without the right to listen all is read on each call.
    init() {
        var options = NetlinkSocket.Options()
        options.receiveBuffer = 1 << 20
        let groups = [
            RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR, RTMGRP_IPV4_ROUTE, RTMGRP_IPV6_ROUTE,
        ].reduce(UInt32(0)) { $0 | UInt32($1) }
        monitor = try? NetlinkSocket(to: NETLINK_ROUTE, groups: groups, options: options)
        questions = try? NetlinkSocket(to: NETLINK_ROUTE, options: options)
        _ = refresh()
    }

    /// Whether something has changed since the last time. Costs one system call while nothing has.
    mutating func refresh() -> Bool {
        takeNotifications()
        var hasChanged = false
        if stale.contains(.addresses) {
            stale.remove(.addresses)
            let before = addresses
            addresses = Self.readAddresses()
            hasChanged = addresses != before
        }
        let start = ContinuousClock.now
        if stale.contains(.routes), start >= routesRest, let found = readGateways() {
            stale.remove(.routes)
            hasChanged = hasChanged || found != gateways
            gateways = found
            routesRest = .now + (.now - start) * Self.restPerReading
        }
        return hasChanged
    }

    /// So many times as long as reading the routes takes they are left alone: they cost a tenth of the time at most.
    private static var restPerReading: Int { 9 }

    // MARK: Notifications

    private mutating func takeNotifications() {
        var found: Stale = monitor == nil ? .all : []
        while true {
            do {
                guard let datagram = try monitor?.receive(until: nil) else { break }
                for message in Messages(datagram) { found.formUnion(Self.stale(after: message)) }
            } catch {
                // Some were lost.
                found = .all
                guard error.code == .outcomeUnknown else { break }
            }
        }
        stale.formUnion(found)
    }

    /// A device that goes down takes routes with it, of which nothing is said.
    private static func stale(after message: UnsafePointer<nlmsghdr>) -> Stale {
        switch Int(message.pointee.nlmsg_type) {
        case RTM_NEWADDR, RTM_DELADDR: .all
        case RTM_NEWLINK, RTM_DELLINK: .routes
        case RTM_NEWROUTE, RTM_DELROUTE: message.header(rtmsg.self)?.rtm_dst_len == 0 ? .routes : []
        default: []
        }
    }

    // MARK: Gateways

    /// `ip route show table all default`, and the same of IPv6; nil where the kernel doesn't say.
    private borrowing func readGateways() -> [IPAddress]? {
        var found: Set<IPAddress> = []
        for family in [AF_INET, AF_INET6] {
            var header = rtmsg()
            header.rtm_family = UInt8(family)
            var ofFamily: Set<IPAddress> = []
            do {
                try questions?.dump(Int32(RTM_GETROUTE), header, operation: "list routes") {
                    ofFamily = []
                } _: { message in
                    ofFamily.formUnion(Self.gateways(message))
                }
            } catch  where error.code == .unsupported {
                // A kernel without this family.
            } catch {
                return nil
            }
            found.formUnion(ofFamily)
        }
        return found.sorted()
    }

    private static func gateways(_ message: UnsafePointer<nlmsghdr>) -> [IPAddress] {
        guard Int(message.pointee.nlmsg_type) == RTM_NEWROUTE, let route = message.header(rtmsg.self),
            route.rtm_dst_len == 0, Int(route.rtm_type) == RTN_UNICAST
        else { return [] }
        return gateways(message.attributes(behind: rtmsg.self), mayHaveHops: true)
    }

    private static func gateways(_ attributes: Attributes, mayHaveHops: Bool) -> [IPAddress] {
        var found: [IPAddress] = []
        for attribute in attributes {
            let payload = attribute.payload
            switch UInt32(attribute.type) {
            case RTA_GATEWAY.rawValue: found += IPAddress(bytes: payload).map { [$0] } ?? []
            // struct rtvia: the family, in two bytes, then the address.
            case RTA_VIA.rawValue:
                found += IPAddress(bytes: payload.dropFirst(MemoryLayout<rtvia>.size)).map { [$0] } ?? []
            case RTA_MULTIPATH.rawValue where mayHaveHops:
                found += hops(payload).flatMap { gateways($0, mayHaveHops: false) }
            default: break
            }
        }
        return found.filter { !$0.isUnspecified }
    }

    /// The attributes of each hop: records of struct rtnexthop with attributes behind.
    private static func hops(_ payload: UnsafeRawBufferPointer) -> [Attributes] {
        var hops: [Attributes] = []
        var rest = payload
        while rest.count >= MemoryLayout<rtnexthop>.size, let start = rest.baseAddress {
            let length = Int(start.loadUnaligned(as: rtnexthop.self).rtnh_len)
            guard length >= MemoryLayout<rtnexthop>.size, length <= rest.count else { break }
            hops.append(Attributes(from: start + MemoryLayout<rtnexthop>.size, to: start + length))
            rest = UnsafeRawBufferPointer(rebasing: rest[min((length + 3) & ~3, rest.count)...])
        }
        return hops
    }

    // MARK: Addresses

    /// getifaddrs(3)
    private static func readAddresses() -> [IPAddress] {
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

extension IPAddress {
    /// Whether it is `0.0.0.0` or `::`.
    fileprivate var isUnspecified: Bool {
        switch self {
        case .v4(let address): address.bits == 0
        case .v6(let address): address.high == 0 && address.low == 0
        }
    }
}
