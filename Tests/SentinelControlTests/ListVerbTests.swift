// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import BanLists
import Foundation
import SentinelProtocol
import Synchronization
import Testing
import Varlink

@testable import SentinelControl

@Suite struct ListVerbTests {
    /// A file with this text, as long as `body` runs.
    private func withFile(_ text: String, _ body: (String) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.path + "/\(UUID().uuidString)"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await body(path)
    }

    /// Bans whatever is asked for, and remembers it.
    private final class Recording: Sendable {
        let parts = Mutex<[ImportPart]>([])
        /// How many subjects each call had.
        let calls = Mutex<[Int]>([])

        func answer(_ call: VarlinkCall, inForce: [Ban] = []) throws(VarlinkFailure) {
            guard call.method == HelperInterface.importBans.name else {
                return call.reply(HelperInterface.List.Reply(bans: inForce))
            }
            let asked = try call.parameters(of: HelperInterface.importBans)
            parts.withLock { $0 += asked.parts }
            let count = asked.parts.reduce(0) { $0 + $1.subjects.split(separator: " ").count }
            let named = calls.withLock { calls in
                calls.append(count)
                return calls.reduce(0, +)
            }
            call.reply(
                HelperInterface.Import.Reply(
                    refused: [],
                    result: asked.last ? ImportResult(bans: named, pending: 0, durable: true) : nil))
        }
    }

