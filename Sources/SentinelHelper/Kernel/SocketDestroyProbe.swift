// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CNetfilter
internal import Glibc

/// Whether this kernel closes other programs' TCP sockets on demand: SOCK_DESTROY of sock_diag(7).
///
/// It is a build option (INET_DIAG_DESTROY). A destroy of a socket that can't be there, at port 0, answers ENOENT where
/// it is built in and EOPNOTSUPP where it isn't. ENOENT is also what a kernel says that has no module for TCP's sockets,
/// so that is asked for an empty listing first.
enum SocketDestroyProbe {
    static func run() -> Bool {
        guard let socket = mnl_socket_open2(NETLINK_SOCK_DIAG, Int32(SOCK_CLOEXEC.rawValue)) else {
            return false
        }
        defer { mnl_socket_close(socket) }
        // It answers at once. A kernel that doesn't is no reason to wait for ever.
        var patience = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(
            mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO, &patience,
            socklen_t(MemoryLayout<timeval>.size))
        guard mnl_socket_bind(socket, 0, pid_t(MNL_SOCKET_AUTOPID)) == 0,
            answer(to: SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, socket) == 0
        else { return false }
        return answer(to: SOCK_DESTROY, NLM_F_ACK, socket) == ENOENT
    }

    /// Asks about no socket at all, and returns the errno that ends the answer; nil where none came.
    private static func answer(to type: Int32, _ flags: Int32, _ socket: OpaquePointer) -> Int32? {
        withUnsafeTemporaryAllocation(byteCount: 8192, alignment: 8) { buffer in
            buffer.initializeMemory(as: UInt8.self, repeating: 0)
            guard let header = mnl_nlmsg_put_header(buffer.baseAddress) else { return nil }
            header.pointee.nlmsg_type = UInt16(type)
            header.pointee.nlmsg_flags = UInt16(NLM_F_REQUEST | flags)
            var request = inet_diag_req_v2()
            request.sdiag_family = UInt8(AF_INET)
            request.sdiag_protocol = UInt8(IPPROTO_TCP)
            mnl_nlmsg_put_extra_header(header, MemoryLayout<inet_diag_req_v2>.size)?
                .storeBytes(of: request, as: inet_diag_req_v2.self)
            guard mnl_socket_sendto(socket, header, Int(header.pointee.nlmsg_len)) >= 0 else { return nil }
            let count = mnl_socket_recvfrom(socket, buffer.baseAddress, buffer.count)
            let end = Int(sentinel_MNL_NLMSG_HDRLEN)
            guard count >= end + MemoryLayout<Int32>.size,
                [NLMSG_ERROR, NLMSG_DONE].contains(Int32(header.pointee.nlmsg_type))
            else { return nil }
            return -buffer.load(fromByteOffset: end, as: Int32.self)
        }
    }
}
