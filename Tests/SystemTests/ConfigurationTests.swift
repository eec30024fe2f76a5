// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import NamespaceSupport
import SentineldSupport
import Testing

/// What sentineld says to a configuration that it can't use, before it touches the kernel.
@Suite(.timeLimit(.minutes(1))) struct ConfigurationTests {
    @Test(arguments: [
        ("pth = \"/run/s\"", "pth"), ("path = 7", "path"), ("path = \"relative\"", "relative"),
        ("path = ", ""),
        ("mode = \"0999\"", "0999"), ("connections = -1", "connections"),
    ])
    func `A configuration that is wrong ends it with 2, naming the file and the line`(
        line: String, names: String
    )
        async throws
    {
        let place = try Place { text in
            text.split(separator: "\n").enumerated().map { $0.offset == 1 ? line : String($0.element) }
                .joined(separator: "\n")
        }
        let namespace = try await NetworkNamespace()
        for arguments in [[], ["--check"]] {
            let process = try await namespace.start(
                [try Place.program("sentineld"), "--config", place.configuration] + arguments)
            #expect(try await process.end() == .exited(2))
            let complaint = try await process.complaints()
            #expect(complaint.contains("\(place.configuration):2"), "\(complaint)")
            #expect(complaint.contains(names), "\(complaint)")
        }
        #expect(try await namespace.nftList("ruleset").isEmpty)
    }

    @Test func `Without its configuration it ends with 2, and names the file`() async throws {
        let namespace = try await NetworkNamespace()
        let place = try Place()
        let missing = place.directory + "/missing.toml"
        let process = try await namespace.start([try Place.program("sentineld"), "--config", missing])
        #expect(try await process.end() == .exited(2))
        #expect(try await process.complaints().contains(missing))
    }

    @Test func `A configuration that is right is said to be, and nothing is done`() async throws {
        let namespace = try await NetworkNamespace()
        let place = try Place()
        let process = try await namespace.start(
            [try Place.program("sentineld"), "--config", place.configuration, "--check"])
        #expect(try await process.end() == .exited(0))
        #expect(try await process.printed() == "\(place.configuration): ok\n")
        #expect(try await namespace.nftList("ruleset").isEmpty)
    }
}
