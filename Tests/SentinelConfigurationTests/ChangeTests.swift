// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import Inet
import Testing

@testable import SentinelConfiguration

@Suite struct ChangeTests {
    /// The paths of all values in a configuration's JSON, with the names that the file has for sections.
    private func paths(_ configuration: Configuration) throws -> Set<[String]> {
        func paths(_ value: Any, _ path: [String]) -> [[String]] {
            // Each goes by its name, and has no other.
            if path == ["feeds"], let feeds = value as? [[String: Any]] {
                return feeds.flatMap { feed in
                    feed.keys.filter { $0 != "name" }.map { ["feed", feed["name"] as? String ?? "", $0] }
                }
            }
            guard let object = value as? [String: Any] else { return [path] }
            return object.flatMap { paths($0.value, path + [$0.key]) }
        }
        let json = try JSONSerialization.jsonObject(with: Data(configuration.json.utf8))
        return Set(
            paths(json, []).map { path in
                switch path.dropFirst().first {
                case "by_check": ["durations", "check"] + path.dropFirst(2)
                case "by_reason": ["durations", "reason"] + path.dropFirst(2)
                case "by_check_and_reason":
                    ["durations", "check", path[2], "reason"] + path.dropFirst(3)
                default: path
                }
            })
    }

    private func path(_ key: ConfigurationKey) -> [String] {
        key.components.compactMap { if case .key(let key) = $0 { key } else { nil } }
    }

    @Test func `Every value there is would be seen to change`() throws {
        for configuration in [Configuration(), try changed()] {
            let written = configuration.written.map { path($0.key) }
            #expect(Set(written).count == written.count)
            let paths = try paths(configuration)
            #expect(paths.subtracting(written) == [])
            // JSON leaves out what there isn't.
            #expect(Set(written).subtracting(paths).allSatisfy { $0.last == "permanent_after" })
        }
        let changes = Configuration().changes(to: try changed())
        let missing = try paths(changed()).subtracting(changes.map { path($0.key) })
        // Terms of one section that are those of another stay as they are, and the shared mode goes with no hook.
        #expect(
            missing.allSatisfy { $0.starts(with: ["durations", "default"]) || $0 == ["table", "mode"] },
            "\(missing)"
        )
        var shared = Configuration()
        shared.table.mode = .shared
        #expect(Configuration().changes(to: shared).map { path($0.key) } == [["table", "mode"]])
    }

    @Test func `A change is told as the file writes it`() throws {
        var new = Configuration()
        new.durations.fallback.first = .seconds(5400)
        new.node.widest6 = nil
        new.exempt.addresses = try (0..<10).map { try #require(IPNetwork("192.0.2.\($0)")) }
        var terms = Configuration.Durations.Terms()
        terms.factor = 2
        new.durations.byReason["rate"] = terms
        let changes = Configuration().changes(to: new).map(\.description)
        #expect(
            changes.prefix(4) == [
                "[node] widest6: 48 → \"none\"",
                "[exempt] addresses: [] → [\"192.0.2.0\", \"192.0.2.1\", \"192.0.2.2\", \"192.0.2.3\", \"192.0.2.4\", "
                    + "\"192.0.2.5\", \"192.0.2.6\", \"192.0.2.7\", … 10 in all]",
                "[durations.default] first: \"10m\" → \"1h30m\"",
                "[durations.reason.rate] first: not set → \"10m\"",
            ])
        #expect(changes.contains("[durations.reason.rate] factor: not set → 2.0"))
        #expect(new.changes(to: new).isEmpty)
        #expect(new.changes(to: Configuration()).count == changes.count)
    }

    @Test func `Long lists that differ beyond what is shown have changed`() throws {
        var old = Configuration()
        old.exempt.addresses = try (0..<20).map { try #require(IPNetwork("192.0.2.\($0)")) }
        var new = old
        new.exempt.addresses[19] = try #require(IPNetwork("192.0.2.99"))
        #expect(old.changes(to: new).count == 1)
    }
}
