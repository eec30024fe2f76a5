// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Glibc
import NamespaceSupport
import Nftables
import Testing

/// Whose a table is, and who may delete it. Needs kernel 6.9 for ``Table/Flags/persist``.
@Suite struct OwnershipTests {
    let namespace: NetworkNamespace

    init() async throws { namespace = try await NetworkNamespace() }

    @Test func `Nobody but the owner changes an owned table`() async throws {
        try await namespace.run {
            let owner = try NetlinkSocket()
            try owner.makeTable(flags: .owner)
            #expect(try owner.table(Fixture.table)?.owner == owner.port)
            let other = try NetlinkSocket()
            let error = refusal { try other.transact { $0.add(Fixture.elements(0..<1), to: Fixture.set) } }
            #expect(error?.code == .notPermitted)
            #expect(refusal { try other.transact { $0.delete(Fixture.table) } }?.code == .notPermitted)
            try owner.transact { $0.add(Fixture.elements(0..<1), to: Fixture.set) }
        }
    }

    @Test func `A flush of the whole ruleset passes an owned table by and takes a plain one`() async throws {
        let namespace = namespace
        try await namespace.run {
            let owner = try NetlinkSocket()
            try owner.makeTable(flags: .owner)
            try owner.transact { $0.add(Fixture.elements(0..<1), to: Fixture.set) }
            try NetlinkSocket().transact { $0.add(Table(.inet, "plain")) }
            _ = try Command(["nft", "flush", "ruleset"]).output()
            #expect(try owner.table(Table(.inet, "plain")) == nil)
            #expect(try owner.element(Fixture.key(0), of: Fixture.set) != nil)
        }
    }

    @Test func `An owned table goes with its socket, a persistent one stays and can be adopted`() async throws
    {
        try await namespace.run {
            do { try NetlinkSocket().makeTable(flags: .owner) }
            let other = try NetlinkSocket()
            #expect(try other.table(Fixture.table) == nil)

            do {
                let owner = try NetlinkSocket()
                try owner.makeTable(flags: [.owner, .persist])
                try owner.transact { $0.add(Fixture.elements(0..<1), to: Fixture.set) }
            }
            let orphan = try #require(try other.table(Fixture.table))
            #expect(orphan.owner == nil || orphan.owner == 0)
            try other.transact { $0.add(Table(.inet, "t", flags: [.owner, .persist])) }
            #expect(try other.table(Fixture.table)?.owner == other.port)
            #expect(try other.element(Fixture.key(0), of: Fixture.set) != nil)
            let stranger = try NetlinkSocket()
            #expect(refusal { try stranger.transact { $0.delete(Fixture.table) } }?.code == .notPermitted)
        }
    }

    @Test func `A plain table can't be turned into an owned one, but replaced by one in a transaction`()
        async throws
    {
        try await namespace.run {
            let socket = try NetlinkSocket()
            try socket.makeTable()
            let owned = Table(.inet, "t", flags: .owner)
            #expect(refusal { try socket.transact { $0.add(owned) } }?.code == .unsupported)
            try socket.transact {
                $0.delete(Fixture.table)
                $0.add(owned)
                $0.add(Fixture.set)
            }
            #expect(try socket.table(Fixture.table)?.owner == socket.port)
        }
    }

    @Test func `Ownership stays with the open socket, whoever holds its descriptor`() async throws {
        try await namespace.run {
            let kept: Int32
            do {
                let first = try NetlinkSocket()
                try first.makeTable(flags: .owner)
                kept = dup(first.descriptor)
            }
            let second = try NetlinkSocket(adopting: kept)
            #expect(try second.table(Fixture.table)?.owner == second.port)
            try second.transact { $0.add(Fixture.elements(0..<1), to: Fixture.set) }
            _ = try Command(["nft", "flush", "ruleset"]).output()
            #expect(try second.element(Fixture.key(0), of: Fixture.set) != nil)
        }
    }
}
