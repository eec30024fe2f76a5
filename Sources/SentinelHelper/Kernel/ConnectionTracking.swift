// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CNetfilter
internal import Glibc
internal import Inet
internal import Nftables

/// A TCP or UDP connection as the kernel tracks it, from the side that began it.
struct TrackedFlow: Hashable, Sendable {
    var source: Endpoint
    var destination: Endpoint
    /// From which port answers come: another than the destination's where addresses are translated.
    var answeringPort: UInt16
    /// The attributes that name it to the kernel, as the kernel gave them.
    fileprivate var name: [UInt8] = []

    var transport: TransportProtocol { source.transport }
}

/// The kernel's table of connections, by ctnetlink: entries of cut connections would stay there for up to five days.
///
/// Never what has it loaded: where nothing needs connection tracking there is none, and nothing is asked, for already
/// the question would load it.
struct ConnectionTracking: ~Copyable {
    private var socket: NetlinkSocket?

    init() {}

    /// Makes sure that there is a table, and something in it.
    mutating func isInUse() -> Bool {
        guard Self.isLoaded else { return false }
        if socket == nil {
            var options = NetlinkSocket.Options()
            options.receiveBuffer = 4 << 20
            socket = try? NetlinkSocket(options: options)
        }
        return (try? count()).map { $0 > 0 } ?? false
    }

    /// /sys shows modules, and what is built in like them; it is there where much of /proc is not.
    private static var isLoaded: Bool {
        access("/sys/module/nf_conntrack", F_OK) == 0 || access("/proc/self/net/stat/nf_conntrack", F_OK) == 0
    }

    // MARK: Asking

    /// How many connections this network namespace has.
    private borrowing func count() throws(NftablesError) -> Int {
        socket?.drain()
        try ask(
            IPCTNL_MSG_CT_GET_STATS, flags: 0, family: UInt8(AF_UNSPEC),
            operation: "count tracked connections")
        var count = 0
        _ = try socket?.nextPart("count tracked connections") { message in
            for attribute in message.attributes(behind: nfgenmsg.self)
            where UInt32(attribute.type) == CTA_STATS_GLOBAL_ENTRIES.rawValue {
                count = Int(attribute.bigEndian(UInt32.self) ?? 0)
            }
        }
        return count
    }

    /// Asks for all connections of a family.
    borrowing func ask(_ family: IPAddress.Family) throws(NftablesError) {
        socket?.drain()
        try ask(
            IPCTNL_MSG_CT_GET, flags: NLM_F_ROOT | NLM_F_MATCH,
            family: UInt8(family == .ipv4 ? AF_INET : AF_INET6),
            operation: "list tracked connections")
    }

    /// Takes one part of the answer.
    ///
    /// - Returns: whether that was the last.
    borrowing func takePart(_ body: (TrackedFlow) -> Void) throws(NftablesError) -> Bool {
        let progress = try socket?.nextPart("list tracked connections") { message in
            if let flow = TrackedFlow(message) { body(flow) }
        }
        return progress?.isDone ?? true
    }

    private borrowing func ask(
        _ type: cntl_msg_types, flags: Int32, family: UInt8, operation: String
    ) throws(NftablesError) {
        let header = nfgenmsg(nfgen_family: family, version: UInt8(NFNETLINK_V0), res_id: 0)
        try socket?.ask(Self.type(type), flags: flags, header, operation: operation)
    }

    private static func type(_ type: cntl_msg_types) -> Int32 {
        Int32(NFNL_SUBSYS_CTNETLINK) << 8 | Int32(type.rawValue)
    }

    // MARK: Forgetting

    /// How many entries are removed by one system call, at most.
    static var most: Int { 64 }

    /// Removes entries. One that has gone meanwhile is left out.
    ///
    /// - Parameter flows: at most ``most``; those that the kernel gave, or ones by a socket's addresses.
    /// - Returns: how many are gone by this.
    borrowing func remove(_ flows: some Collection<TrackedFlow>) throws(NftablesError) -> Int {
        let room = 1024
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: room * flows.count, alignment: 16)
        defer { buffer.deallocate() }
        buffer.initializeMemory(as: UInt8.self, repeating: 0)
        guard let base = buffer.baseAddress else { return 0 }
        var length = 0
        for (index, flow) in flows.enumerated() {
            guard let message = mnl_nlmsg_put_header(base + length) else { return 0 }
            message.pointee.nlmsg_type = UInt16(Self.type(IPCTNL_MSG_CT_DELETE))
            message.pointee.nlmsg_flags = UInt16(NLM_F_REQUEST)
            message.pointee.nlmsg_seq = UInt32(index)
            let family = flow.source.address.family == .ipv4 ? AF_INET : AF_INET6
            mnl_nlmsg_put_extra_header(message, MemoryLayout<nfgenmsg>.size)?.storeBytes(
                of: nfgenmsg(nfgen_family: UInt8(family), version: UInt8(NFNETLINK_V0), res_id: 0),
                as: nfgenmsg.self)
            flow.putName(message)
            length += Int((message.pointee.nlmsg_len + 3) & ~3)
        }
        let datagram = UnsafeRawBufferPointer(start: base, count: length)
        let errors = try socket?.errors(of: datagram, count: flows.count, operation: "forget connections")
        return errors?.count { $0 == 0 } ?? 0
    }
}

