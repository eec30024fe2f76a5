// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Sentinel
import Testing

@testable import Simulation

@Suite struct KernelPlaneTests {
    let address = IPAddress.v4(IPv4Address(203, 0, 113, 7))
    let minute: Int64 = 60_000_000_000

    private func ban(
        _ subject: BanRequest.Subject, _ term: BanRequest.Term = .configured
    ) -> BanRequest {
        BanRequest(subject: subject, term: term)
    }

    @Test func aBanEndsByItself() throws {
        var kernel = try KernelPlane(seed: 1)
        kernel.enforce(ban(.source(address)), at: 0)
        #expect(kernel.drops(address, at: 8 * minute))
        #expect(!kernel.drops(address, at: 10 * minute))
        #expect(!kernel.drops(.v4(IPv4Address(203, 0, 113, 8)), at: 0))
    }

    @Test func onlyABanAfterTheLastOneIsAFurtherStrike() throws {
        var kernel = try KernelPlane(seed: 1)
        kernel.enforce(ban(.source(address)), at: 0)
        kernel.enforce(ban(.source(address)), at: 5 * minute)
        #expect(kernel.banCount == 1)
        #expect(!kernel.drops(address, at: 15 * minute))
        kernel.enforce(ban(.source(address)), at: 20 * minute)
        #expect(kernel.banCount == 2)
        #expect(kernel.drops(address, at: 50 * minute))
        #expect(!kernel.drops(address, at: 60 * minute))
        // A month later it begins anew.
        kernel.enforce(ban(.source(address)), at: 45_000 * minute)
        #expect(!kernel.drops(address, at: 45_010 * minute))
    }

    @Test func theLaterEndHolds() throws {
        var kernel = try KernelPlane(seed: 1)
        kernel.enforce(ban(.source(address), .wish(.seconds(3600))), at: 0)
        kernel.enforce(ban(.source(address)), at: minute)
        #expect(kernel.drops(address, at: 59 * minute))
        kernel.enforce(ban(.source(address), .wish(.seconds(365 * 86_400))), at: 59 * minute)
        #expect(!kernel.drops(address, at: 7 * 1440 * minute + 59 * minute))
        kernel.enforce(ban(.source(address), .forGood), at: 0)
        #expect(kernel.drops(address, at: .max - 1))
    }

    @Test func ipv6SourcesAreBannedByTheir64() throws {
        var kernel = try KernelPlane(seed: 1)
        let source = try #require(IPAddress("2001:db8:1:2::1"))
        kernel.enforce(ban(.source(source)), at: 0)
        #expect(kernel.drops(try #require(IPAddress("2001:db8:1:2:ffff::9")), at: 1))
        #expect(!kernel.drops(try #require(IPAddress("2001:db8:1:3::1")), at: 1))
        kernel.enforce(ban(.network(try #require(IPNetwork("2001:db8::/32")))), at: 0)
        #expect(kernel.drops(try #require(IPAddress("2001:db8:1:3::1")), at: 1))
        var other = try KernelPlane(seed: 1)
        other.enforce(ban(.exactly(source), .forGood), at: 0)
        #expect(!other.drops(try #require(IPAddress("2001:db8:1:2:ffff::9")), at: 1))
    }
}
