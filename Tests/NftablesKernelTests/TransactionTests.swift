// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Glibc
import Inet
import NamespaceSupport
import Testing

@testable import Nftables

@Suite struct TransactionTests {
    @Test func `One refused operation undoes the whole transaction`() async throws {
        let namespace = try await NetworkNamespace()
        let error = try await namespace.run {
            let socket = try NetlinkSocket()
            try socket.makeTable()
            return refusal {
                try socket.transact {
                    $0.add(Fixture.elements(0..<10), to: Fixture.set)
                    $0.delete([Element(Fixture.key(99))], from: Fixture.set)
                }
            }
        }
        #expect(error?.code == .notFound)
        #expect(error?.operation == "delete element")
        #expect(error?.object == "inet t s")
        #expect(error?.element == Fixture.key(99))
        #expect(error?.errnoName == "ENOENT")
        #expect(try await namespace.nftElements("inet", "t", "s") == [])
    }

    @Test func `The element at fault is named out of thousands`() async throws {
        let namespace = try await NetworkNamespace()
        let error = try await namespace.run {
            let socket = try NetlinkSocket()
            try socket.makeTable()
            try socket.transact { $0.add(Fixture.elements(7777..<7778), to: Fixture.set) }
            return refusal {
                try socket.transact {
                    $0.add(Fixture.elements(0..<10_000), to: Fixture.set, existing: .refuse)
                }
            }
        }
        #expect(error?.code == .alreadyExists)
        #expect(error?.element == Fixture.key(7777))
        #expect(error.map { "\($0)" } == "add element inet t s { 10.0.30.97 }: already exists (EEXIST)")
    }

    /// libnftnl doesn't check that a netlink attribute holds no more than 64 KB: elements behind that are lost
    /// without an error.
    @Test func `Every element arrives however long the comments are`() async throws {
        let namespace = try await NetworkNamespace()
        let comment = String(repeating: "x", count: 127)
        try await namespace.run {
            let socket = try NetlinkSocket()
            try socket.makeTable()
            try socket.transact { $0.add(Fixture.elements(0..<3000, comment: comment), to: Fixture.set) }
            var found = 0
            try socket.readElements((0..<3000).map(Fixture.key), of: Fixture.set) { _, element in
                if element?.comment == comment { found += 1 }
            }
            #expect(found == 3000)
        }
        let listed = try await namespace.nftElements("inet", "t", "s")
        #expect(listed.count == 3000)
        #expect(listed.allSatisfy { $0.comment == comment })
    }

    @Test func `A transaction larger than the send buffer has it grow`() async throws {
        let namespace = try await NetworkNamespace()
        try await namespace.run {
            try NetlinkSocket().makeTable()
            var options = NetlinkSocket.Options()
            options.sendBuffer = 16 * 1024
            let small = try NetlinkSocket(options: options)
            try small.transact { $0.add(Fixture.elements(0..<10_000), to: Fixture.set) }
            // Twice as much, with other elements in front.
            try small.transact { transaction in
                transaction.delete(Fixture.elements(0..<10_000), from: Fixture.set)
                transaction.add(Fixture.elements(0..<20_000), to: Fixture.set)
            }
        }
        #expect(try await namespace.nftElements("inet", "t", "s").count == 20_000)
    }

    @Test func `A thousand refusals at once still name the first`() async throws {
        let namespace = try await NetworkNamespace()
        try await namespace.run {
            let socket = try NetlinkSocket()
            try socket.makeTable()
            let error = refusal {
                try socket.transact { transaction in
                    for number in 0..<1000 {
                        transaction.delete([Element(Fixture.key(number))], from: Fixture.set)
                    }
                }
            }
            #expect(error?.code == .notFound)
            #expect(error?.element == Fixture.key(0))
            // Nothing of it is left in the socket for the next question.
            #expect(try socket.table(Fixture.table)?.name == "t")
        }
    }

    @Test func `Lost answers are said to leave the outcome unknown`() async throws {
        let namespace = try await NetworkNamespace()
        let error = try await namespace.run {
            var options = NetlinkSocket.Options()
            options.receiveBuffer = 1
            let socket = try NetlinkSocket(options: options)
            try socket.makeTable()
            return refusal {
                try socket.transact { transaction in
                    for number in 0..<1000 {
                        transaction.delete([Element(Fixture.key(number))], from: Fixture.set)
                    }
                }
            }
        }
        #expect(error?.code == .outcomeUnknown)
        #expect(error?.errnoName == "ENOBUFS")
    }

    /// Worse than silence: the message that asks for the acknowledgement gets it, and nothing is carried out.
    /// Without that question nothing is answered at all. So only a sealed transaction can be committed.
    @Test func `A batch without its end does nothing, though it is acknowledged`() async throws {
        let namespace = try await NetworkNamespace()
        try await namespace.run {
            let socket = try NetlinkSocket()
            var transaction = Transaction()
            transaction.add(Fixture.table)
            var bytes = Array(transaction.seal().bytes.dropLast(20))
            try bytes.withUnsafeBytes { try socket.send($0, operation: "commit") }
            let answer = try #require(try socket.receive(until: nil))
            #expect(Messages(answer).compactMap { KernelVerdict(message: $0)?.errno } == [0])
            #expect(try socket.table(Fixture.table) == nil)

            bytes[20 + 6] &= ~4  // NLM_F_ACK of the second message
            try bytes.withUnsafeBytes { try socket.send($0, operation: "commit") }
            let error = refusal { _ = try socket.receive(until: .now + .milliseconds(50)) }
            #expect(error?.code == .timedOut)
            #expect(try socket.table(Fixture.table) == nil)
        }
    }

    @Test func `A transaction for another generation than the present is refused`() async throws {
        let namespace = try await NetworkNamespace()
        try await namespace.run {
            let socket = try NetlinkSocket()
            let before = try socket.generation()
            try socket.makeTable()
            let now = try socket.generation()
            #expect(now != before)
            let error = refusal {
                try socket.transact(expecting: before) {
                    $0.add(Fixture.elements(0..<1), to: Fixture.set)
                }
            }
            #expect(error?.code == .staleGeneration)
            try socket.transact(expecting: now) { $0.add(Fixture.elements(0..<1), to: Fixture.set) }
            #expect(try socket.element(Fixture.key(0), of: Fixture.set) != nil)
        }
    }

    @Test func `An empty transaction changes nothing, not even the generation`() async throws {
        let namespace = try await NetworkNamespace()
        try await namespace.run {
            let socket = try NetlinkSocket()
            let before = try socket.generation()
            try socket.commit(Transaction().seal())
            #expect(try socket.generation() == before)
        }
    }

    @Test func `The socket isn't passed on to other programs`() async throws {
        let namespace = try await NetworkNamespace()
        try await namespace.run {
            let socket = try NetlinkSocket()
            #expect(fcntl(socket.descriptor, F_GETFD) == FD_CLOEXEC)
        }
    }

    @Test func `What is no netfilter socket isn't adopted`() throws {
        let pipe = try #require(
            withUnsafeTemporaryAllocation(of: Int32.self, capacity: 2) { ends in
                Glibc.pipe(ends.baseAddress) == 0 ? (ends[0], ends[1]) : nil
            })
        close(pipe.1)
        let error = refusal { _ = try NetlinkSocket(adopting: pipe.0) }
        #expect(error?.code == .invalid)
        #expect(fcntl(pipe.0, F_GETFD) == -1, "the descriptor is closed")
    }
}
