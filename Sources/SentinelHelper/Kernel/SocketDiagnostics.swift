// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CLinux
internal import CNetfilter
internal import Glibc
internal import Inet
internal import Nftables

/// A TCP or UDP socket of this network namespace, as sock_diag(7) tells it.
struct DiagnosedSocket: BitwiseCopyable {
    /// `AF_INET` or `AF_INET6`: the socket's own, whatever its addresses are.
    fileprivate var family: UInt8
    fileprivate var transport: UInt8
    fileprivate var id: inet_diag_sockid
    /// Who made it; 0 for one that no process has any more.
    private(set) var user: UInt32
    /// 0 for one that no process has yet, or any more.
    private(set) var inode: UInt32

    var localPort: UInt16 { UInt16(bigEndian: id.idiag_sport) }

    var local: IPAddress { address(id.idiag_src) }
    /// Of an IPv6 socket to an IPv4-mapped address the IPv4 address that is on the wire.
    var remote: IPAddress { address(id.idiag_dst) }

    var remoteEndpoint: Endpoint {
        Endpoint(
            address: remote, transport: TransportProtocol(rawValue: transport) ?? .tcp,
            port: UInt16(bigEndian: id.idiag_dport))
    }

    /// The kernel's number of it, which no other socket has had.
    var cookie: UInt64 { UInt64(id.idiag_cookie.1) << 32 | UInt64(id.idiag_cookie.0) }

    /// What names it to the kernel.
    var request: inet_diag_req_v2 {
        var request = inet_diag_req_v2()
        request.sdiag_family = family
        request.sdiag_protocol = transport
        request.id = id
        return request
    }

    private func address(_ words: (UInt32, UInt32, UInt32, UInt32)) -> IPAddress {
        guard Int32(family) == AF_INET6 else { return .v4(IPv4Address(bits: UInt32(bigEndian: words.0))) }
        func half(_ high: UInt32, _ low: UInt32) -> UInt64 {
            UInt64(UInt32(bigEndian: high)) << 32 | UInt64(UInt32(bigEndian: low))
        }
        return IPAddress.v6(IPv6Address(high: half(words.0, words.1), low: half(words.2, words.3))).canonical
    }

    fileprivate init?(_ message: UnsafePointer<nlmsghdr>, transport: UInt8) {
        guard let found = message.header(inet_diag_msg.self) else { return nil }
        family = found.idiag_family
        self.transport = transport
        id = found.id
        user = found.idiag_uid
        inode = found.idiag_inode
    }
}

/// Which sockets are asked for at once: the kernel lists one transport and one family at a time.
struct SocketQuestion {
    var transport: TransportProtocol
    var family: IPAddress.Family
    var filter: SocketFilter
    /// Whether connections that are about to begin or end are wanted too. Those that wait for the client's
    /// acknowledgement never are: a flood makes very many, and they end by themselves.
    var isWhole = true

    /// `1 << TCP_ESTABLISHED`, which a connected UDP socket is as well, and what else is wanted.
    fileprivate var states: UInt32 {
        let others =
            transport == .tcp && isWhole
            ? [TCP_SYN_SENT, TCP_FIN_WAIT1, TCP_FIN_WAIT2, TCP_CLOSE_WAIT, TCP_LAST_ACK, TCP_CLOSING] : []
        return ([TCP_ESTABLISHED] + others).reduce(0) { $0 | 1 << UInt32($1) }
    }
}

/// What a TCP connection has carried since it began, in bytes.
struct SocketTraffic: Hashable {
    var received: Int64
    /// What the other side has acknowledged. The beginning of a connection that this side began counts as one.
    var sent: Int64
}

/// Asks the kernel for sockets by sock_diag(7). Anybody may.
struct SocketDiagnostics: ~Copyable {
    private let socket: NetlinkSocket?

    /// Without sock_diag in the kernel nothing is ever found.
    init() {
        var options = NetlinkSocket.Options()
        options.receiveBuffer = 1 << 20
        socket = try? NetlinkSocket(to: NETLINK_SOCK_DIAG, options: options)
    }

    // MARK: Asking

