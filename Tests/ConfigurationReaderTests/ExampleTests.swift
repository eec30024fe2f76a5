// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import ConfigurationReader
import Foundation
import SentinelConfiguration
import Testing

/// The example that is shipped, as the file is and with every line that is commented out made active.
private struct Example {
    let text: String
    let active: String

    init() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        text = try String(contentsOf: root.appending(path: "systemd/sentinel.toml"), encoding: .utf8)
        active = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            // Prose has a space behind the "#".
            line.hasPrefix("#") && !line.hasPrefix("# ") ? line.dropFirst() : line
        }.joined(separator: "\n")
    }

    /// The keys of each section, with the section's header as the file has it.
    var keys: [String: Set<String>] {
        var keys: [String: Set<String>] = [:]
        var section = ""
        for line in active.split(separator: "\n") where !line.hasPrefix("#") {
            if line.hasPrefix("[") {
                section = line.trimmingCharacters(in: ["[", "]"])
                keys[section] = []
            } else {
                keys[section, default: []].insert(String(line.prefix { $0 != " " }))
            }
        }
        return keys
    }
}

/// What a section may have, as the reader tells it who gives a key that is unknown; nil where it is no section.
private func known(in section: String) throws -> [String]? {
    let unknown = "unknown-key-of-test"
    let header = section.isEmpty ? "" : section == "feed" ? "[[feed]]\n" : "[\(section)]\n"
    let error = try #require(throws: ConfigurationError.self) {
        try Configuration(toml: "\(header)\(unknown) = 1".utf8, file: "f")
    }
    guard let problem = error.problems.first(where: { $0.description.contains(unknown) }) else { return nil }
    guard problem.fault.hasPrefix("is no known "), problem.remedy.hasPrefix("known are ") else { return [] }
    return problem.remedy.dropFirst("known are ".count).split(separator: ", ").map {
        $0.trimmingCharacters(in: ["[", "]"])
    }
}

@Suite struct ExampleTests {
    @Test func `As it is shipped it gives the defaults`() throws {
        #expect(try Configuration(toml: Example().text.utf8, file: "sentinel.toml") == Configuration())
    }

    @Test func `With every line active it gives the defaults, and the feed that is its example`() throws {
        let example = try Example()
        #expect(example.active != example.text)
        var expected = Configuration()
        expected.feeds = [.init(name: "drop", path: "/var/lib/sentinel-feeds/drop.txt")]
        #expect(try Configuration(toml: example.active.utf8, file: "sentinel.toml") == expected)
    }

    @Test func `It has every key that is known`() throws {
        let written = try Example().keys
        let ofTerms = try #require(try known(in: "durations.default"))
        var found = 0
        var sections = [""]
        while let section = sections.popLast() {
            for name in try #require(try known(in: section)) {
                let inner = section.isEmpty ? name : "\(section).\(name)"
                if try known(in: inner) == nil {
                    // The terms of a check or a reason are explained with those of the default.
                    let isExplained = section.hasPrefix("durations.check.") && ofTerms.contains(name)
                    #expect(isExplained || written[section]?.contains(name) == true, "[\(section)] \(name)")
                    found += 1
                } else {
                    // Reasons are free to choose; those of one check are an example for the others.
                    let isReasons = inner.hasSuffix(".reason")
                    let example = isReasons ? inner.replacing(/check\.[a-z]+/, with: "check.accept") : inner
                    #expect(
                        written.keys.contains { $0 == example || $0.hasPrefix("\(example).") }, "[\(inner)]")
                    if !isReasons { sections.append(inner) }
                }
            }
        }
        #expect(found == 65)
    }
}
