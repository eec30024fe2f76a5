// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import SentinelConfiguration
internal import SentinelProtocol

/// Which sockets are the node's: no other is ever touched.
struct NodeSockets: Hashable, Sendable {
    var ports: Set<ListeningPort>
    var users: Set<UInt32>

    /// Whether a port is one that the node listens at.
    func listen(_ transport: TransportProtocol, _ port: UInt16) -> Bool {
        ports.contains(ListeningPort(transport, port))
    }

    /// The ports of a transport, in ranges: as many as the kernel is asked about one by one, else one around them all.
    func portRanges(_ transport: TransportProtocol) -> [ClosedRange<UInt16>] {
        let numbers = ports.filter { $0.transport == transport }.map(\.number).sorted()
        guard let first = numbers.first, let last = numbers.last else { return [] }
        return numbers.count <= SocketFilter.mostConditions ? numbers.map { $0...$0 } : [first...last]
    }
}

/// Whom bans that have just come into the kernel shut out, and so which connections are to be cut.
struct CutTargets {
    private let ipv6Prefix: Int
    private var sources: Set<IPNetwork> = []
    private var endpoints: Set<Endpoint> = []
    /// Imports, whose bans aren't held once more here.
    private var imports: [AdmittedImport] = []
    private var blocks: [IPAddress.Family: [IPNetwork]] = [:]
    private var covers: [IPAddress.Family: NetworkCover<Int>] = [:]

    /// - Parameter ipv6Prefix: how many leading bits an IPv6 source is matched by.
    init(ipv6Prefix: Int) { self.ipv6Prefix = ipv6Prefix }

    var isEmpty: Bool { sources.isEmpty && endpoints.isEmpty && blocks.isEmpty && imports.isEmpty }

    /// Adds what a ban shuts out.
    mutating func add(_ key: BanKey) {
        switch key.check {
        case .accept: sources.insert(key.matched(ipv6Prefix: ipv6Prefix))
        case .dial: if let endpoint = key.endpoint { endpoints.insert(endpoint) }
        case .network: if let network = key.network { blocks[network.family, default: []].append(network) }
        }
    }

    /// Adds what the new bans of an import shut out.
    mutating func add(_ imported: AdmittedImport) { imports.append(imported) }

    /// Whether an import has new bans of some kind.
    private func isImported(_ check: Check, _ family: IPAddress.Family) -> Bool {
        imports.contains { $0.kinds.contains(SetKind(check: check, family: family)) }
    }

    /// Prepares for questions: nothing is added any more.
    mutating func close() {
        for (family, networks) in blocks {
            covers[family] = NetworkCover(networks.map { .init(network: $0, deadline: nil, id: 0) })
        }
    }

    // MARK: What is covered

    private func isSource(_ address: IPAddress) -> Bool {
        let length = address.family == .ipv4 ? IPv4Address.bitWidth : ipv6Prefix
        return sources.contains(IPNetwork(containing: address, prefixLength: length))
            || imports.contains { $0.holds(BanKey(source: address, ipv6Prefix: ipv6Prefix)) }
            || isInBlock(address)
    }

    private func isDialled(_ endpoint: Endpoint) -> Bool {
        endpoints.contains(endpoint) || imports.contains { $0.holds(BanKey(destination: endpoint)) }
            || isInBlock(endpoint.address)
    }

    private func isInBlock(_ address: IPAddress) -> Bool {
        covers[address.family]?.segment(holding: address) != nil
    }

    /// Whether a connection of a socket of this host is shut out: to one of the node's ports from a banned source, or
    /// of one of the node's users to a banned endpoint; where a block is banned, either.
    ///
    /// A UDP socket at one of the node's ports is left alone: destroyed, it would only lose its peer, stay at the port
    /// until the node closes it, and take what is for the socket there that serves everybody.
    func cover(_ socket: DiagnosedSocket, of node: NodeSockets) -> Bool {
        let remote = socket.remoteEndpoint
        if node.listen(remote.transport, socket.localPort) {
            guard remote.transport == .tcp else { return false }
            if isSource(remote.address) { return true }
        }
        return node.users.contains(socket.user) && isDialled(remote)
    }

