// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import ConfigurationLoader
import Feeds
import Foundation
import Inet
import SentinelConfiguration
import Testing

/// A feed's file, read by the program without privileges.
@Suite struct FeedTests {
    private func read(
        _ text: String, mode: Int = 0o644, format: Configuration.FeedFormat? = nil,
        _ change: (inout Configuration.Capacity) -> Void = { _ in }
    ) throws -> (path: String, reading: FeedReading) {
        let directory = try TemporaryDirectory()
        let path = try directory.write(text)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        var capacity = Configuration.Capacity()
        change(&capacity)
        let (reading, stamp) = try ConfigurationProgram.find().feed(
            .init(name: "own", path: path, format: format), capacity: capacity, deadline: .seconds(60))
        #expect(try FileStamp(path: path) == stamp)
        return (path, reading)
    }

    private func problem(
        _ text: String, mode: Int = 0o644, _ change: (inout Configuration.Capacity) -> Void = { _ in }
    ) throws -> String {
        try #require(throws: ConfigurationError.self) { try read(text, mode: mode, change) }.description
    }

    @Test func `What it lists comes back, with what isn't taken`() throws {
        let (_, reading) = try read("192.0.2.1\n198.51.100.0/24\nno address\n2001:db8::7\n")
        #expect(reading.list.addressCount == 2 && reading.list.blockCount == 1)
        #expect(reading.list.contains(try #require(IPNetwork("198.51.100.0/25"))))
        #expect(reading.refused == 1 && reading.format == "plain")
        #expect(
            reading.refusals.first?.hasPrefix("line 3: no address, \"no address\"; write 203.0.113.7") == true
        )
    }

    @Test func `A file that its fetcher's group may write is taken, one that everybody may isn't`() throws {
        #expect(try read("192.0.2.1\n", mode: 0o664).reading.list.count == 1)
        #expect(
            try problem("192.0.2.1\n", mode: 0o666).contains(
                "can be written by others: its mode is 666; run `chmod o-w"))
    }

    @Test func `What is no list, or away, is said to be so`() throws {
        #expect(try problem("").contains("is empty, as a file is whose download failed"))
        #expect(try problem("<html>").contains("; "))
        let away = Configuration.Feed(name: "own", path: "/nonexistent/list")
        #expect(
            throws: ConfigurationError(file: away.path, fault: "is not there", remedy: "have it put there")
        ) {
            try ConfigurationProgram.find().feed(away, capacity: .init())
        }
        let directory = Configuration.Feed(name: "own", path: "/tmp")
        #expect(
            throws: ConfigurationError(
                file: "/tmp", fault: "is no regular file", remedy: "name the file itself")
        ) {
            try ConfigurationProgram.find().feed(directory, capacity: .init())
        }
    }

    @Test func `More than there may be isn't taken`() throws {
        let text = (0..<4000).map { "192.0.\($0 / 250).\($0 % 250)\n" }.joined()
        #expect(try read(text).reading.list.count == 4000)
        let said = try problem(text) { ($0.feed, $0.feedNetwork) = (100, 100) }
        #expect(
            said.contains("lists more than [capacity] feed = 100 addresses, or feed_network = 100 blocks"))
    }
}
