// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import NIOCore

/// What a service's connections share: whom to ask, what is allowed, and who is connected. Lives on the
/// service's event loop.
final class ServiceCore {
    let identity: VarlinkService.Identity
    var limits: VarlinkService.Limits
    let eventLoop: any EventLoop
    let handle: (VarlinkCall) -> VarlinkFailure?
    let isTrusted: (PeerCredentials) -> Bool
    private let dropped: (VarlinkDrop) -> Void
    private let interfaces: [VarlinkInterface]
    private let descriptions: [String: String]

    private(set) var connections: [ObjectIdentifier: ServiceConnection] = [:]
    private var accounts: [UInt32: CallerAccount] = [:]
    let turns: TurnQueue
    var stallWatch: RepeatedTask?
    private var lastCallID: UInt64 = 0
    private var lastConnectionID: UInt64 = 0

    init(
        identity: VarlinkService.Identity, interfaces: [VarlinkInterface], limits: VarlinkService.Limits,
        eventLoop: any EventLoop, isTrusted: @escaping (PeerCredentials) -> Bool = { _ in false },
        dropped: @escaping (VarlinkDrop) -> Void = { _ in },
        handle: @escaping (VarlinkCall) -> VarlinkFailure?
    ) {
        self.identity = identity
        self.limits = limits
        self.eventLoop = eventLoop
        self.handle = handle
        turns = TurnQueue(eventLoop: eventLoop)
        self.isTrusted = isTrusted
        self.dropped = dropped
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

    /// Counts a new connection to its user's account, or says why there may be no more.
    func admit(_ connection: ServiceConnection) throws(VarlinkFailure) -> CallerAccount {
        let user = connection.peer.userID
        let isTrusted = isTrusted(connection.peer)
        let places = limits.connections + (isTrusted ? limits.reservedConnections : 0)
        if connections.count >= places {
            throw refusal(of: connection.peer, scope: "service", limit: places)
        }
        let account = account(of: user)
        if account.connections.count >= limits.connectionsPerUser {
            throw refusal(of: connection.peer, scope: "user", limit: limits.connectionsPerUser)
        }
        connections[ObjectIdentifier(connection)] = connection
        account.add(connection)
        return account
    }

    private func refusal(of peer: PeerCredentials, scope: String, limit: Int) -> VarlinkFailure {
        report(.tooManyConnections(scope: scope, limit: limit), of: peer)
        return VarlinkFailure(ConnectionInterface.TooManyConnections(scope: scope, limit: limit))
    }

    /// A user keeps his account as long as something is on it, or his rates would begin anew with each connection.
    private func account(of user: UInt32) -> CallerAccount {
        if let account = accounts[user] { return account }
        let now = eventLoop.now
        if accounts.count >= Self.mostIdleAccounts {
            accounts = accounts.filter { !$0.value.isForgettable(limits, now: now) }
        }
        let account = CallerAccount(user: user, limits, now: now)
        accounts[user] = account
        return account
    }

    /// From so many accounts on, those on which nothing is are forgotten.
    private static var mostIdleAccounts: Int { 256 }

    func remove(_ connection: ServiceConnection) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        accounts[connection.peer.userID]?.remove(connection)
    }

    /// Tells the handler of a connection that is closed, but not in the midst of what it may be doing.
    func report(_ cause: VarlinkDrop.Cause, of peer: PeerCredentials?) {
        let dropped = NIOLoopBound(dropped, eventLoop: eventLoop)
        eventLoop.execute { dropped.value(VarlinkDrop(cause: cause, peer: peer)) }
    }

    /// Closes every connection.
    func closeAll() -> EventLoopFuture<Void> {
        stallWatch?.cancel()
        stallWatch = nil
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
