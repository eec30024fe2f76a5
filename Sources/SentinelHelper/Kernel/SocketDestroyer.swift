// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CNetfilter
internal import Glibc
internal import Nftables

/// Ends connections whatever the process thinks that has them, by SOCK_DESTROY (kernel 4.5, where it is built with
/// CONFIG_INET_DIAG_DESTROY): reads and writes fail with ECONNABORTED, and a TCP peer gets a reset. A UDP socket loses its peer by that, not its port.
struct SocketDestroyer: ~Copyable {
    private let socket: NetlinkSocket?

    init() {
        var options = NetlinkSocket.Options()
        options.receiveBuffer = 1 << 20
        socket = try? NetlinkSocket(to: NETLINK_SOCK_DIAG, options: options)
    }

    /// How many sockets are destroyed by one system call, at most.
    static var most: Int { 64 }

    /// Destroys sockets.
    ///
    /// - Parameter sockets: at most ``most``. One that has gone meanwhile is left out: the kernel knows each by its
    ///   number, and takes no other for it.
    /// - Returns: how many are gone by this.
    func destroy(_ sockets: some Collection<DiagnosedSocket>) throws(NftablesError) -> Int {
        try destroy(sockets.map(\.request)).count { $0 == 0 }
    }
    /// - Returns: what the kernel says of each, an errno or 0.
    private func destroy(_ requests: [inet_diag_req_v2]) throws(NftablesError) -> [Int32] {
        let size = Int(sentinel_MNL_NLMSG_HDRLEN) + MemoryLayout<inet_diag_req_v2>.size
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size * requests.count, alignment: 16)
        defer { buffer.deallocate() }
        guard let base = buffer.baseAddress else { return [] }
        buffer.initializeMemory(as: UInt8.self, repeating: 0)
        for (index, request) in requests.enumerated() {
            guard let message = mnl_nlmsg_put_header(base + index * size) else { return [] }
            message.pointee.nlmsg_type = UInt16(SOCK_DESTROY)
            message.pointee.nlmsg_flags = UInt16(NLM_F_REQUEST)
            message.pointee.nlmsg_seq = UInt32(index)
            mnl_nlmsg_put_extra_header(message, MemoryLayout<inet_diag_req_v2>.size)?
                .storeBytes(of: request, as: inet_diag_req_v2.self)
        }
        let messages = UnsafeRawBufferPointer(buffer)
        return try socket?.errors(of: messages, count: requests.count, operation: "destroy sockets") ?? []
    }
}
