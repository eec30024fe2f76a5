// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import PolicyReader
import Sentinel
import SentinelConfiguration
import Testing

/// The example that is shipped, as the file is and with every line that is commented out made active.
private struct Example {
    let text: String
    let active: String

    init() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        text = try String(contentsOf: root.appending(path: "Examples/policies.toml"), encoding: .utf8)
        active = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            // Prose has a space behind the "#".
            line.hasPrefix("#") && !line.hasPrefix("# ") ? line.dropFirst() : line
        }.joined(separator: "\n")
    }

    /// What the file says of each policy, by its kind.
    var blocks: [String: String] {
        var blocks: [String: String] = [:]
        for block in text.components(separatedBy: "[[policy]]\n") {
            guard block.hasPrefix("kind = ") else { continue }
            blocks[String(block.dropFirst("kind = \"".count).prefix { $0 != "\"" })] = block
        }
        return blocks
    }
}

/// The keys that a policy of a kind may have, as the reader tells them who gives one that is unknown.
private func known(_ kind: String) throws -> [String] {
    let found = try messages("[[policy]]\nkind = \"\(kind)\"\nunknown-key-of-test = 1")
    let message = try #require(found.first { $0.contains("unknown-key-of-test") })
    return try #require(message.components(separatedBy: "known are ").last).components(separatedBy: ", ")
}

@Suite struct ExampleTests {
    @Test func `As it is shipped it is the recommended chain`() throws {
        let chain = try chain(Example().text)
        #expect(
            chain.links.map(\.kind) == [
                "deny", "rate", "connections", "streams", "reputation", "widening", "shared-addresses",
            ])
        #expect(chain.notes.isEmpty)
        _ = try PolicySentinel(chain.policies, clock: { MonotonicInstant(nanoseconds: 0) })
    }

    @Test func `With every line active it is the same chain`() throws {
        let example = try Example()
        #expect(example.active != example.text)
        #expect(try chain(example.active).json == chain(example.text).json)
    }

    @Test func `It is the chain that a node is given in Swift, what it leaves out as well`() throws {
        let policies = try chain(Example().text).policies
        let list = try #require(policies[0] as? AccessList)
        let plainList = AccessList(name: "enemies", effect: .deny)
        #expect(list.checks == plainList.checks && list.effect == .deny && list.count == 0)
        let recommended = try PolicySentinel.recommendedPolicies(lists: [plainList])
        #expect(policies.map(\.name) == recommended.map(\.name))
        let rate = try #require(policies[1] as? SourceRate)
        let plainRate = try #require(recommended[1] as? SourceRate)
        #expect(rate.limits == plainRate.limits && rate.checks == plainRate.checks)
        #expect(rate.plane == plainRate.plane && rate.capacity == plainRate.capacity)
        let limits = try #require(policies[2] as? ConnectionLimits)
        let plainLimits = try #require(recommended[2] as? ConnectionLimits)
        #expect(limits.limits == plainLimits.limits)
        #expect(limits.plane == plainLimits.plane && limits.capacity == plainLimits.capacity)
        let streams = try #require(policies[3] as? StreamLimits)
        let plainStreams = try #require(recommended[3] as? StreamLimits)
        #expect(streams.limits == plainStreams.limits && streams.others == plainStreams.others)
        #expect(streams.capacity == plainStreams.capacity)
        let reputation = try #require(policies[4] as? Reputation)
        let plainReputation = try #require(recommended[4] as? Reputation)
        #expect(reputation.terms == plainReputation.terms && reputation.plane == plainReputation.plane)
        #expect(reputation.capacity == plainReputation.capacity)
        let widening = try #require(policies[5] as? Widening)
        let plainWidening = try #require(recommended[5] as? Widening)
        #expect(widening.terms == plainWidening.terms && widening.capacity == plainWidening.capacity)
        let shared = try #require(policies[6] as? SharedAddresses)
        let plainShared = try #require(recommended[6] as? SharedAddresses)
        #expect(shared.terms == plainShared.terms && shared.capacity == plainShared.capacity)
    }

    @Test func `It has every key that is known`() throws {
        let blocks = try Example().blocks
        #expect(blocks.count == 7)
        var found = 0
        for (kind, block) in blocks {
            for key in try known(kind) where !["kind", "name", "shadow"].contains(key) {
                // As a default, as an example in the text, or as a section.
                let isThere = block.split(separator: "\n").contains { line in
                    let line = line.drop { $0 == "#" || $0 == " " }
                    return line.hasPrefix("\(key) = ") || line.hasPrefix("[policy.\(key)]")
                }
                #expect(isThere, "\(kind): \(key)")
                found += 1
            }
        }
        #expect(found == 42)
    }
}

@Suite struct MutationTests {
    @Test func `Whatever becomes of a file, it is a chain or has problems with lines of its own`() throws {
        let original = Array(try Example().active.utf8)
        let lineCount = original.count { $0 == UInt8(ascii: "\n") } + 1
        let pieces = [
            "\"", "[", "]", "{", "}", "=", "-", "9999999999", "\n", "1e300", "nan", "0", "\"\"", "'",
            "[[policy]]\n",
        ]
        var generator = SystemRandomNumberGenerator()
        var (good, bad) = (0, 0)
        for _ in 0..<400 {
            var bytes = original
            let place = Int.random(in: 0..<bytes.count, using: &generator)
            let piece = Array((pieces.randomElement(using: &generator) ?? "").utf8)
            let length = min(Int.random(in: 0...8, using: &generator), bytes.count - place)
            bytes.replaceSubrange(place..<place + length, with: piece)
            do throws(ConfigurationError) {
                let chain = try chain(String(decoding: bytes, as: UTF8.self))
                #expect(!chain.links.isEmpty && !chain.description.isEmpty)
                good += 1
            } catch {
                bad += 1
                for problem in error.problems {
                    #expect(problem.file == "f" && (1...lineCount + 1).contains(problem.line ?? 1))
                    #expect(!problem.description.contains { $0.isNewline })
                }
            }
        }
        #expect(good > 0 && bad > 0)
    }
}
