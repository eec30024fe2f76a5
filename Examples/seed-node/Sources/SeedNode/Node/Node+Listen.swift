// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Inet
internal import NIOCore
internal import NIOPosix

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// The sockets that a node listens on.
public final class NodeListener: Sendable {
    /// Where they listen, TCP and UDP.
    public let endpoints: [Endpoint]
    private let channels: [any Channel]

    init(endpoints: [Endpoint], channels: [any Channel]) {
        self.endpoints = endpoints
        self.channels = channels
    }

    /// Stops listening, and ends all that came in over UDP. TCP connections stay.
    public func close() async {
        for channel in channels { try? await channel.close() }
    }
}

extension Node {
    /// Listens on TCP and UDP at each of `addresses`.
    ///
    /// - Parameter port: 0 for one that the kernel chooses, the same for all.
    /// - Throws: the socket's error; nothing listens then.
    public func listen(on addresses: [IPAddress], port: UInt16) async throws -> NodeListener {
        // A port that is free for TCP may be taken for UDP.
        for _ in 0..<(port == 0 ? 8 : 0) {
            do {
                return try await listenOnce(on: addresses, port: port)
            } catch let error as IOError where error.errnoCode == EADDRINUSE {
                continue
            }
        }
        return try await listenOnce(on: addresses, port: port)
    }

    private func listenOnce(on addresses: [IPAddress], port: UInt16) async throws -> NodeListener {
        var channels: [any Channel] = []
        var endpoints: [Endpoint] = []
        var port = port
        do {
            for address in addresses {
                let stream = try await listenTCP(address.socketAddress(port: port))
                channels.append(stream)
                port = UInt16(stream.localAddress?.port ?? 0)
                channels.append(try await listenUDP(address.socketAddress(port: port)))
                endpoints.append(Endpoint(address: address, transport: .tcp, port: port))
                endpoints.append(Endpoint(address: address, transport: .udp, port: port))
            }
        } catch {
            for channel in channels { try? await channel.close() }
            throw error
        }
        return NodeListener(endpoints: endpoints, channels: channels)
    }

    private func listenTCP(_ address: SocketAddress) async throws -> any Channel {
        var bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try self.admit(channel) }
            }
        if address.protocol == .inet6 {
            bootstrap = bootstrap.serverChannelOption(.ipv6Only, value: 1)
        }
        return try await bootstrap.bind(to: address).get()
    }

    /// The accept check, before the connection has cost more than its socket. Throwing closes it.
    private func admit(_ channel: any Channel) throws {
        guard let local = channel.localAddress.flatMap({ Endpoint($0, .tcp) }),
            let remote = channel.remoteAddress.flatMap({ Endpoint($0, .tcp) })
        else { throw ChannelError.alreadyClosed }
        guard streams.enter(limit: configuration.maximumConnections) else {
            statistics.count(.full)
            throw DialError.refused
        }
        channel.closeFuture.whenComplete { _ in self.streams.leave() }
        guard let connection = accept(local: local, remote: remote) else { throw DialError.refused }
        let driver = ConnectionDriver(connection, user: EchoService(), of: self)
        try StreamHandler.install(driver, in: channel, configuration: configuration)
    }

    private func listenUDP(_ address: SocketAddress) async throws -> any Channel {
        var bootstrap = DatagramBootstrap(group: group)
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 2048))
            .channelOption(.maxMessagesPerRead, value: 64)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(DatagramServerHandler(self))
                }
            }
        if address.protocol == .inet6 {
            bootstrap = bootstrap.channelOption(.ipv6Only, value: 1)
        }
        return try await bootstrap.bind(to: address).get()
    }
}

extension ChannelOption where Self == ChannelOptions.Types.SocketOption {
    /// An IPv6 socket that leaves IPv4 to a socket of its own.
    fileprivate static var ipv6Only: Self { .init(level: .ipv6, name: .ipv6_v6only) }
}