    /// Sends a question. What an earlier one left is forgotten.
    func ask(_ question: SocketQuestion, extensions: UInt8 = 0) throws(NftablesError) {
        socket?.drain()
        var request = inet_diag_req_v2()
        request.sdiag_family = UInt8(question.family == .ipv4 ? AF_INET : AF_INET6)
        request.sdiag_protocol = question.transport.rawValue
        request.idiag_ext = extensions
        request.idiag_states = question.states
        let bytecode = question.filter.bytecode
        try socket?.ask(
            SOCK_DIAG_BY_FAMILY, flags: NLM_F_ROOT | NLM_F_MATCH, request, room: 1024 + bytecode.count,
            operation: "list sockets"
        ) { message in
            guard !bytecode.isEmpty else { return }
            bytecode.withUnsafeBytes {
                mnl_attr_put(message, UInt16(INET_DIAG_REQ_BYTECODE), $0.count, $0.baseAddress)
            }
        }
    }

    /// Takes one part of the answer.
    ///
    /// - Returns: whether that was the last.
    func takePart(
        of question: SocketQuestion, _ body: (DiagnosedSocket, UnsafePointer<nlmsghdr>) -> Void
    ) throws(NftablesError) -> Bool {
        let progress = try socket?.nextPart("list sockets") { message in
            if let found = DiagnosedSocket(message, transport: question.transport.rawValue) {
                body(found, message)
            }
        }
        return progress?.isDone ?? true
    }

    // MARK: Who is connected by SSH

    /// Connections to ports where root listens, as sshd does; nil where the kernel doesn't tell.
    ///
    /// - Parameter limit: so many are told at most.
    func connections(toPorts ports: [UInt16], limit: Int) -> [OperatorSessions.Connection]? {
        guard socket != nil else { return nil }
        var found: [OperatorSessions.Connection] = []
        let filter = SocketFilter(conditions: ports.map { .localPorts($0...$0) })
        for family in IPAddress.Family.allCases {
            let question = SocketQuestion(transport: .tcp, family: family, filter: filter, isWhole: false)
            do {
                try ask(question, extensions: Self.information)
                while try !takePart(
                    of: question,
                    { socket, message in
                        guard socket.inode != 0, socket.user == 0, found.count < limit else { return }
                        found.append(
                            OperatorSessions.Connection(
                                cookie: socket.cookie, remote: socket.remote, silence: Self.silence(message)))
                    })
                {}
            } catch  where error.code == .unsupported || error.code == .notFound {
                // A kernel without this family.
            } catch {
                return nil
            }
        }
        return found
    }

    /// What a connection has carried that was asked for with ``information``; nil where the kernel doesn't tell.
    static func traffic(_ message: UnsafePointer<nlmsghdr>) -> SocketTraffic? {
        for attribute in message.attributes(behind: inet_diag_msg.self)
        where Int(attribute.type) == INET_DIAG_INFO {
            var traffic = clinux_tcp_traffic()
            let payload = attribute.payload
            guard clinux_tcp_traffic_read(payload.baseAddress, payload.count, &traffic) == 0 else {
                return nil
            }
            return SocketTraffic(
                received: Int64(clamping: traffic.received), sent: Int64(clamping: traffic.acknowledged))
        }
        return nil
    }

    /// Asks for `struct tcp_info` as well.
    static var information: UInt8 { 1 << UInt8(INET_DIAG_INFO - 1) }

    /// How long nothing has come or gone, in milliseconds.
    private static func silence(_ message: UnsafePointer<nlmsghdr>) -> Int64 {
        for attribute in message.attributes(behind: inet_diag_msg.self)
        where Int(attribute.type) == INET_DIAG_INFO {
            let payload = attribute.payload
            func field(_ path: PartialKeyPath<tcp_info>) -> Int64 {
                guard let offset = MemoryLayout<tcp_info>.offset(of: path), payload.count >= offset + 4 else {
                    return 0
                }
                return Int64(payload.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
            }
            return min(field(\.tcpi_last_data_sent), field(\.tcpi_last_data_recv))
        }
        return 0
    }
}