// MARK: - Attributes

extension TrackedFlow {
    /// The connection of a socket that has dialled.
    init(_ socket: DiagnosedSocket) {
        let remote = socket.remoteEndpoint
        source = Endpoint(address: socket.local, transport: remote.transport, port: socket.localPort)
        destination = remote
        answeringPort = remote.port
    }

    fileprivate init?(_ message: UnsafePointer<nlmsghdr>) {
        var original: (source: Endpoint, destination: Endpoint)?
        var reply: (source: Endpoint, destination: Endpoint)?
        var name: [UInt8] = []
        for attribute in message.attributes(behind: nfgenmsg.self) {
            switch UInt32(attribute.type) {
            case CTA_TUPLE_ORIG.rawValue:
                original = Self.tuple(attribute)
                name += attribute.bytes
            case CTA_TUPLE_REPLY.rawValue: reply = Self.tuple(attribute)
            case CTA_ZONE.rawValue, CTA_ID.rawValue: name += attribute.bytes
            default: break
            }
        }
        guard let original, let reply, name.count <= Self.longestName else { return nil }
        (source, destination) = original
        answeringPort = reply.source.port
        self.name = name
    }

    /// Of two IPv6 addresses, their ports, and what is around them, many times over.
    private static var longestName: Int { 512 }

    /// Names the connection to the kernel.
    fileprivate func putName(_ message: UnsafeMutablePointer<nlmsghdr>) {
        guard name.isEmpty else {
            // The attributes are complete, with their padding.
            let end = UnsafeMutableRawPointer(message) + Int(message.pointee.nlmsg_len)
            name.withUnsafeBytes { bytes in
                if let start = bytes.baseAddress { end.copyMemory(from: start, byteCount: bytes.count) }
            }
            message.pointee.nlmsg_len += UInt32(name.count)
            return
        }
        func nest(_ type: UInt32, _ body: () -> Void) {
            let start = mnl_attr_nest_start(message, UInt16(type))
            body()
            mnl_attr_nest_end(message, start)
        }
        func put(_ type: UInt32, _ bytes: [UInt8]) {
            bytes.withUnsafeBytes { mnl_attr_put(message, UInt16(type), $0.count, $0.baseAddress) }
        }
        let isIPv4 = source.address.family == .ipv4
        nest(CTA_TUPLE_ORIG.rawValue) {
            nest(CTA_TUPLE_IP.rawValue) {
                put((isIPv4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC).rawValue, source.address.bytes)
                put((isIPv4 ? CTA_IP_V4_DST : CTA_IP_V6_DST).rawValue, destination.address.bytes)
            }
            nest(CTA_TUPLE_PROTO.rawValue) {
                mnl_attr_put_u8(message, UInt16(CTA_PROTO_NUM.rawValue), transport.rawValue)
                mnl_attr_put_u16(message, UInt16(CTA_PROTO_SRC_PORT.rawValue), source.port.bigEndian)
                mnl_attr_put_u16(message, UInt16(CTA_PROTO_DST_PORT.rawValue), destination.port.bigEndian)
            }
        }
    }

    /// Source and destination of one direction; nil for other protocols than ours.
    private static func tuple(_ attribute: Attribute) -> (source: Endpoint, destination: Endpoint)? {
        var (from, to): (IPAddress?, IPAddress?)
        var (fromPort, toPort): (UInt16?, UInt16?)
        var transport: TransportProtocol?
        for part in attribute.nested {
            switch UInt32(part.type) {
            case CTA_TUPLE_IP.rawValue:
                for field in part.nested {
                    switch UInt32(field.type) {
                    case CTA_IP_V4_SRC.rawValue, CTA_IP_V6_SRC.rawValue:
                        from = IPAddress(bytes: field.payload)
                    case CTA_IP_V4_DST.rawValue, CTA_IP_V6_DST.rawValue: to = IPAddress(bytes: field.payload)
                    default: break
                    }
                }
            case CTA_TUPLE_PROTO.rawValue:
                for field in part.nested {
                    switch UInt32(field.type) {
                    case CTA_PROTO_NUM.rawValue:
                        transport = field.payload.first.flatMap { TransportProtocol(rawValue: $0) }
                    case CTA_PROTO_SRC_PORT.rawValue: fromPort = field.bigEndian(UInt16.self)
                    case CTA_PROTO_DST_PORT.rawValue: toPort = field.bigEndian(UInt16.self)
                    default: break
                    }
                }
            default: break
            }
        }
        guard let from, let to, let fromPort, let toPort, let transport else { return nil }
        return (
            Endpoint(address: from, transport: transport, port: fromPort),
            Endpoint(address: to, transport: transport, port: toPort)
        )
    }
}

extension Attribute {
    /// The attribute with its header and padding.
    fileprivate var bytes: [UInt8] {
        var bytes = Array(UnsafeRawBufferPointer(start: raw, count: Int(raw.pointee.nla_len)))
        while bytes.count % 4 != 0 { bytes.append(0) }
        return bytes
    }
}
