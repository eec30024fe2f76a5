// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import PlainText
import SentinelProtocol
import Testing
import Varlink

@testable import SentinelControl

@Suite struct VerbTests {
    @Test func `A list comes in pages, and is one table`() async throws {
        let outcome = try await control("list") { call throws(VarlinkFailure) in
            call.replyContinuing(HelperInterface.List.Reply(bans: [sampleBan(1)]))
            call.reply(HelperInterface.List.Reply(bans: [sampleBan(2, key: "192.0.2.1")]))
        }
        #expect(
            outcome.output == """
                KEY          CHECK   REASON      ENDS                 LEFT       ID  BY
                203.0.113.7  accept  rate-limit  2026-11-21 05:22:33  in 10 min   1  user:seed
                192.0.2.1    accept  rate-limit  2026-11-21 05:22:33  in 10 min   2  user:seed

                """)
        #expect(outcome.status == 0)
    }

    @Test func `As JSON, a list is a line for each ban`() async throws {
        let outcome = try await control("list", "--json") { call throws(VarlinkFailure) in
            call.replyContinuing(HelperInterface.List.Reply(bans: [sampleBan(1), sampleBan(2)]))
            call.reply(HelperInterface.List.Reply(bans: [sampleBan(3)]))
        }
        let lines = outcome.output.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines.allSatisfy { $0.hasPrefix("{") && $0.hasSuffix("}") })
    }

    @Test func `Filters are handed over as they are`() async throws {
        let outcome = try await control(
            "list", "--check", "dial", "--subject", "tcp:203.0.113.7:1", "--peer", "P", "--reason", "r",
            "--caller", "user:seed"
        ) { call throws(VarlinkFailure) in
            let filter = try call.parameters(of: HelperInterface.list).filter
            let wanted = Filter(
                check: .dial, subject: "tcp:203.0.113.7:1", peer: "P", reason: "r", caller: "user:seed")
            call.reply(HelperInterface.List.Reply(bans: filter == wanted ? [sampleBan()] : []))
        }
        #expect(outcome.output.contains("203.0.113.7"))
    }

    @Test func `A history asks for one more than it shows, and says that there are more`() async throws {
        let outcome = try await control("history", "--limit", "2", "--since", "1h", "--kind", "banned") {
            call throws(VarlinkFailure) in
            let asked = try call.parameters(of: HelperInterface.history)
            let wanted = HelperInterface.History.Parameters(
                kinds: [.banned], since: Timestamp(rawValue: Recorder.now.rawValue - 3_600_000), limit: 3)
            let events = (1...3).map {
                Event(
                    kind: .banned, time: Recorder.now, ban: sampleBan(Int64($0)),
                    actor: $0 == 2 ? "user:root" : nil)
            }
            call.reply(HelperInterface.History.Reply(events: asked == wanted ? events : []))
        }
        #expect(outcome.output.split(separator: "\n").count == 2)
        #expect(outcome.errors == "The latest 2; --limit 0 shows all.\n")
        let none = try await control("history") { call throws(VarlinkFailure) in
            call.reply(HelperInterface.History.Reply(events: []))
        }
        #expect(none.output == "")
        #expect(none.errors == "Nothing has happened, as far as the ledger remembers.\n")
    }

    private static let durations = HelperInterface.Durations.Reply(
        nodeMaximum: Milliseconds(.seconds(7 * 86_400)),
        schedules: [
            schedule(nil, nil, hours: 1), schedule(.accept, nil, hours: 2),
            schedule(nil, "rate-limit", hours: 3),
            schedule(.accept, "rate-limit", hours: 4, permanentAfter: 3),
        ])

    private static func schedule(
        _ check: SentinelProtocol.Check?, _ reason: String?, hours: Int64, permanentAfter: Int? = nil
    ) -> Schedule {
        Schedule(
            check: check, reason: reason, first: Milliseconds(.seconds(hours * 3600)), factor: 2,
            maximum: Milliseconds(.seconds(86_400)), jitter: 0.25,
            forgetAfter: Milliseconds(.seconds(30 * 86_400)),
            permanentAfter: permanentAfter)
    }

    @Test func `The ladder of bans fits a terminal, and can be tried out`() async throws {
        let answer: FakeHelper.Answer = { call throws(VarlinkFailure) in call.reply(Self.durations) }
        #expect(
            try await control("durations", answer: answer).output == """
                CHECK   REASON      1ST  2ND       3RD       4TH  MAXIMUM  FOR GOOD
                any     any         1 h  2 h       4 h       8 h      1 d  never
                accept  any         2 h  4 h       8 h      16 h      1 d  never
                any     rate-limit  3 h  6 h      12 h       1 d      1 d  never
                accept  rate-limit  4 h  8 h  for good  for good      1 d  from strike 3

                A node that wishes for a length of its own gets 7 d at most.

                """)
        #expect(
            try await control(
                "durations", "try", "--check", "accept", "--reason", "rate-limit", "--strikes", "1..2",
                answer: answer
            ).output == """
                STRIKES BEFORE  BAN LASTS
                             1  6 h to 8 h
                             2  for good

                The terms that hold are those of check accept with reason rate-limit.
                A strike is forgotten after 30 d.

                """)
        for (check, reason, first) in [
            ("accept", "other", 2), ("dial", "rate-limit", 3), ("network", "other", 1),
        ] as [(String, String, Int64)] {
            let line = try await control(
                "durations", "try", "--check", check, "--reason", reason, "--strikes", "0", "--json",
                answer: answer
            ).output
            let (shortest, longest) = (first * 2_700_000, first * 3_600_000)
            #expect(line == #"{"longest":\#(longest),"shortest":\#(shortest),"strikes":0}"# + "\n")
        }
    }

    @Test func `Nothing to list is said beside the output`() async throws {
        let outcome = try await control("list") { call throws(VarlinkFailure) in
            call.reply(HelperInterface.List.Reply(bans: []))
        }
        #expect(outcome.output == "")
        #expect(outcome.errors == "No bans in force.\n")
        #expect(outcome.status == 0)
    }

    @Test(arguments: [["list"], ["list", "--json"], ["explain", "x"], ["explain", "x", "--json"]])
    func `Control characters from the wire never reach the terminal`(arguments: [String]) async throws {
        let evil = "\u{1B}]0;x\u{7}\u{9B}2J\n\u{202E}"
        let answer: FakeHelper.Answer = { call throws(VarlinkFailure) in
            var ban = sampleBan(key: "key\(evil)", detail: evil)
            ban.reason = evil
            ban.peer = evil
            ban.caller = evil
            if call.method == HelperInterface.list.name {
                call.reply(HelperInterface.List.Reply(bans: [ban]))
            } else {
                call.reply(
                    Explanation(
                        subject: evil, inbound: true, outbound: true, set: evil,
                        guardName: GuardName(rawValue: evil), bans: [ban],
                        elements: [SetElement(key: evil, comment: evil)], strikes: 0))
            }
        }
        let outcome =
            arguments.count == 1
            ? try await control(arguments[0], width: nil, answer: answer)
            : arguments.count == 2
                ? try await control(arguments[0], arguments[1], width: nil, answer: answer)
                : try await control(arguments[0], arguments[1], arguments[2], width: nil, answer: answer)
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("key"))
        #expect(!outcome.output.unicodeScalars.contains { $0 != "\n" && $0.isUnfitForTerminal })
        #expect(!outcome.output.contains("2J\n"))
    }

    @Test(arguments: [
        (GuardName.loopback, "loopback: a ban of it is refused"),
        (.protected, "protected: a peer that a node protects is there, so a ban of it is refused"),
        (.gateway, "gateway: it is the gateway of a default route, so a ban of it is refused"),
        (
            .operatorSession,
            "operator-session: somebody is logged in from there by SSH, so a ban of it is refused"
        ),
    ])
    func `An explanation says which guard would refuse a ban`(name: GuardName, text: String) async throws {
        let outcome = try await control("explain", "192.0.2.7", width: nil) { call throws(VarlinkFailure) in
            call.reply(
                Explanation(
                    subject: "192.0.2.7", inbound: true, outbound: true, guardName: name, bans: [],
                    elements: [],
                    strikes: 0))
        }
        #expect(outcome.status == 0)
        #expect(outcome.output.contains(text))
    }

    @Test func `A reader that reads no more ends it quietly`() async throws {
        let outcome = try await control("list", writes: 1) { call throws(VarlinkFailure) in
            for id in 1..<100 {
                call.replyContinuing(HelperInterface.List.Reply(bans: [sampleBan(Int64(id))]))
            }
            call.reply(HelperInterface.List.Reply(bans: []))
        }
        #expect(outcome.status == 0)
        #expect(outcome.errors == "")
        #expect(outcome.output.split(separator: "\n").count == 2)
    }

    @Test func `A ban asks for what was said, and tells what was refused`() async throws {
        let outcome = try await control(
            "ban", "203.0.113.7", "127.0.0.1", "--for", "1h30m", "--exact", "--reason", "abuse", "--peer",
            "P",
            "--detail", "D"
        ) { call throws(VarlinkFailure) in
            let bans = try call.parameters(of: HelperInterface.ban).bans
            let wanted = BanRequest(
                check: .accept, subject: "203.0.113.7", peer: "P", reason: "abuse", detail: "D",
                duration: Milliseconds(rawValue: 5_400_000), exact: true)
            call.reply(
                HelperInterface.BanMethod.Reply(receipts: [
                    Receipt(
                        id: bans.first == wanted ? 5 : 0, subject: "203.0.113.7", enforced: true,
                        durable: true,
                        expires: Timestamp(rawValue: Recorder.now.rawValue + 5_400_000), strikes: 1),
                    Receipt(
                        subject: "127.0.0.1", enforced: false, durable: false, strikes: 0,
                        refusal: Refusal(code: .guarded, guardName: .loopback, message: "never; see guards")),
                ]))
        }
        #expect(
            outcome.output
                == "banned  203.0.113.7  until 2026-11-21 06:42:33 (in 1 h 30 min)  strike 1  ban 5\n")
        #expect(outcome.errors == "sentinelctl: 127.0.0.1 is not banned, guarded: never; see guards\n")
        #expect(outcome.status == 1)
    }

    @Test(arguments: [
        (["--for-good"], Check.accept, Int64?.some(0)), (["--dial"], .dial, nil),
        (["--check", "network"], .network, nil),
    ])
    func `A ban's options go before what the subject's form says`(
        options: [String], check: Check, duration: Int64?
    ) async throws {
        let arguments = ["ban", "/ip4/203.0.113.7/tcp/1"] + options
        let answer: FakeHelper.Answer = { call throws(VarlinkFailure) in
            let request = try call.parameters(of: HelperInterface.ban).bans.first
            let isRight = request?.check == check && request?.duration?.rawValue == duration
            call.reply(
                HelperInterface.BanMethod.Reply(receipts: [
                    Receipt(subject: isRight ? "right" : "wrong", enforced: true, durable: true, strikes: 1)
                ]))
        }
        let outcome =
            arguments.count == 3
            ? try await control(arguments[0], arguments[1], arguments[2], answer: answer)
            : try await control(arguments[0], arguments[1], arguments[2], arguments[3], answer: answer)
        #expect(outcome.output == "banned  right  for good  strike 1\n")
    }

    @Test func `The status says how much each guard holds, and how many sockets were cut`() async throws {
        let outcome = try await control("status", width: nil) { call throws(VarlinkFailure) in
            call.reply(
                Status(
                    version: "0", mode: .owned, table: "inet sentinel", started: Recorder.now, bans: 3,
                    generation: 1, callers: 1, subscribers: 0,
                    kernel: .init(
                        release: "6.1", ownership: true, persistence: false, timeoutUpdate: false,
                        elementDestroy: false, setCounts: false, socketDestroy: true),
                    ledger: .healthy,
                    sets: [], problems: [],
                    guards: [.init(name: .gateway, count: 2), .init(name: .protected, count: 4096)],
                    socketsCut: 1))
        }
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("cut         1 socket of banned peers\n"), "\(outcome.output)")
        #expect(outcome.output.contains("guarded     gateway 2, protected 4,096\n"), "\(outcome.output)")
    }

    @Test func `A release is asked for on a terminal, and done on a yes only`() async throws {
        let answer: FakeHelper.Answer = { call throws(VarlinkFailure) in
            guard call.method == HelperInterface.status.name else { return call.reply(VarlinkEmpty()) }
            call.reply(
                Status(
                    version: "0", mode: .owned, table: "inet sentinel", started: Recorder.now, bans: 3,
                    generation: 1, callers: 1, subscribers: 0,
                    kernel: .init(
                        release: "6.1", ownership: true, persistence: false, timeoutUpdate: false,
                        elementDestroy: false, setCounts: false, socketDestroy: true),
                    ledger: .healthy,
                    sets: [], problems: []))
        }
        let no = try await control("release", ask: { $0.contains("3 bans") ? "n" : "yes" }, answer: answer)
        #expect(no.status == 1)
        #expect(no.output == "")
        let yes = try await control("release", ask: { _ in "y" }, answer: answer)
        #expect(yes.status == 0)
        #expect(yes.output.hasPrefix("Released"))
        let nobody = try await control("release", answer: answer)
        #expect(nobody.status == 2)
        #expect(nobody.errors.contains("--yes"))
        let told = try await control("release", "--yes", "--json", answer: answer)
        #expect(told.status == 0)
    }

    @Test func `A reload tells what has changed, and what that did to the table`() async throws {
        let reply = HelperInterface.Reload.Reply(
            changes: [.init(key: "[capacity] accept", old: "10", new: "\u{1B}20")], rebuilt: true)
        let told = try await control("reload") { $0.reply(reply) }
        #expect(told.status == 0)
        #expect(
            told.output == """
                [capacity] accept: 10 → \\u{1B}20
                The table was made anew with all its bans; their counters begin at 0.
                Reloaded: 1 key changed.

                """)
        let json = try await control("reload", "--json") { $0.reply(reply) }
        #expect(json.output.contains(#""rebuilt":true"#) || json.output.contains(#""rebuilt" : true"#))
        let same = try await control("reload") { call throws(VarlinkFailure) in
            call.reply(HelperInterface.Reload.Reply(changes: [], rebuilt: false))
        }
        #expect(same.output == "Reloaded: nothing has changed.\n")
    }

    @Test func `What a reload would do is told in other words, and asked for as that`() async throws {
        func told(_ reply: HelperInterface.Reload.Reply) async throws -> String {
            let outcome = try await control("reload", "--dry-run") { call throws(VarlinkFailure) in
                let parameters = try call.parameters(of: HelperInterface.reload)
                #expect(parameters.dryRun == true)
                call.reply(reply)
            }
            #expect(outcome.status == 0 && outcome.errors == "")
            return outcome.output
        }
        #expect(
            try await told(
                .init(
                    file: "/etc/s.toml", changes: [.init(key: "[capacity] accept", old: "10", new: "20")],
                    rebuilt: true, enforced: 1, shadowed: 2)) == """
                    [capacity] accept: 10 → 20
                    The table would be made anew with all its bans, and their counters begin at 0.
                    Out of shadow: 1 ban that only counted would refuse.
                    In shadow: 2 bans would refuse nobody, what is matched would be counted.
                    A reload of /etc/s.toml would change 1 key.

                    """)
        #expect(
            try await told(.init(file: "/etc/s.toml", changes: [], rebuilt: false))
                == "A reload of /etc/s.toml would change nothing.\n")
    }

    @Test func `A reload that is refused is 1, with all that is wrong`() async throws {
        let outcome = try await control("reload") { _ throws(VarlinkFailure) in
            throw VarlinkFailure(HelperInterface.ReloadRefused(problems: ["f:3: a is b; do c", "f:7: d"]))
        }
        #expect(outcome.status == 1)
        #expect(outcome.output == "")
        #expect(
            outcome.errors == """
                sentinelctl: the configuration isn't taken, and nothing has changed:
                  f:3: a is b; do c
                  f:7: d

                """)
    }

    @Test func `Watch tells events, and what was lost`() async throws {
        let outcome = try await control("watch", writes: 1) { call throws(VarlinkFailure) in
            try call.requireMore()
            call.replyContinuing(HelperInterface.Watch.Reply(events: []))
            call.replyContinuing(
                HelperInterface.Watch.Reply(events: [
                    Event(kind: .banned, time: Recorder.now, ban: sampleBan()),
                    Event(kind: .lost, time: Recorder.now, missed: 3),
                ]))
            call.reply(
                HelperInterface.Watch.Reply(events: [Event(kind: .released, time: Recorder.now)]))
        }
        #expect(outcome.status == 0)
        #expect(outcome.errors.hasPrefix("Watching "))
        #expect(
            outcome.output == """
                2026-11-21 05:12:33  banned    203.0.113.7      accept   rate-limit  in 10 min
                2026-11-21 05:12:33  lost      3 events not seen: this reader was too slow

                """)
    }
}
