// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import NIOCore

/// What a service's connections share: whom to ask, what is allowed, and who is connected. Lives on the
/// service's event loop.
final class ServiceCore {
    let identity: VarlinkService.Identity
    let limits: VarlinkService.Limits
    let eventLoop: any EventLoop
    let handle: (VarlinkCall) -> VarlinkFailure?
    private let interfaces: [VarlinkInterface]
    private let descriptions: [String: String]

    private var connections: [ObjectIdentifier: ServiceConnection] = [:]
    private var connectionsOfUser: [UInt32: Int] = [:]
    private var lastCallID: UInt64 = 0
    private var lastConnectionID: UInt64 = 0

    init(
        identity: VarlinkService.Identity, interfaces: [VarlinkInterface], limits: VarlinkService.Limits,
        eventLoop: any EventLoop, handle: @escaping (VarlinkCall) -> VarlinkFailure?
    ) {
        self.identity = identity
        self.limits = limits
        self.eventLoop = eventLoop
        self.handle = handle
        self.interfaces = [StandardInterface.interface, ConnectionInterface.interface] + interfaces
        descriptions = Dictionary(
            self.interfaces.map { ($0.name, $0.description) }, uniquingKeysWith: { _, last in last })
    }

    var connectionCount: Int { connections.count }

    func nextCallID() -> UInt64 {
        lastCallID += 1
        return lastCallID
    }

    func nextConnectionID() -> UInt64 {
        lastConnectionID += 1
        return lastConnectionID
    }

    // MARK: Connections

    /// Counts a new connection, or says why there may be no more.
    func admit(_ connection: ServiceConnection) -> VarlinkFailure? {
        let user = connection.peer.userID
        if connections.count >= limits.connections {
            return VarlinkFailure(
                ConnectionInterface.TooManyConnections(scope: "service", limit: limits.connections))
        }
        if connectionsOfUser[user, default: 0] >= limits.connectionsPerUser {
            return VarlinkFailure(
                ConnectionInterface.TooManyConnections(scope: "user", limit: limits.connectionsPerUser))
        }
        connections[ObjectIdentifier(connection)] = connection
        connectionsOfUser[user, default: 0] += 1
        return nil
    }

    func remove(_ connection: ServiceConnection) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        let user = connection.peer.userID
        connectionsOfUser[user, default: 0] -= 1
        if connectionsOfUser[user] == 0 { connectionsOfUser[user] = nil }
    }

    /// Closes every connection.
    func closeAll() -> EventLoopFuture<Void> {
        let channels = connections.values.compactMap(\.channel)
        return .andAllComplete(
            channels.map { channel in
                channel.close(promise: nil)
                return channel.closeFuture
            }, on: eventLoop)
    }

    // MARK: Calls

    /// Answers what every service answers alike, hands everything else to the handler. What comes back is the
    /// answer where it is an error.
    func dispatch(_ call: VarlinkCall, upgrade: Bool) -> VarlinkFailure? {
        guard let dot = call.method.lastIndex(of: ".") else { return .invalidParameter("method") }
        let interface = String(call.method[..<dot])
        guard descriptions[interface] != nil else { return .interfaceNotFound(interface) }
        if upgrade { return .methodNotImplemented(call.method) }
        switch interface {
        case StandardInterface.name:
            do throws(VarlinkFailure) {
                try introspect(call)
                return nil
            } catch {
                return error
            }
        case ConnectionInterface.name: return .methodNotFound(call.method)
        default: return handle(call)
        }
    }

    private func introspect(_ call: VarlinkCall) throws(VarlinkFailure) {
        switch call.method {
        case StandardInterface.getInfo.name:
            call.reply(
                StandardInterface.Info(
                    vendor: identity.vendor, product: identity.product, version: identity.version,
                    url: identity.url, interfaces: interfaces.map(\.name)))
        case StandardInterface.getInterfaceDescription.name:
            let name = try call.parameters(of: StandardInterface.getInterfaceDescription).interface
            guard let description = descriptions[name] else { throw .interfaceNotFound(name) }
            call.reply(StandardInterface.InterfaceDescription(description: description))
        default:
            throw .methodNotFound(call.method)
        }
    }
}
