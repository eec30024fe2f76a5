// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import ConfigurationLoader
import Foundation
import SentinelConfiguration
import Testing

/// A configuration's text that is in no file, read and changed by sentinel-config.
@Suite struct TextTests {
    private let first = ConfigurationKey("durations", "default", "first")

    @Test func `A text comes back changed, with all else as it was`() throws {
        let program = try ConfigurationProgram.find()
        let text = Array("# ü\r\n[durations.default]\r\nfirst = '10m' # x\r\n".utf8)
        let changed = try program.edited(
            text,
            by: [
                .set(first, .text("1h")),
                .append(.init("exempt", "addresses"), .text("192.0.2.1"), note: "a"),
            ],
            file: "sentinel.toml")
        #expect(
            String(decoding: changed, as: UTF8.self)
                == "# ü\r\n[durations.default]\r\nfirst = '1h' # x\r\n\r\n[exempt]\r\naddresses = [\r\n    \"192.0.2.1\", # a\r\n]\r\n"
        )
        let configuration = try program.configuration(ofText: changed, file: "sentinel.toml")
        #expect(configuration.durations.fallback.first == .seconds(3600))
        #expect(configuration.exempt.addresses.count == 1)
        #expect(try program.edited([], by: [], file: "sentinel.toml") == [])
        #expect(try program.configuration(ofText: [], file: "sentinel.toml") == Configuration())
    }

    @Test func `A text as large as a file may be comes back whole`() throws {
        let line = "# a comment of some length\n"
        let text = Array(String(repeating: line, count: ((1 << 20) - 100) / line.utf8.count).utf8)
        let changed = try ConfigurationProgram.find().edited(
            text, by: [.set(first, .text("1h"))], file: "sentinel.toml")
        #expect(changed.starts(with: text))
        #expect(changed.count > text.count)
    }

    @Test func `What can't be read or changed is told by the file's name`() throws {
        let program = try ConfigurationProgram.find()
        let unreadable = try #require(throws: ConfigurationError.self) {
            try program.configuration(ofText: Array("[log\n".utf8), file: "/etc/x.toml")
        }
        #expect(unreadable.description.hasPrefix("/etc/x.toml:1: "))
        let absent = try #require(throws: ConfigurationError.self) {
            try program.edited(Array("[log]\n".utf8), by: [.remove(first)], file: "/etc/x.toml")
        }
        #expect(absent.description.contains("/etc/x.toml"))
        #expect(absent.description.contains("[durations.default] first: is not in the file"))
    }
}
