// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import NamespaceSupport
import Nftables
import Testing

/// What the kernel does with elements, as far as the code above relies on it.
@Suite struct ElementTests {
    let namespace: NetworkNamespace

    init() async throws {
        namespace = try await NetworkNamespace()
        try await namespace.run { try NetlinkSocket().makeTable() }
    }

    @Test func `An element lists as it was made`() async throws {
        let set = NamedSet(
            Fixture.table, "counted", key: KeyType(.ipv6Address, .inetProtocol, .inetService),
            flags: .timeout,
            size: 10, hasCounters: true)
        let endpoint = try #require(Endpoint("udp:[2001:db8::7]:4001"))
        let other = try #require(Endpoint("udp:[2001:db8::7]:4002"))
        try await namespace.run {
            try NetlinkSocket().transact {
                $0.add(set)
                $0.add(
                    [
                        Element(
                            ElementKey(endpoint), timeout: .seconds(3600), expiration: .seconds(1800),
                            counter: .init(packets: 7, bytes: 700), comment: "dial: bad peer")
                    ], to: set)
            }
        }
        let listed = try #require(try await namespace.nftElements("inet", "t", "counted").first)
        #expect(listed.key == "2001:db8::7 . udp . 4001")
        #expect(listed.timeout == 3600)
        #expect((1700...1800).contains(try #require(listed.expires)), "half of the timeout is left")
        #expect(listed.comment == "dial: bad peer")
        #expect(listed.packets == 7)
        #expect(listed.bytes == 700)

        let read = try await namespace.run { try NetlinkSocket().element(ElementKey(endpoint), of: set) }
        #expect(read?.key.endpoint == endpoint)
        #expect(read?.timeout == .seconds(3600))
        #expect(read?.counter == .init(packets: 7, bytes: 700))
        #expect(read?.comment == "dial: bad peer")
        let counted = try await namespace.run {
            var counters: [Element.Counter?] = []
            let keys = [ElementKey(endpoint), ElementKey(other), ElementKey(endpoint)]
            try NetlinkSocket().readCounters(keys, of: set) { counters.append($1) }
            return counters
        }
        #expect(counted == [.init(packets: 7, bytes: 700), nil, .init(packets: 7, bytes: 700)])
        let expiration = try #require(read?.expiration)
        #expect(expiration <= .seconds(1800))
    }

    @Test func `Adding again keeps what is there, or is refused where that was asked for`() async throws {
        try await namespace.run {
            let socket = try NetlinkSocket()
            try socket.transact { $0.add(Fixture.elements(0..<1), to: Fixture.set, existing: .refuse) }
            try socket.transact { $0.add(Fixture.elements(0..<1), to: Fixture.set) }
            let error = refusal {
                try socket.transact { $0.add(Fixture.elements(0..<1), to: Fixture.set, existing: .refuse) }
            }
            #expect(error?.code == .alreadyExists)
        }
    }

    @Test func `Deleting what is absent is refused, adding and deleting it isn't`() async throws {
        try await namespace.run {
            let socket = try NetlinkSocket()
            let element = Fixture.elements(0..<1)
            let error = refusal { try socket.transact { $0.delete(element, from: Fixture.set) } }
            #expect(error?.code == .notFound)
            for _ in 0..<2 {
                try socket.transact {
                    $0.add(element, to: Fixture.set)
                    $0.delete(element, from: Fixture.set)
                }
            }
            #expect(try socket.elements(of: Fixture.set) == [])
        }
    }

    @Test func `An element expires by itself, and is then absent`() async throws {
        try await namespace.run {
            let socket = try NetlinkSocket()
            let element = Element(Fixture.key(0), timeout: .milliseconds(50))
            try socket.transact { $0.add([element], to: Fixture.set) }
            #expect(try socket.element(Fixture.key(0), of: Fixture.set) != nil)
            while try socket.element(Fixture.key(0), of: Fixture.set) != nil {}
            let error = refusal { try socket.transact { $0.delete([element], from: Fixture.set) } }
            #expect(error?.code == .notFound)
        }
    }

    @Test func `Adding again changes neither comment nor a longer timeout left running`() async throws {
        try await namespace.run {
            let socket = try NetlinkSocket()
            let first = Element(
                Fixture.key(0), timeout: .seconds(3600), expiration: .seconds(60), comment: "a")
            try socket.transact { $0.add([first], to: Fixture.set) }
            var second = first
            second.comment = "b"
            second.expiration = nil
            try socket.transact { $0.add([second], to: Fixture.set) }
            let read = try #require(try socket.element(Fixture.key(0), of: Fixture.set))
            #expect(read.comment == "a")
            #expect(try #require(read.expiration) <= .seconds(60), "the same timeout again refreshes nothing")
        }
    }

    @Test func `Deleting and adding in one transaction changes everything on every kernel`() async throws {
        try await namespace.run {
            let socket = try NetlinkSocket()
            try socket.transact {
                $0.add([Element(Fixture.key(0), timeout: .seconds(60), comment: "a")], to: Fixture.set)
            }
            let second = Element(Fixture.key(0), timeout: .seconds(7200), comment: "b")
            try socket.transact {
                $0.delete([second], from: Fixture.set)
                $0.add([second], to: Fixture.set)
            }
            let read = try #require(try socket.element(Fixture.key(0), of: Fixture.set))
            #expect(read.comment == "b")
            #expect(read.timeout == .seconds(7200))
            #expect(try #require(read.expiration) > .seconds(7000))
        }
    }

