// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import NamespaceSupport
import Nftables
import SentinelProtocol
import Testing

@testable import SentinelHelper

/// What is tried out at start-up, held against what other programs see of this kernel.
@Suite struct KernelFeatureTests {
    private func probe(_ namespace: NetworkNamespace) async throws -> KernelFeatures {
        try await namespace.run { try KernelFeatures(probing: NetlinkSocket()) }
    }

    @Test func `Trying out leaves nothing behind`() async throws {
        let namespace = try await NetworkNamespace()
        _ = try await probe(namespace)
        #expect(try await namespace.nftList("ruleset").isEmpty)
    }

    @Test func `Sockets can be destroyed where ss can do so`() async throws {
        let namespace = try await NetworkNamespace()
        let address = Link.address("127.0.0.1")
        let hasEnded = try await namespace.run {
            let listener = try TestSocket(.tcp, at: address, port: 8776)
            try listener.listen()
            let client = try TestSocket(.tcp, at: address)
            #expect(client.connect(to: address, port: 8776) == .ok)
            let accepted = try #require(listener.accept())
            #expect(accepted.send("one") == .ok && client.receive() == "one")
            _ = try Command(["ss", "--kill", "--tcp", "dst", "127.0.0.1", "dport", "=", ":8776"]).run()
            return client.send("two") != .ok
        }
        #expect(try await probe(namespace).socketDestroy == hasEnded)
    }

    @Test func `The probe closes no socket`() async throws {
        let namespace = try await NetworkNamespace()
        let address = Link.address("127.0.0.1")
        try await namespace.run {
            let listener = try TestSocket(.tcp, at: address, port: 8776)
            try listener.listen()
            let client = try TestSocket(.tcp, at: address)
            #expect(client.connect(to: address, port: 8776) == .ok)
            let accepted = try #require(listener.accept())
            _ = SocketDestroyProbe.run()
            #expect(client.send("one") == .ok && accepted.receive() == "one")
            #expect(try TestSocket(.tcp, at: address).connect(to: address, port: 8776) == .ok)
        }
    }

    @Test func `The status tells what was found, and what of it isn't made use of`() async throws {
        let namespace = try await NetworkNamespace()
        let found = try await probe(namespace)
        let limits: [KernelFeatures] = [
            .all, .none, KernelFeatures(ownership: true), KernelFeatures(persistence: true),
            KernelFeatures(timeoutUpdate: true), KernelFeatures(elementDestroy: true),
            KernelFeatures(setCounts: true), KernelFeatures(socketDestroy: true),
        ]
        for limit in limits {
            try await withHelper(limit: limit) { helper async throws in
                let told = try await helper.status().kernel
                #expect(told.ownership == (found.ownership && limit.ownership))
                #expect(told.persistence == (found.persistence && limit.persistence))
                #expect(told.timeoutUpdate == (found.timeoutUpdate && limit.timeoutUpdate))
                #expect(told.elementDestroy == (found.elementDestroy && limit.elementDestroy))
                #expect(told.setCounts == (found.setCounts && limit.setCounts))
                #expect(told.socketDestroy == (found.socketDestroy && limit.socketDestroy))
            }
        }
    }

    @Test func `A set's count is told where the probe says so, a destroy taken where it says so`()
        async throws
    {
        let namespace = try await NetworkNamespace()
        let found = try await probe(namespace)
        try await namespace.run {
            let socket = try NetlinkSocket()
            let set = NamedSet(Table(.inet, "t"), "s", key: KeyType(.ipv4Address))
            let key = ElementKey(Link.address("192.0.2.1"))
            var first = Transaction()
            first.add(set.table)
            first.add(set)
            first.add([Element(key)], to: set)
            try socket.commit(first.seal())
            #expect(try socket.set(set)?.count == (found.setCounts ? 1 : nil))
            var second = Transaction()
            second.destroy([Element(key), Element(ElementKey(Link.address("192.0.2.2")))], in: set)
            let isTaken = (try? socket.commit(second.seal())) != nil
            #expect(isTaken == found.elementDestroy)
        }
    }
}
