// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import NIOCore

extension Endpoint {
    /// The endpoint of an IP socket; an IPv4-mapped address becomes the IPv4 address it is. Nil for a Unix
    /// socket.
    init?(_ socket: SocketAddress, _ transport: TransportProtocol) {
        guard let address = socket.ipAddress.flatMap({ IPAddress($0) }),
            let port = socket.port.flatMap({ UInt16(exactly: $0) })
        else { return nil }
        self.init(address: address.canonical, transport: transport, port: port)
    }

    func socketAddress() throws -> SocketAddress {
        try address.socketAddress(port: port)
    }
}

extension IPAddress {
    func socketAddress(port: UInt16) throws -> SocketAddress {
        try SocketAddress(packedIPAddress: ByteBuffer(bytes: bytes), port: Int(port))
    }
}

extension TimeAmount {
    /// The same time, at least none and at most some years.
    init(clamping duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self =
            seconds < 0
            ? .nanoseconds(0)
            : .nanoseconds(min(seconds, 1 << 32) * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}