    @Test func `Timeout zero is for good`() async throws {
        try await namespace.run {
            let socket = try NetlinkSocket()
            try socket.transact { $0.add([Element(Fixture.key(0), timeout: .zero)], to: Fixture.set) }
            let read = try #require(try socket.element(Fixture.key(0), of: Fixture.set))
            #expect((read.timeout ?? .zero) == .zero)
            #expect((read.expiration ?? .zero) == .zero)
        }
    }

    @Test func `More time left than the timeout is refused`() async throws {
        try await namespace.run {
            let socket = try NetlinkSocket()
            let element = Element(Fixture.key(0), timeout: .seconds(1), expiration: .seconds(2))
            let error = refusal { try socket.transact { $0.add([element], to: Fixture.set) } }
            #expect(error?.code == .invalid)
            #expect(error?.errnoName == "ERANGE")
        }
    }

    @Test func `A full set refuses the next and takes it again once there is room`() async throws {
        let small = NamedSet(Fixture.table, "small", key: KeyType(.ipv4Address), flags: .timeout, size: 3)
        try await namespace.run {
            let socket = try NetlinkSocket()
            try socket.transact {
                $0.add(small)
                $0.add(Fixture.elements(0..<3), to: small)
            }
            let error = refusal { try socket.transact { $0.add(Fixture.elements(3..<4), to: small) } }
            #expect(error?.code == .setFull)
            #expect(error?.element == Fixture.key(3))
            try socket.transact { $0.delete(Fixture.elements(0..<1), from: small) }
            try socket.transact { $0.add(Fixture.elements(3..<4), to: small) }
        }
    }

    @Test func `Intervals match from their first key to before their end, and may not overlap`() async throws
    {
        let blocks = NamedSet(Fixture.table, "n", key: KeyType(.ipv4Address), flags: [.interval, .timeout])
        func interval(_ text: String) throws -> [Element] {
            let network = try #require(IPNetwork(text))
            let end = try #require(ElementKey(network.last).successor)
            return [
                Element(ElementKey(network.first), timeout: .seconds(60)), Element(end, isIntervalEnd: true),
            ]
        }
        let first = try interval("10.0.0.0/8")
        let inside = try interval("10.1.0.0/16")
        try await namespace.run {
            let socket = try NetlinkSocket()
            try socket.transact {
                $0.add(blocks)
                $0.add(first, to: blocks)
            }
            let error = refusal { try socket.transact { $0.add(inside, to: blocks) } }
            #expect(error?.code == .alreadyExists)
            #expect(try socket.elements(of: blocks).filter { !$0.isIntervalEnd }.map(\.key) == [first[0].key])
        }
        #expect(try await namespace.nftElements("inet", "t", "n").map(\.key) == ["10.0.0.0/8"])
    }

    @Test func `Reading by key tells the present from the absent, in order`() async throws {
        try await namespace.run {
            let socket = try NetlinkSocket()
            let present = stride(from: 0, to: 2000, by: 3).map {
                Element(Fixture.key($0), timeout: .seconds(60))
            }
            try socket.transact { $0.add(present, to: Fixture.set) }
            var answers: [(ElementKey, Bool)] = []
            try socket.readElements((0..<2000).map(Fixture.key), of: Fixture.set) { key, element in
                #expect(element == nil || element?.key == key)
                answers.append((key, element != nil))
            }
            #expect(answers.map(\.0) == (0..<2000).map(Fixture.key))
            #expect(answers.map(\.1) == (0..<2000).map { $0.isMultiple(of: 3) })
        }
    }

    @Test func `Reading a set that isn't there is an error, not an absent element`() async throws {
        try await namespace.run {
            let socket = try NetlinkSocket()
            let none = NamedSet.named("none", in: Fixture.table)
            let error = refusal { _ = try socket.element(Fixture.key(0), of: none) }
            #expect(error?.code == .notFound)
            #expect(error?.object == "inet t none")
        }
    }

    @Test func `A listing has every element of a large set once`() async throws {
        try await namespace.run {
            let socket = try NetlinkSocket()
            try socket.transact { $0.add(Fixture.elements(0..<16_384), to: Fixture.set) }
            let listed = try socket.elements(of: Fixture.set)
            #expect(listed.count == 16_384)
            #expect(Set(listed.map(\.key)) == Set((0..<16_384).map(Fixture.key)))
        }
    }

    @Test func `A comment is cut at a character, never in one`() async throws {
        let long = String(repeating: "x", count: 126) + "é" + "tail"
        let element = Element(Fixture.key(0), comment: long)
        try await namespace.run { try NetlinkSocket().transact { $0.add([element], to: Fixture.set) } }
        let listed = try #require(try await namespace.nftElements("inet", "t", "s").first)
        #expect(listed.comment == String(repeating: "x", count: 126))
    }

    @Test func `Sets read back as they were made`() async throws {
        try await namespace.run {
            let socket = try NetlinkSocket()
            let made = [
                NamedSet(
                    Fixture.table, "a", key: KeyType(.ipv4Address, .inetProtocol, .inetService),
                    flags: .timeout,
                    size: 100, timeout: .seconds(60), hasCounters: true),
                NamedSet(Fixture.table, "b", key: KeyType(.uid)),
                NamedSet(Fixture.table, "c", key: KeyType(.ipv6Address), flags: .interval),
            ]
            try socket.transact { for set in made { $0.add(set) } }
            for set in made {
                var read = try #require(try socket.set(set))
                #expect(read.handle != nil)
                read.handle = nil
                read.count = nil
                read.table = Fixture.table
                #expect(read == set)
            }
            #expect(try socket.sets(in: Fixture.table).map(\.name) == ["s", "a", "b", "c"])
        }
    }
}
