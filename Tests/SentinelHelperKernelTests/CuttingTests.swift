// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import NamespaceSupport
import SentinelConfiguration
import SentinelProtocol
import Testing

@testable import SentinelHelper

/// Connections that exist when a ban comes: the node has its sockets back, and nobody else loses any.
@Suite(.timeLimit(.minutes(1))) struct CuttingTests {
    static let port: UInt16 = 8776
    static let nodeUser: UInt32 = 65_534
    static let otherUser: UInt32 = 65_533
    static let aborted = TestSocket.Outcome.refused("ECONNABORTED")

    /// A connection by TCP, with both its ends.
    struct Pair: Sendable {
        let near: TestSocket
        let far: TestSocket

        /// Shows that what one end sends reaches the other.
        func expectToWork(_ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation) {
            #expect(far.send("still") == .ok, comment, sourceLocation: sourceLocation)
            #expect(near.receive() == "still", comment, sourceLocation: sourceLocation)
        }

        /// Waits until the near end is cut.
        func waitUntilCut() async throws { try await CuttingTests.waitUntilCut(near) }
    }

    private static func waitUntilCut(_ socket: TestSocket) async throws {
        let outcome = try await until { () -> TestSocket.Outcome? in
            let outcome = socket.read()
            return outcome == .timedOut ? nil : outcome
        }
        #expect(outcome == aborted)
    }

    private func listen(
        _ namespace: NetworkNamespace, at address: String, port: UInt16
    ) async throws -> TestSocket {
        try await namespace.run {
            let listener = try TestSocket(.tcp, at: Link.address(address), port: port)
            try listener.listen()
            return listener
        }
    }

    /// A peer connects to the node.
    private func accept(
        _ link: Link, from address: String, _ listener: TestSocket, port: UInt16 = port
    ) async throws -> Pair {
        let far = try await link.peer.run {
            let socket = try TestSocket(.tcp, at: Link.address(address), patience: .seconds(5))
            #expect(socket.connect(to: Link.address(Link.node(for: address)), port: port) == .ok)
            return socket
        }
        return Pair(near: try #require(listener.accept()), far: far)
    }

    /// A user of the node's host connects to a peer.
    private func dial(
        _ link: Link, as user: UInt32, _ address: String, _ listener: TestSocket, port: UInt16
    ) async throws -> Pair {
        let near = try await link.node.run(asUser: user) {
            let socket = try TestSocket(
                .tcp, at: Link.address(Link.node(for: address)), patience: .seconds(5))
            #expect(socket.connect(to: Link.address(address), port: port) == .ok)
            return socket
        }
        return Pair(near: near, far: try #require(listener.accept()))
    }

    // MARK: Accept

    @Test(arguments: [
        (Link.peers4[0], "0.0.0.0", Link.peers4[1]), (Link.peers4[0], "::", Link.peers4[1]),
        (Link.peers6[0], "::", Link.peers6[2]),
    ])
    func `A banned client's connection to the node is cut, its others and others' go on`(
        client: String, listening: String, other: String
    ) async throws {
        let link = try await Link()
        let node = try await listen(link.node, at: listening, port: Self.port)
        let ssh = try await listen(link.node, at: listening, port: 22)
        try await withHelper(in: link.node) { helper async throws in
            let banned = try await accept(link, from: client, node)
            let operators = try await accept(link, from: client, ssh, port: 22)
            let others = try await accept(link, from: other, node)
            for pair in [banned, operators, others] { pair.expectToWork() }
            #expect(try await helper.submit(.accept, client).enforced)
            try await banned.waitUntilCut()
            #expect(banned.far.read() == .refused("ECONNRESET"))
            operators.expectToWork("its connection to SSH")
            others.expectToWork("another's connection to the node")
            #expect(try await helper.status().socketsCut == 1)
        }
    }

    @Test func `An IPv6 ban cuts its whole block, but for whom a guard holds`() async throws {
        let link = try await Link()
        let node = try await listen(link.node, at: "::", port: Self.port)
        try await link.peer.command("ip", "address", "add", "2001:db8:9:1::9/32", "dev", "veth0", "nodad")
        try await link.node.command("ip", "-6", "route", "add", "default", "via", "2001:db8:9:1::9")
        try await withHelper(in: link.node) { helper async throws in
            let inside = [
                try await accept(link, from: Link.peers6[0], node),
                try await accept(link, from: Link.peers6[1], node),
            ]
            let outside = try await accept(link, from: Link.peers6[2], node)
            let gateway = try await accept(link, from: "2001:db8:9:1::9", node)
            #expect(try await helper.submit(.accept, Link.peers6[0]).enforced)
            for pair in inside { try await pair.waitUntilCut() }
            outside.expectToWork()
            gateway.expectToWork()
            try await until { try await helper.status().socketsCut == 2 }
        }
    }

    @Test(arguments: [1, 40])
    func `Each ban of a batch cuts, however many there are`(count: Int) async throws {
        let link = try await Link()
        let node = try await listen(link.node, at: "::", port: Self.port)
        let far = try await listen(link.peer, at: "0.0.0.0", port: 4001)
        try await withHelper(in: link.node) { helper async throws in
            let accepted = try await accept(link, from: Link.peers4[0], node)
            let accepted6 = try await accept(link, from: Link.peers6[0], node)
            let dialled = try await dial(link, as: Self.nodeUser, Link.peers4[1], far, port: 4001)
            let others = try await accept(link, from: Link.peers4[1], node)
            var denials = (0..<count).map { BatchTests.denial("192.0.2.\($0)") }
            denials += [BatchTests.denial(Link.peers4[0]), BatchTests.denial(Link.peers6[0])]
            #expect(try await helper.submit(denials).allSatisfy { $0.enforced })
            try await accepted.waitUntilCut()
            try await accepted6.waitUntilCut()
            denials = (0..<count).map { BatchTests.denial(.dial, "tcp:192.0.2.\($0):4001") }
            denials.append(BatchTests.denial(.dial, "tcp:\(Link.peers4[1]):4001"))
            #expect(try await helper.submit(denials).allSatisfy { $0.enforced })
            try await dialled.waitUntilCut()
            others.expectToWork()
        }
    }

    // MARK: Dial

    @Test(arguments: [Link.peers4[0], Link.peers6[0]])
    func `A dial ban cuts the node's connection to that endpoint, and no other`(target: String) async throws {
        let link = try await Link()
        let listening = target.contains(":") ? "::" : "0.0.0.0"
        let banned = try await listen(link.peer, at: listening, port: 4001)
        let other = try await listen(link.peer, at: listening, port: 4002)
        try await withHelper(in: link.node) { helper async throws in
            let nodes = try await dial(link, as: Self.nodeUser, target, banned, port: 4001)
            let others = try await dial(link, as: Self.otherUser, target, banned, port: 4001)
            let elsewhere = try await dial(link, as: Self.nodeUser, target, other, port: 4002)
            let endpoint = Endpoint(address: Link.address(target), transport: .tcp, port: 4001)
            #expect(try await helper.submit(.dial, endpoint.description).enforced)
            try await nodes.waitUntilCut()
            others.expectToWork("another user's connection")
            elsewhere.expectToWork("another port")
        }
    }

    @Test(arguments: [(Link.peers4[0], "10.9.0.2/32"), (Link.peers6[0], "2001:db8:9:1::/64")])
    func `A block's ban cuts both what came from there and what the node dialled there`(
        peer: String, block: String
    ) async throws {
        let link = try await Link()
        let node = try await listen(link.node, at: "::", port: Self.port)
        let ssh = try await listen(link.node, at: "::", port: 22)
        let far = try await listen(link.peer, at: "::", port: 4001)
        try await withHelper(in: link.node) { helper async throws in
            let accepted = try await accept(link, from: peer, node)
            let operators = try await accept(link, from: peer, ssh, port: 22)
            let dialled = try await dial(link, as: Self.nodeUser, peer, far, port: 4001)
            let others = try await dial(link, as: Self.otherUser, peer, far, port: 4001)
            #expect(try await helper.ban(.network, block).enforced)
            try await accepted.waitUntilCut()
            try await dialled.waitUntilCut()
            operators.expectToWork()
            others.expectToWork()
            try await until { try await helper.status().socketsCut == 2 }
        }
    }

    // MARK: UDP

    @Test(arguments: [Link.peers4[0], Link.peers6[0]])
    func `A UDP socket that has dialled a banned peer is cut, those at the node's port serve on`(
        client: String
    ) async throws {
        let link = try await Link()
        let near = Link.address(Link.node(for: client))
        let other = client.contains(":") ? Link.peers6[2] : Link.peers4[1]
        try await withHelper(in: link.node) { helper async throws in
            let (server, connected) = try await link.node.run {
                let server = try TestSocket(.udp, at: near, port: Self.port)
                let connected = try TestSocket(.udp, at: near, port: Self.port)
                #expect(connected.connect(to: Link.address(client), port: 4001) == .ok)
                return (server, connected)
            }
            let (nodes, others) = try await (
                dialUDP(link, client, Self.nodeUser), dialUDP(link, client, Self.otherUser)
            )
            #expect(try await helper.submit(.accept, client).enforced)
            let endpoint = Endpoint(address: Link.address(client), transport: .udp, port: 4001)
            #expect(try await helper.submit(.dial, endpoint.description).enforced)
            try await Self.waitUntilCut(nodes)
            #expect(others.send("still") == .ok)
            // Without its peer it would take what comes for the other.
            #expect(connected.read() == .timedOut)
            let echoed = try await link.peer.run {
                let socket = try TestSocket(.udp, at: Link.address(other))
                #expect(socket.connect(to: near, port: Self.port) == .ok)
                #expect(socket.send("hello") == .ok)
                #expect(server.echo())
                return socket.receive()
            }
            #expect(echoed == "hello")
            #expect(try await helper.status().socketsCut == 1)
        }
    }

    private func dialUDP(_ link: Link, _ target: String, _ user: UInt32) async throws -> TestSocket {
        try await link.node.run(asUser: user) {
            let socket = try TestSocket(.udp, at: Link.address(Link.node(for: target)))
            #expect(socket.connect(to: Link.address(target), port: 4001) == .ok)
            return socket
        }
    }

    // MARK: Connection tracking

    /// The tracked connections that have all of these words.
    private func tracked(_ namespace: NetworkNamespace, _ words: String...) async throws -> Int {
        let text = try await namespace.command("cat", "/proc/net/nf_conntrack")
        return text.split(separator: "\n").count { line in words.allSatisfy { line.contains($0 + " ") } }
    }

    private func track(_ namespace: NetworkNamespace, _ rules: String = "") async throws {
        try await namespace.command(
            "nft", "-f", "-",
            input: """
                table inet other {
                    chain in { type filter hook input priority 0; ct state established accept; }
                    chain out { type filter hook output priority 0; ct state established accept; }
                    \(rules)
                }
                """)
    }

    @Test func `Cut connections are tracked no more, those that go on are`() async throws {
        let link = try await Link()
        try await track(link.node)
        let node = try await listen(link.node, at: "::", port: Self.port)
        let ssh = try await listen(link.node, at: "::", port: 22)
        let far = try await listen(link.peer, at: "0.0.0.0", port: 4001)
        try await withHelper(in: link.node) { helper async throws in
            let pairs = [
                try await accept(link, from: Link.peers4[0], node),
                try await accept(link, from: Link.peers4[1], node),
                try await accept(link, from: Link.peers6[0], node),
                try await accept(link, from: Link.peers4[0], ssh, port: 22),
                try await dial(link, as: Self.nodeUser, Link.peers4[1], far, port: 4001),
                try await dial(link, as: Self.otherUser, Link.peers4[1], far, port: 4001),
            ]
            #expect(try await tracked(link.node, "src=10.9.0.2", "dport=8776") == 1)
            #expect(try await tracked(link.node, "dst=10.9.0.3", "dport=4001") == 2)
            #expect(try await helper.submit(.accept, Link.peers4[0]).enforced)
            #expect(try await helper.submit(.accept, Link.peers6[0]).enforced)
            #expect(try await helper.submit(.dial, "tcp:10.9.0.3:4001").enforced)
            try await until {
                let left = [
                    try await tracked(link.node, "src=10.9.0.2", "dport=8776"),
                    try await tracked(link.node, "src=2001:0db8:0009:0001:0000:0000:0000:0002", "dport=8776"),
                    try await tracked(link.node, "dst=10.9.0.3", "dport=4001"),
                ]
                return left == [0, 0, 1]
            }
            #expect(try await tracked(link.node, "src=10.9.0.2", "dport=22") == 1)
            #expect(try await tracked(link.node, "src=10.9.0.3", "dport=8776") == 1)
            for place in [1, 3, 5] { pairs[place].expectToWork() }
        }
    }

    @Test func `What is tracked of a banned client to a port that is translated is forgotten as well`()
        async throws
    {
        let link = try await Link()
        try await track(
            link.node,
            "chain nat { type nat hook prerouting priority -100; tcp dport 8776 redirect to :4001; }")
        let behind = try await listen(link.node, at: "0.0.0.0", port: 4001)
        try await withHelper(in: link.node) { helper async throws in
            let banned = try await accept(link, from: Link.peers4[0], behind)
            let others = try await accept(link, from: Link.peers4[1], behind)
            #expect(try await tracked(link.node, "src=10.9.0.2", "dport=8776") == 1)
            #expect(try await helper.submit(.accept, Link.peers4[0]).enforced)
            try await until { try await tracked(link.node, "src=10.9.0.2", "dport=8776") == 0 }
            others.expectToWork()
            withExtendedLifetime(banned) {}
        }
    }

    // MARK: Kernels without

    @Test func `Where the kernel can't destroy sockets it is said, and bans hold all the same`() async throws
    {
        let link = try await Link()
        let node = try await listen(link.node, at: "0.0.0.0", port: Self.port)
        let limit = KernelFeatures(
            ownership: true, persistence: true, timeoutUpdate: true, socketDestroy: false)
        try await withHelper(in: link.node, limit: limit) { helper async throws in
            #expect(try await helper.status().problems.contains { $0.contains("CONFIG_INET_DIAG_DESTROY") })
            let banned = try await accept(link, from: Link.peers4[0], node)
            let other = try await accept(link, from: Link.peers4[1], node)
            #expect(try await helper.submit(.accept, Link.peers4[0]).enforced)
            #expect(
                try await link.connect(from: Link.peers4[0], to: Link.node4, port: Self.port) == .timedOut)
            #expect(banned.near.read() == .timedOut)
            other.expectToWork()
            #expect(try await helper.status().socketsCut == 0)
        }
        try await withHelper(in: link.node) { helper async throws in
            #expect(
                try await helper.status().problems.contains { $0.contains("CONFIG_INET_DIAG_DESTROY") }
                    == false)
        }
    }
}
