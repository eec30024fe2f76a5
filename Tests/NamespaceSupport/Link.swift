// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Inet

/// Two namespaces with a link between them: the node's with a helper, and a peer's with several addresses.
public struct Link: Sendable {
    public let node: NetworkNamespace
    public let peer: NetworkNamespace

    public static let node4 = "10.9.0.1"
    public static let node6 = "2001:db8:9::1"
    /// Of the same prefix that an IPv6 source is matched by, and of another.
    public static let peers4 = ["10.9.0.2", "10.9.0.3"]
    public static let peers6 = ["2001:db8:9:1::2", "2001:db8:9:1::3", "2001:db8:9:2::2"]

    public init() async throws {
        node = try await NetworkNamespace()
        peer = try await NetworkNamespace()
        try await node.connect(
            to: peer, addresses: [Self.node4 + "/24", Self.node6 + "/32"],
            otherAddresses: Self.peers4.map { $0 + "/24" } + Self.peers6.map { $0 + "/32" })
    }

    /// Has a client at `address` connect to the node by TCP.
    public func connect(from address: String, to target: String, port: UInt16) async throws
        -> TestSocket.Outcome
    {
        try await peer.run {
            let socket = try TestSocket(.tcp, at: Self.address(address))
            return socket.connect(to: Self.address(target), port: port)
        }
    }

    public static func address(_ text: String) -> IPAddress {
        guard let address = IPAddress(text) else { preconditionFailure("no address: \(text)") }
        return address
    }

    /// The node's address that a peer's of this family talks to.
    public static func node(for peer: String) -> String { peer.contains(":") ? node6 : node4 }
}
