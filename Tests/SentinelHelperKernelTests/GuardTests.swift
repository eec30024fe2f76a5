// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import Inet
import NamespaceSupport
import SentinelConfiguration
import SentinelProtocol
import Synchronization
import Testing

@testable import SentinelHelper

/// Guards that follow the host.
@Suite(.timeLimit(.minutes(1))) struct GuardTests {
    // MARK: Gateways

    struct Route: Sendable, CustomTestStringConvertible {
        var command: [String]
        var gateways: [String]
        var testDescription: String { command.joined(separator: " ") }
    }

    static let routes: [Route] = [
        Route(command: ["route", "add", "default", "via", "10.9.0.2"], gateways: ["10.9.0.2"]),
        Route(
            command: ["route", "add", "default", "via", "10.9.0.2", "table", "100"], gateways: ["10.9.0.2"]),
        Route(
            command: ["route", "add", "default", "nexthop", "via", "10.9.0.2", "nexthop", "via", "10.9.0.3"],
            gateways: ["10.9.0.2", "10.9.0.3"]),
        Route(
            command: ["route", "add", "default", "via", "inet6", "2001:db8:9:1::2", "dev", "veth0"],
            gateways: ["2001:db8:9:1::2"]),
        Route(
            command: ["-6", "route", "add", "default", "via", "2001:db8:9:1::2"],
            gateways: ["2001:db8:9:1::2"]),
        Route(
            command: [
                "-6", "route", "add", "default", "nexthop", "via", "2001:db8:9:1::2", "nexthop", "via",
                "2001:db8:9:2::2",
            ], gateways: ["2001:db8:9:1::2", "2001:db8:9:2::2"]),
    ]

    private func refusal(_ helper: RunningHelper, _ check: SentinelProtocol.Check, _ subject: String)
        async throws
        -> Refusal?
    {
        try await helper.submit(check, subject).refusal
    }

    @Test(arguments: routes)
    func `The gateways of default routes are guarded as soon as the route is there, and until it goes`(
        route: Route
    ) async throws {
        let link = try await Link()
        try await withHelper(in: link.node) { helper async throws in
            // Nothing is waited for: the kernel has told of the route before the command ends.
            try await link.node.run { _ = try Command(["ip"] + route.command).output() }
            for gateway in route.gateways {
                let refusal = try #require(try await refusal(helper, .accept, gateway))
                #expect(refusal.code == .guarded && refusal.guardName == .gateway)
                #expect(refusal.message.contains(gateway) && refusal.message.contains("gateway"))
                let dial = Endpoint(address: Link.address(gateway), transport: .tcp, port: 4001).description
                #expect(try await self.refusal(helper, .dial, dial)?.guardName == .gateway)
                let set = gateway.contains(":") ? "exempt6" : "exempt4"
                #expect(try await helper.isExempt(gateway))
                #expect(try await helper.explain(gateway).guardName == .gateway)
                #expect(try await helper.explain(gateway).set == set)
            }
            let counts = try await helper.status().guards
            #expect(counts.first { $0.name == .gateway }?.count == route.gateways.count)
            try await link.node.run {
                _ = try Command(["ip"] + route.command.map { $0 == "add" ? "del" : $0 }).output()
            }
            for gateway in route.gateways { #expect(try await helper.submit(.accept, gateway).enforced) }
            #expect(try await helper.status().guards.contains { $0.name == .gateway } == false)
        }
    }

    @Test func `A block around a gateway is refused whole, and the gateway named`() async throws {
        let namespace = try await NetworkNamespace()
        try await namespace.command("ip", "link", "add", "left0", "type", "veth", "peer", "name", "right0")
        for device in ["left0", "right0"] { try await namespace.command("ip", "link", "set", device, "up") }
        try await namespace.command("ip", "route", "add", "192.0.2.0/24", "dev", "left0")
        try await namespace.command("ip", "route", "add", "default", "via", "192.0.2.1", "dev", "left0")
        try await withHelper(in: namespace) { helper async throws in
            for receipt in [
                try await helper.submit(.network, "192.0.2.0/28"),
                try await helper.ban(.network, "192.0.0.0/8"),
            ] {
                let refusal = try #require(receipt.refusal)
                #expect(refusal.guardName == .gateway && refusal.message.contains("holds 192.0.2.1"))
            }
            #expect(try await helper.list() == [])
            // The device goes, and its routes with it, of which the kernel says nothing.
            try await namespace.command("ip", "link", "set", "left0", "down")
            #expect(try await helper.submit(.network, "192.0.2.0/28").enforced)
        }
    }

    @Test func `A gateway that comes is exempt in the kernel within a second, without being asked for`()
        async throws
    {
        let link = try await Link()
        try await withHelper(in: link.node) { helper async throws in
            try await link.node.command("ip", "route", "add", "default", "via", "10.9.0.2")
            try await until { try await helper.isExempt("10.9.0.2") }
        }
    }

    // MARK: Resolvers

    /// Files in a directory of the test's own.
    private struct ResolverDirectory {
        let files: Resolvers.Files
        private let path: String

        init() throws {
            path = NSTemporaryDirectory() + "resolvers-\(UUID().uuidString.prefix(8))"
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            files = Resolvers.Files(main: path + "/resolv.conf", upstream: path + "/upstream.conf")
        }

        /// As who is careful writes it: in whole, in the place of the one before.
        func write(_ text: String, to file: String) throws {
            try text.write(toFile: file, atomically: true, encoding: .utf8)
        }

        func remove() { try? FileManager.default.removeItem(atPath: path) }
    }

    @Test func `Name servers are guarded, and others when the file is another`() async throws {
        let directory = try ResolverDirectory()
        defer { directory.remove() }
        try directory.write("# by hand\nsearch example\nnameserver 192.0.2.53\n", to: directory.files.main)
        try await withHelper(resolverFiles: directory.files) { helper async throws in
            let refusal = try #require(try await helper.submit(.accept, "192.0.2.53").refusal)
            #expect(refusal.guardName == .resolver && refusal.message.contains("/etc/resolv.conf"))
            #expect(
                try await helper.ban(.network, "192.0.2.0/24").refusal?.message.contains("192.0.2.53") == true
            )
            #expect(try await helper.isExempt("192.0.2.53"))

            try directory.write(
                "nameserver 192.0.2.54\nnameserver 2001:db8:53::1%eth0\n", to: directory.files.main)
            #expect(try await helper.ban(.accept, "192.0.2.54").refusal?.guardName == .resolver)
            #expect(try await helper.ban(.accept, "2001:db8:53::1").refusal?.guardName == .resolver)
            #expect(try await helper.ban(.accept, "192.0.2.53").enforced)
            #expect(try await !helper.isExempt("192.0.2.53"))

            // Behind systemd-resolved are those that it asks.
            try directory.write("nameserver 192.0.2.55\n", to: directory.files.upstream)
            #expect(try await helper.explain("192.0.2.55").guardName == nil)
            try directory.write("nameserver 127.0.0.53\n", to: directory.files.main)
            #expect(try await helper.explain("192.0.2.55").guardName == .resolver)
            try directory.write("nameserver 192.0.2.56\n", to: directory.files.upstream)
            // By itself, without anybody who asks.
            try await until { try await helper.isExempt("192.0.2.56") }
        }
    }

    // MARK: Sessions

    /// Connections that end when the test wants it.
    private final class Connections: Sendable {
        private let sockets = Mutex<[TestSocket]>([])

        func add(_ socket: TestSocket) { sockets.withLock { $0.append(socket) } }
        func close() { sockets.withLock { $0 = [] } }
    }

    private func listen(_ namespace: NetworkNamespace, at address: String) async throws -> TestSocket {
        try await namespace.run {
            let listener = try TestSocket(.tcp, at: Link.address(address), port: 22)
            try listener.listen()
            return listener
        }
    }

    private func connect(_ link: Link, from address: String) async throws -> TestSocket {
        try await link.peer.run {
            let socket = try TestSocket(.tcp, at: Link.address(address))
            #expect(socket.connect(to: Link.address(Link.node(for: address)), port: 22) == .ok)
            return socket
        }
    }

    @Test(arguments: [(Link.peers4[0], "0.0.0.0"), (Link.peers4[0], "::"), (Link.peers6[0], "::")])
    func `From where somebody is logged in by SSH nothing is blocked, until a minute after he has left`(
        address: String, listening: String
    ) async throws {
        let link = try await Link()
        let clock = ManualClock()
        let listener = try await listen(link.node, at: listening)
        try await withHelper(in: link.node, clock: clock.host) { helper async throws in
            let session = Connections()
            session.add(try await connect(link, from: address))
            session.add(try #require(listener.accept()))
            #expect(try await helper.ban(.accept, address).enforced, "it may be anybody's")
            _ = try await helper.lift(Filter())

            clock.advance(by: .seconds(121))
            let refusal = try #require(try await helper.ban(.accept, address).refusal)
            #expect(refusal.guardName == .operatorSession)
            #expect(refusal.message.contains(address) && refusal.message.contains("[guards] ssh_ports"))
            let block = IPNetwork(containing: Link.address(address), prefixLength: 31).description
            let ofBlock = try #require(try await helper.ban(.network, block).refusal)
            #expect(ofBlock.guardName == .operatorSession || ofBlock.guardName == .ownAddress)
            #expect(try await helper.isExempt(address))

            session.close()
            clock.advance(by: .seconds(59))
            #expect(try await helper.ban(.accept, address).refusal?.guardName == .operatorSession)
            clock.advance(by: .seconds(2))
            #expect(try await helper.ban(.accept, address).enforced)
            #expect(try await !helper.isExempt(address))
        }
    }

    @Test func `Who only connects to the SSH port isn't guarded, however long`() async throws {
        let link = try await Link()
        let clock = ManualClock()
        let listener = try await listen(link.node, at: Link.node4)
        // Something else than sshd, which runs as root.
        let other = try await link.node.run(asUser: 65_534) {
            let listener = try TestSocket(.tcp, at: Link.address(Link.node4), port: 2222)
            try listener.listen()
            return listener
        }
        let configuration = RunningHelper.configuration { $0.guards.sshPorts = [22, 2222] }
        try await withHelper(configuration, in: link.node, clock: clock.host) { helper async throws in
            let waiting = try await connect(link, from: Link.peers4[0])
            let elsewhere = try await link.peer.run {
                let socket = try TestSocket(.tcp, at: Link.address(Link.peers4[1]))
                #expect(socket.connect(to: Link.address(Link.node4), port: 2222) == .ok)
                return socket
            }
            let accepted = try await link.node.run(asUser: 65_534) { other.accept() }
            _ = try await helper.explain(Link.peers4[0])
            clock.advance(by: .seconds(1000))
            for address in Link.peers4 { #expect(try await helper.ban(.accept, address).enforced) }
            withExtendedLifetime((listener, waiting, elsewhere, accepted)) {}
        }
    }

    // MARK: The configuration

    @Test func `Guards are set anew from another configuration`() async throws {
        try await withHelper { helper async throws in
            let other = RunningHelper.configuration {
                $0.exempt.addresses = ["203.0.113.0/24"].compactMap { IPNetwork($0) }
            }
            #expect(try await helper.submit(.accept, "192.0.2.1").enforced)
            await helper.service.helper.setGuards(other)
            #expect(try await helper.submit(.accept, "203.0.113.7").refusal?.guardName == .exempt)
            #expect(try await helper.keys("exempt4").contains("203.0.113.0/24"))
            await helper.service.helper.setGuards(RunningHelper.configuration())
            #expect(try await helper.submit(.accept, "203.0.113.7").enforced)
            #expect(try await !helper.keys("exempt4").contains("203.0.113.0/24"))
        }
    }
}
