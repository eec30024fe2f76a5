// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Inet
internal import NIOCore
internal import NIOPosix
public import Sentinel

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

extension Node {
    /// How to dial.
    public struct DialOptions: Sendable {
        /// The local address to dial from; nil leaves it to the kernel.
        public var source: IPAddress?
        /// How long a dial may take until the connection is established.
        public var timeout: Duration = .seconds(5)
        /// Whether closing a TCP connection resets it, so that its port is free again at once.
        public var resetsOnClose = false

        public init() {}
    }

    /// Dials a peer at one endpoint after the other, until one answers.
    ///
    /// - Parameter peer: who has to be there; nil takes whoever is.
    /// - Throws: what went wrong at the last endpoint.
    public func dial(
        _ peer: PeerID?, at endpoints: [Endpoint], _ options: DialOptions = DialOptions()
    ) async throws(DialError) -> PeerLink {
        if let peer, let denial = gate.peerDial(peer).denial {
            statistics.count(denial: .peerDial)
            throw .denied(denial)
        }
        var last = DialError.noEndpoint
        for endpoint in endpoints {
            if let denial = gate.addressDial(peer, at: endpoint).denial {
                statistics.count(denial: .addressDial)
                last = .denied(denial)
                continue
            }
            do {
                return try await connect(peer, at: endpoint, options)
            } catch {
                last = DialError(error)
            }
        }
        throw last
    }

    private func connect(
        _ peer: PeerID?, at endpoint: Endpoint, _ options: DialOptions
    ) async throws -> PeerLink {
        let remote = try endpoint.socketAddress()
        let loop = group.next()
        let connected =
            switch endpoint.transport {
            case .tcp: try connectTCP(remote, options, loop)
            case .udp: try connectUDP(remote, options, loop)
            }
        let established = loop.makePromise(of: PeerID.self)
        do {
            // Within the turn of the loop in which it was connected: afterwards it may be closed, and a
            // closed channel tells a handler nothing.
            let (channel, state) = try await connected.flatMapThrowing { channel in
                guard channel.isActive,
                    let local = channel.localAddress.flatMap({ Endpoint($0, endpoint.transport) })
                else { throw DialError.refused }
                let info = self.describe(.outbound, local: local, remote: endpoint)
                let user = LinkUser(established: established)
                let connection = PeerConnection(
                    dialing: info, over: endpoint.transport, peer: peer, as: self.identity, gate: self.gate)
                let driver = ConnectionDriver(connection, user: user, of: self)
                do {
                    try self.begin(driver, in: channel, to: remote, over: endpoint.transport, options)
                } catch {
                    channel.close(promise: nil)
                    throw error
                }
                let state = PeerLink.State(driver: driver, user: user)
                return (channel, NIOLoopBound(state, eventLoop: loop))
            }.get()
            let found = try await established.futureResult.get()
            return PeerLink(peer: found, endpoint: endpoint, channel: channel, state: state)
        } catch {
            // Where the connection came to be, its user has done so by now.
            established.fail(error)
            throw error
        }
    }

    private func begin(
        _ driver: ConnectionDriver, in channel: any Channel, to remote: SocketAddress,
        over transport: TransportProtocol, _ options: DialOptions
    ) throws {
        switch transport {
        case .tcp:
            var bounds = configuration
            bounds.handshakeTimeout = options.timeout
            try StreamHandler.install(driver, in: channel, configuration: bounds)
        case .udp:
            let handler = DatagramClientHandler(
                driver, to: remote, timeout: TimeAmount(clamping: options.timeout))
            try channel.pipeline.syncOperations.addHandler(handler)
            handler.begin(channel)
        }
    }

    private func connectTCP(
        _ remote: SocketAddress, _ options: DialOptions, _ loop: any EventLoop
    ) throws -> EventLoopFuture<any Channel> {
        var bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(TimeAmount(clamping: options.timeout))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
        if let source = options.source {
            #if os(Linux)
                // Else each port is taken for all destinations, and a source has but 28,000.
                let late = ChannelOptions.Types.SocketOption(
                    level: .ip, name: .init(rawValue: IP_BIND_ADDRESS_NO_PORT))
                bootstrap = bootstrap.channelOption(late, value: 1)
            #endif
            bootstrap = bootstrap.bind(to: try source.socketAddress(port: 0))
        }
        guard options.resetsOnClose else { return bootstrap.connect(to: remote) }
        return bootstrap.channelInitializer { channel in
            guard let socket = channel as? any SocketOptionProvider else {
                return channel.eventLoop.makeSucceededVoidFuture()
            }
            return socket.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        }.connect(to: remote)
    }

    private func connectUDP(
        _ remote: SocketAddress, _ options: DialOptions, _ loop: any EventLoop
    ) throws -> EventLoopFuture<any Channel> {
        let source =
            try options.source?.socketAddress(port: 0)
            ?? SocketAddress(ipAddress: remote.protocol == .inet6 ? "::" : "0.0.0.0", port: 0)
        return DatagramBootstrap(group: loop).bind(to: source).flatMap { channel in
            channel.connect(to: remote).map { channel }.flatMapErrorThrowing { error in
                channel.close(promise: nil)
                throw error
            }
        }
    }
}
