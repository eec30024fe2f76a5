// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import NamespaceSupport
import Nftables
import SentinelConfiguration
import SentinelProtocol
import Testing

@testable import SentinelHelper

/// Bans that get another end, on kernels that can change an element's timeout and on ones that can't.
@Suite(.timeLimit(.minutes(2))) struct RenewalTests {
    static let hour: Int64 = 3_600_000
    static let limits = [KernelFeatures.none, .all]

    /// The one element of a set, as the kernel has it.
    private func element(_ helper: RunningHelper, _ set: String) async throws -> ListedElement {
        let elements = try await helper.namespace.nftElements("inet", "sentinel", set)
        #expect(elements.count == 1)
        return try #require(elements.first)
    }

    /// Longer, the same once more, and shorter: whatever the set, the kernel's end is the book's.
    private func renew(
        _ helper: RunningHelper, _ set: String,
        _ ban: (_ duration: Int64, _ exact: Bool) async throws -> Receipt
    ) async throws {
        let first = try await ban(Self.hour, false)
        var found = try await element(helper, set)
        #expect((3590...3600).contains(found.timeout ?? 0))
        let comment = found.comment
        // Longer.
        #expect(try await ban(3 * Self.hour, false).id == first.id)
        found = try await element(helper, set)
        #expect((10_700...10_800).contains(found.expires ?? 0) && found.comment == comment)
        // The same, once some of it has passed.
        try await until { try await element(helper, set).expires ?? .max < 10_798 }
        #expect(try await ban(3 * Self.hour, false).id == first.id)
        found = try await element(helper, set)
        #expect((10_798...10_800).contains(found.expires ?? 0))
        // Asked for shorter, the later end holds.
        #expect(try await ban(Self.hour, false).id == first.id)
        found = try await element(helper, set)
        #expect((10_790...10_800).contains(found.timeout ?? 0))
        // Exactly shorter.
        #expect(try await ban(Self.hour, true).id == first.id)
        found = try await element(helper, set)
        #expect((3500...3600).contains(found.expires ?? 0))
        // For good, and again not.
        #expect(try await ban(0, true).expires == nil)
        #expect(try await element(helper, set).timeout == nil)
        #expect(try await ban(Self.hour, true).id == first.id)
        found = try await element(helper, set)
        #expect((3590...3600).contains(found.timeout ?? 0))
    }

    @Test(arguments: limits) func `A ban becomes longer, the same, shorter and for good`(
        limit: KernelFeatures
    )
        async throws
    {
        try await withHelper(limit: limit) { helper async throws in
            try await renew(helper, "accept4") {
                try await helper.ban(.accept, "192.0.2.1", duration: $0, exact: $1)
            }
            try await renew(helper, "dial6") {
                try await helper.ban(.dial, "tcp:[2001:db8::1]:4001", duration: $0, exact: $1)
            }
        }
    }

    @Test(arguments: limits) func `So does a block`(limit: KernelFeatures) async throws {
        try await withHelper(limit: limit) { helper async throws in
            try await renew(helper, "net4") {
                try await helper.ban(.network, "198.51.100.0/24", duration: $0, exact: $1)
            }
        }
    }

    @Test(arguments: limits) func `Another reason is told by the element's comment`(limit: KernelFeatures)
        async throws
    {
        try await withHelper(limit: limit) { helper async throws in
            _ = try await helper.submit(.accept, "192.0.2.1", reason: "rate", duration: Self.hour)
            _ = try await helper.submit(.accept, "192.0.2.1", reason: "spam", duration: 2 * Self.hour)
            let found = try await element(helper, "accept4")
            #expect(found.comment?.hasPrefix("spam by ") == true)
            #expect((7190...7200).contains(found.timeout ?? 0))
        }
    }

    @Test(arguments: limits) func `A ban renewed in its last moment is in the kernel afterwards`(
        limit: KernelFeatures
    ) async throws {
        try await withHelper(limit: limit) { helper async throws in
            for round in 0..<40 {
                let (address, block) = ("192.0.2.\(round)", "198.51.\(round).0/24")
                let denials = { (duration: Int64) in
                    [
                        BatchTests.denial(address, duration: duration),
                        BatchTests.denial(.network, block, duration: duration),
                    ]
                }
                let first = try await helper.submit(denials(30))
                let end = try #require(first[1].expires?.rawValue)
                // From before the end to behind it, a millisecond further each time.
                while HostClock.system.wall() < end - 15 + Int64(round) {}
                #expect(try await helper.submit(denials(Self.hour)).allSatisfy { $0.enforced })
                #expect(try await helper.keys("accept4").contains(address), "round \(round)")
                #expect(try await helper.keys("net4").contains(block), "round \(round)")
            }
        }
    }
}
