// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import Glibc
import Inet
import NamespaceSupport
import SentinelProtocol
import SentineldSupport
import Testing
import Varlink

/// A feed as it is shipped: sentineld with the program that reads for it.
@Suite(.timeLimit(.minutes(1))) struct FeedTests {
    private func feed(_ sentineld: RunningSentineld) async throws -> Feed? {
        try await sentineld.client.call(HelperInterface.feeds).feeds.first
    }

    @Test
    func `Killed and started again, sentineld refuses who is in a feed all along, and follows the file`()
        async throws
    {
        let link = try await Link()
        let listener = try await link.node.run {
            let listener = try TestSocket(.tcp, at: Link.address(Link.node4), port: LifeTests.port)
            try listener.listen()
            return listener
        }
        let place = try Place { text in
            text + "\n[[feed]]\nname = \"own\"\npath = \"/nonexistent\"\n"
        }
        let path = "\(place.directory)/list"
        func put(_ text: String) throws {
            try Data(text.utf8).write(to: URL(filePath: path + ".new"))
            #expect(rename(path + ".new", path) == 0)
        }
        let configuration = try String(contentsOfFile: place.configuration, encoding: .utf8)
            .replacing("/nonexistent", with: path)
        try Data(configuration.utf8).write(to: URL(filePath: place.configuration))
        try put("\(Link.peers4[0])\n192.0.2.0/24\nno address\n")

        let first = try await RunningSentineld.start(in: link.node, place)
        try await until { try await feed(first)?.addresses == 1 }
        try await until { try await !link.node.nftElements("inet", "sentinel", "feed4").isEmpty }
        #expect(try await feed(first)?.refusals.first?.hasPrefix("line 3: no address") == true)
        #expect(
            try await link.connect(from: Link.peers4[0], to: Link.node4, port: LifeTests.port) == .timedOut)
        #expect(try await link.connect(from: Link.peers4[1], to: Link.node4, port: LifeTests.port) == .ok)
        try await first.end(by: SIGKILL)
        #expect(
            try await link.connect(from: Link.peers4[0], to: Link.node4, port: LifeTests.port) == .timedOut)

        let second = try await RunningSentineld.start(in: link.node, place)
        #expect(
            try await link.connect(from: Link.peers4[0], to: Link.node4, port: LifeTests.port) == .timedOut)
        try await until { try await feed(second)?.addresses == 1 }
        try put("\(Link.peers4[1])\n")
        try await until {
            try await link.node.nftElements("inet", "sentinel", "feed4").map(\.key) == [Link.peers4[1]]
        }
        #expect(try await link.connect(from: Link.peers4[0], to: Link.node4, port: LifeTests.port) == .ok)
        #expect(
            try await link.connect(from: Link.peers4[1], to: Link.node4, port: LifeTests.port) == .timedOut)
        try await second.end(by: SIGTERM)
        withExtendedLifetime(listener) {}
    }
}
