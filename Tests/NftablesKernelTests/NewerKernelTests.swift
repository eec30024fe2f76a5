// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import NamespaceSupport
import Nftables
import Testing

/// What kernels can do that not all have which this runs on: there it works, elsewhere it is refused as documented and
/// nothing has changed.
@Suite struct NewerKernelTests {
    let namespace: NetworkNamespace

    init() async throws {
        namespace = try await NetworkNamespace()
        try await namespace.run { try NetlinkSocket().makeTable() }
    }

    @Test func `A destroy takes elements that are there and passes by those that aren't`() async throws {
        try await namespace.run {
            let socket = try NetlinkSocket()
            try socket.transact { $0.add(Fixture.elements(0..<3), to: Fixture.set) }
            let error = refusal {
                try socket.transact { $0.destroy(Fixture.elements(1..<9), in: Fixture.set) }
            }
            let left = try socket.elements(of: Fixture.set).map(\.key)
            if let error {
                #expect(error.code == .invalid)
                #expect(left.count == 3)
            } else {
                #expect(left == [Fixture.key(0)])
            }
        }
    }

    @Test func `A set tells how many elements it holds, or nothing`() async throws {
        try await namespace.run {
            let socket = try NetlinkSocket()
            let isTold = try socket.set(Fixture.set)?.count != nil
            for count in [0, 1, 1000] {
                try socket.transact { $0.add(Fixture.elements(0..<count), to: Fixture.set) }
                #expect(try socket.set(Fixture.set)?.count == (isTold ? UInt32(count) : nil))
                #expect(try socket.sets(in: Fixture.table).map(\.count) == [isTold ? UInt32(count) : nil])
            }
            try socket.transact { $0.delete(Fixture.elements(0..<999), from: Fixture.set) }
            #expect(try socket.set(Fixture.set)?.count == (isTold ? 1 : nil))
        }
    }

    @Test
    func `A set of intervals tells how many intervals it holds, or nothing`()
        async throws
    {
        let set = NamedSet(Fixture.table, "blocks", key: KeyType(.ipv4Address), flags: .interval)
        try await namespace.run {
            let socket = try NetlinkSocket()
            try socket.transact {
                $0.add(set)
                for block in 0..<5 {
                    $0.add(
                        [
                            Element(Fixture.key(256 * block)),
                            Element(Fixture.key(256 * block + 16), isIntervalEnd: true),
                        ], to: set)
                }
            }
            let counts = try socket.sets(in: Fixture.table).map(\.count)
            #expect(counts.contains(nil) ? counts == [nil, nil] : counts == [0, 5])
        }
    }
}