    /// Who is shut out of what the kernel tracks; nil where nobody is. Of a connection to one of the node's ports, before
    /// or after a translation of addresses; or from one of them, as a node dials that uses one socket for everything.
    /// Whose any other connection is the kernel doesn't remember, so none is touched.
    func remote(of flow: TrackedFlow, _ node: NodeSockets) -> IPAddress? {
        let isInbound =
            node.listen(flow.transport, flow.destination.port)
            || node.listen(flow.transport, flow.answeringPort)
        if isInbound, isSource(flow.source.address) { return flow.source.address }
        return isDialled(flow.destination) && node.listen(flow.transport, flow.source.port)
            ? flow.destination.address : nil
    }

    // MARK: What to ask for

    /// What sockets the kernel is asked for, as few as can be told beforehand.
    func questions(of node: NodeSockets) -> [SocketQuestion] {
        var questions: [SocketQuestion] = []
        let families = IPAddress.Family.allCases
        let hasSources = !sources.isEmpty || families.contains { isImported(.accept, $0) }
        let hasImportedEndpoints = families.contains { isImported(.dial, $0) }
        for transport in TransportProtocol.allCases {
            let hasPorts = node.ports.contains { $0.transport == transport }
            let inbound = transport == .tcp && hasPorts && (hasSources || !blocks.isEmpty)
            let outbound =
                !node.users.isEmpty
                && (!blocks.isEmpty || hasImportedEndpoints
                    || endpoints.contains { $0.transport == transport })
            guard inbound || outbound else { continue }
            for family in IPAddress.Family.allCases {
                guard let filter = filter(transport, family, of: node) else { continue }
                questions.append(SocketQuestion(transport: transport, family: family, filter: filter))
            }
        }
        return questions
    }

    /// IPv6 sockets have IPv4 connections too. nil where nothing of the family is asked for.
    private func filter(
        _ transport: TransportProtocol, _ family: IPAddress.Family, of node: NodeSockets
    ) -> SocketFilter? {
        func isAsked(_ address: IPAddress) -> Bool { family == .ipv6 || address.family == .ipv4 }
        if !imports.isEmpty { return wideFilter(transport, of: node) }
        let most = SocketFilter.mostConditions
        var conditions: [SocketFilter.Condition] = []
        for network in sources where isAsked(network.first) && transport == .tcp {
            conditions.append(.remote(network, port: nil))
            if conditions.count > most { break }
        }
        for network in blocks.values.joined() where isAsked(network.first) {
            conditions.append(.remote(network, port: nil))
            if conditions.count > most { break }
        }
        for endpoint in endpoints where isAsked(endpoint.address) && endpoint.transport == transport {
            conditions.append(.remote(IPNetwork(endpoint.address), port: endpoint.port))
            if conditions.count > most { break }
        }
        guard !conditions.isEmpty else { return nil }
        if conditions.count <= most { return SocketFilter(conditions: conditions) }
        return wideFilter(transport, of: node)
    }

    /// Where there are too many addresses to ask for: all connections to the node's ports, or all that there are where
    /// the node's own are among them.
    private func wideFilter(_ transport: TransportProtocol, of node: NodeSockets) -> SocketFilter {
        let hasDialled = IPAddress.Family.allCases.contains { isImported(.dial, $0) }
        guard endpoints.isEmpty, blocks.isEmpty, !hasDialled else { return SocketFilter(conditions: []) }
        return SocketFilter(conditions: node.portRanges(transport).map { .localPorts($0) })
    }

    /// Of which families tracked connections are asked for. A TCP connection that is dialled has a socket, by which it
    /// is found.
    func trackedFamilies(of node: NodeSockets) -> [IPAddress.Family] {
        guard !node.ports.isEmpty else { return [] }
        return IPAddress.Family.allCases.filter { family in
            blocks[family] != nil || sources.contains { $0.family == family }
                || isImported(.accept, family) || isImported(.dial, family)
                || endpoints.contains { $0.transport == .udp && $0.address.family == family }
        }
    }
}