    @Test func `What is left of a ban is asked for, with a code that durations can be set by`() async throws {
        let recording = Recording()
        let list = """
            [{"value":"203.0.113.7","duration":"1h","scenario":"crowdsecurity/ssh-bf","origin":"CAPI"},
             {"value":"203.0.113.0/24","scope":"Range","duration":"876600h"},
             {"value":"203.0.113.7","duration":"30m"}, {"value":"203.0.113.9/32"}]
            """
        try await withFile(list) { path in
            let outcome = try await control("import", path) { call throws(VarlinkFailure) in
                try recording.answer(call)
            }
            #expect(outcome.status == 0)
            #expect(outcome.output.hasSuffix("banned  3\nmerged  1 part of others in the list\n"))
            let detail = "CAPI: crowdsecurity/ssh-bf"
            #expect(
                recording.parts.withLock { $0 } == [
                    ImportPart(
                        check: .accept, subjects: "203.0.113.7", reason: "crowdsecurity-ssh-bf",
                        detail: detail,
                        duration: Milliseconds(rawValue: 3_600_000)),
                    ImportPart(
                        check: .network, subjects: "203.0.113.0/24", reason: "imported",
                        duration: Milliseconds(rawValue: 0)),
                    ImportPart(check: .accept, subjects: "203.0.113.9", reason: "imported"),
                ])
        }
    }

    @Test func `Options speak for all, and long lists come in several calls`() async throws {
        let recording = Recording()
        let lines = (0..<24_000).map { "10.0.\($0 / 250).\($0 % 250)" }
        try await withFile(lines.joined(separator: "\n")) { path in
            let outcome = try await control(
                "import", path, "--reason", "feed", "--for", "1h", "--check", "network"
            ) { call throws(VarlinkFailure) in try recording.answer(call) }
            #expect(outcome.status == 0)
            #expect(outcome.output.hasSuffix("banned  24,000\n"))
            #expect(recording.calls.withLock { $0 } == [10_000, 10_000, 4000])
            let parts = recording.parts.withLock { $0 }
            #expect(parts.count == 3)
            let named = parts.flatMap { $0.subjects.split(separator: " ").map(String.init) }
            let isAll = named == lines.map { $0 + "/32" }
            #expect(isAll, "\(named.count) of \(lines.count), from \(named[0]) to \(named[named.count - 1])")
            #expect(
                parts.allSatisfy {
                    $0.check == .network && $0.reason == "feed" && $0.duration?.rawValue == 3_600_000
                })
        }
    }

    @Test func `Of what is refused each kind is told once, with its first and the remedy`() async throws {
        try await withFile("203.0.113.7\nhello\nworld\n203.0.113.1/24\n") { path in
            let outcome = try await control("import", path) { call throws(VarlinkFailure) in
                try Recording().answer(call)
            }
            #expect(outcome.status == 1)
            #expect(
                outcome.errors == """
                    sentinelctl: 2 refused, no address; the first: \(path) line 2, hello; write 203.0.113.7, \
                    203.0.113.0/24, 2001:db8::7 or 2001:db8::/32; names aren't looked up
                    sentinelctl: refused, bits behind the prefix: \(path) line 4, 203.0.113.1/24; write \
                    203.0.113.0/24 for the block, or 203.0.113.1 for the one address

                    """)
            let misfit = try await control("import", path, "--check", "dial") { call throws(VarlinkFailure) in
                try Recording().answer(call)
            }
            #expect(
                misfit.errors.contains("an address at dial: \(path) line 1, 203.0.113.7; leave out --check"))
        }
    }

    @Test func `A trial does without the helper, and says what it doesn't know`() async throws {
        try await withFile("203.0.113.7\n") { path in
            let outcome = await controlAlone("import", path, "--dry-run")
            #expect(outcome.status == 0)
            #expect(outcome.output.hasSuffix("would ban  1\n"))
            #expect(outcome.errors.contains("What is banned already isn't known: the helper is not there"))
            #expect(await controlAlone("import", path).status == 3)
        }
    }

    @Test func `What is banned longer is left as it is`() throws {
        var inForce = BansInForce()
        let now = Recorder.now
        inForce.add([sampleBan(1), sampleBan(2, key: "2001:db8::/64")])
        var block = sampleBan(3, key: "198.51.100.0/24")
        block.check = .network
        inForce.add([block])
        func relation(_ network: String, minutes: Int64?) throws -> BansInForce.Relation {
            let end = minutes.map {
                BanEntry.End.at(ListTime(milliseconds: now.rawValue + $0 * 60_000))
            }
            let subject = try #require(listed(network))
            let entry = BanEntry(subject, end: end ?? .forGood)
            return inForce.relation(of: try ImportedBan(entry, line: 1, terms: ImportTerms()), now: now)
        }
        #expect(try relation("203.0.113.7", minutes: 10) == .banned)
        #expect(try relation("203.0.113.7", minutes: 11) == .renewed)
        #expect(try relation("203.0.113.7", minutes: nil) == .renewed)
        #expect(try relation("203.0.113.8", minutes: 1) == .none)
        #expect(try relation("2001:db8::7", minutes: 1) == .banned)
        #expect(try relation("198.51.100.7", minutes: 10) == .within)
        #expect(try relation("198.51.100.7", minutes: 11) == .none)
        #expect(try relation("198.51.100.0/24", minutes: 10) == .banned)
        #expect(try relation("198.51.100.0/25", minutes: 10) == .within)
        #expect(try relation("198.51.0.0/16", minutes: 1) == .none)
        // A block in shadow refuses nobody, so what lies in it is to be banned by itself.
        block.shadowed = true
        block.key = "192.0.2.0/24"
        inForce.add([block])
        #expect(try relation("192.0.2.7", minutes: 10) == .none)
        #expect(try relation("192.0.2.0/24", minutes: 10) == .banned)
    }

    @Test(
        arguments: [
            ("crowdsecurity/ssh-bf", "crowdsecurity-ssh-bf"), ("manual 'ban' from 'x'", "manual-ban-from-x"),
            ("rate-limit", "rate-limit"), ("-", "-"), ("Sshd", "sshd"), ("…", nil), ("", nil),
            (String(repeating: "a", count: 60), String(repeating: "a", count: 48)),
        ] as [(String, String?)])
    func `Words become a reason's code`(words: String, code: String?) {
        #expect(ImportedBan.code(words) == code)
    }

    @Test func `An export says what its format can't hold`() async throws {
        var endpoint = sampleBan(2, key: "tcp:203.0.113.7:8776")
        endpoint.check = .dial
        let bans = [sampleBan(1), endpoint]
        let outcome = try await control("export", "--format", "plain") { call throws(VarlinkFailure) in
            call.reply(HelperInterface.List.Reply(bans: bans))
        }
        #expect(outcome.status == 0)
        #expect(outcome.output == "203.0.113.7\n")
        #expect(
            outcome.errors == """
                plain can't hold ends: 1 ban.
                plain can't hold times of creation: 1 ban.
                plain can't hold reasons: 1 ban.
                plain can't hold peers: 1 ban.
                plain can't hold bans of endpoints: 1 left out.

                """)
        #expect(await controlAlone("export", "--format", "fail2ban-db").status == 2)
    }
}

/// Whom a line of a list is about.
private func listed(_ text: String) -> BanEntry.Subject? {
    try? PlainList.read(Array(text.utf8).span, now: ListTime(milliseconds: 0)).entries.first?.subject
}
