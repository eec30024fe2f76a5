// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet

/// A socket that waits for others.
struct ListeningSocket: Hashable, Sendable {
    var transport: TransportProtocol
    var address: IPAddress
    var port: UInt16
    var user: UInt32
    var inode: UInt64
    /// What the user is called; nil where nobody is.
    var userName: String?
    /// The program that has it; nil where this user may not see whose it is.
    var program: String?

    var isLoopback: Bool {
        switch address {
        case .v4(let address): address.bits >> 24 == 127
        case .v6(let address):
            address == IPv6Address(high: 0, low: 1) || address.ipv4Mapped.map { $0.bits >> 24 == 127 } == true
        }
    }

    /// The sockets in one of /proc/net's tables (proc(5)): `tcp`, `tcp6`, `udp` or `udp6`. Of UDP those that are
    /// connected to nobody.
    static func listed(in table: String, _ transport: TransportProtocol) -> [ListeningSocket] {
        table.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ", omittingEmptySubsequences: true)
            // TCP_LISTEN and TCP_CLOSE (include/net/tcp_states.h): the latter is that of a UDP socket without a peer.
            guard fields.count > 9, fields[3] == (transport == .tcp ? "0A" : "07"),
                let user = UInt32(fields[7]),
                let inode = UInt64(fields[9]), let (address, port) = endpoint(fields[1])
            else { return nil }
            return ListeningSocket(
                transport: transport, address: address, port: port, user: user, inode: inode)
        }
    }

    /// `0100007F:0016`: each 32 bits of the address as a number of this machine's, the port as a number.
    private static func endpoint(_ text: Substring) -> (IPAddress, UInt16)? {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let port = UInt16(parts[1], radix: 16), [8, 32].contains(parts[0].utf8.count)
        else {
            return nil
        }
        var bytes: [UInt8] = []
        var rest = parts[0]
        while !rest.isEmpty {
            guard let word = UInt32(rest.prefix(8), radix: 16) else { return nil }
            bytes += withUnsafeBytes(of: word, Array.init)
            rest = rest.dropFirst(8)
        }
        return bytes.count == 4
            ? (.v4(IPv4Address(bytes: bytes)), port) : (.v6(IPv6Address(bytes: bytes)), port)
    }
}
