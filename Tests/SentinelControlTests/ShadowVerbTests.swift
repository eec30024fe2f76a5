// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import SentinelProtocol
import Testing
import Varlink

@testable import SentinelControl

/// What is said of bans that refuse nobody.
@Suite struct ShadowVerbTests {
    private static var ban: Ban {
        var ban = sampleBan(detail: "30 attempts in 10 s")
        ban.shadowed = true
        return ban
    }

    private static var report: HelperInterface.Shadow.Reply {
        var set = SetInfo(
            name: "accept4", type: "ipv4_addr", flags: ["timeout"], count: 143, capacity: 1000, shadowed: true
        )
        (set.packets, set.bytes) = (12_345, 1_234_567)
        let hour: Int64 = 3_600_000
        var block = sampleBan(18, key: "2001:db8:0:7::/64")
        (block.peer, block.shadowed) = (nil, true)
        return .init(
            checks: [.accept], since: Timestamp(rawValue: Recorder.now.rawValue - 2 * hour),
            interval: Milliseconds(rawValue: 2000), sets: [set], bans: 140, seen: 143,
            reasons: [
                ShadowReason(
                    check: .accept, reason: "rate-limit", bans: 140, matched: 80, packets: 12_000,
                    bytes: 1_200_000)
            ],
            sources: [ShadowSource(ban: ban, packets: 9000, bytes: 900_000)],
            contacts: [
                ShadowContact(
                    ban: ban, inForce: true, remotes: ["203.0.113.7"],
                    first: Timestamp(rawValue: Recorder.now.rawValue - hour),
                    last: Timestamp(rawValue: Recorder.now.rawValue - 60_000), connections: 3, open: 1,
                    received: 12_345, sent: 67_890, udp: 0),
                ShadowContact(
                    ban: block, inForce: false, remotes: ["2001:db8:0:7::7"],
                    first: Timestamp(rawValue: Recorder.now.rawValue - hour),
                    last: Timestamp(rawValue: Recorder.now.rawValue - hour), connections: 0, open: 0,
                    received: 0, sent: 0, udp: 1),
            ])
    }

    @Test func `A report has the numbers, whom they concern, and what follows, in 80 columns`() async throws {
        let outcome = try await control("shadow", "report") { call throws(VarlinkFailure) in
            call.reply(Self.report)
        }
        #expect(outcome.status == 0 && outcome.errors == "")
        #expect(
            outcome.output == """
                In shadow: accept
                What their bans match is counted, and passes.
                bans      140 in force, 143 in all
                observed  since 2026-11-21 03:12:33 (2 h ago)

                What would have been refused, since each set is in shadow
                SET      BANS  PACKETS    BYTES
                accept4   143   12,345  1.2 MiB

                By reason, of the bans in force
                CHECK   REASON      BANS  MATCHED  PACKETS    BYTES
                accept  rate-limit   140       80   12,000  1.1 MiB

                Bans in force that would have refused most
                KEY          CHECK   REASON      PACKETS    BYTES  BAN  BY         PEER
                203.0.113.7  accept  rate-limit    9,000  879 KiB   17  user:seed  12D3KooWA

                Who had connections meanwhile
                203.0.113.7
                  ban          17, accept, rate-limit, by user:seed
                  detail       30 attempts in 10 s
                  peer         12D3KooWA
                  connections  3 that worked, 1 open
                  carried      12.1 KiB in, 66.3 KiB out
                  first        2026-11-21 04:12:33 (1 h ago)
                  last         2026-11-21 05:11:33 (1 min ago)

                2001:db8:0:7::/64
                  ban    18, accept, rate-limit, by user:seed, which has ended
                  peer   not known
                  from   2001:db8:0:7::7
                  UDP    1 connected socket, use unknown
                  first  2026-11-21 04:12:33 (1 h ago)
                  last   2026-11-21 04:12:33 (1 h ago)

                What follows
                1 of 143 bans covers somebody with working connections: they may be honest, and
                would be refused.
                1 ban covers connected UDP sockets. Whether they are in use the kernel doesn't
                tell.
                Let one through whatever is banned: sentinelctl exempt add 203.0.113.7
                End one's ban: sentinelctl lift --id 17
                Taken out of [shadow] checks, 140 bans in force refuse from the reload on, and
                connections there are cut.
                Not seen: connections that begin and end within 2 s, UDP without connected
                sockets, as QUIC has it, and connections of a node in another network namespace.

                """)
    }

    @Test func `Nothing in shadow, or nobody connected, is said as well`() async throws {
        let off = try await control("shadow") { call throws(VarlinkFailure) in
            call.reply(HelperInterface.Shadow.Reply(checks: [], interval: Milliseconds(rawValue: 2000)))
        }
        #expect(off.status == 0 && off.output == "")
        #expect(
            off.errors.hasPrefix(
                "Nothing is in shadow: every ban is enforced. To try bans out first, write checks = "))
        var report = Self.report
        report.contacts = []
        let none = report
        let outcome = try await control("shadow", "report", "--top", "3", "--reason", "r") {
            call throws(VarlinkFailure) in
            let wanted = HelperInterface.Shadow.Parameters(filter: Filter(reason: "r"), top: 3)
            let isRight = try call.parameters(of: HelperInterface.shadow) == wanted
            call.reply(isRight ? none : Self.report)
        }
        // What the options select is what is counted.
        #expect(
            outcome.output.contains(
                "\nNone of 140 bans covers anybody who was seen to have a working connection.\n"))
        #expect(!outcome.output.contains("Who had connections"))
    }

    @Test func `A ban that refuses nobody says so, and what to do`() async throws {
        let outcome = try await control("ban", "203.0.113.7", "203.0.113.0/24") {
            call throws(VarlinkFailure) in
            let bans = try call.parameters(of: HelperInterface.ban).bans
            call.reply(
                HelperInterface.BanMethod.Reply(
                    receipts: bans.map {
                        Receipt(
                            id: 1, subject: $0.subject, enforced: $0.check == .network, durable: true,
                            strikes: 1,
                            shadowed: $0.check == .accept ? true : nil)
                    }))
        }
        #expect(outcome.status == 0)
        #expect(
            outcome.output == """
                in shadow, only counted  203.0.113.7     for good  strike 1  ban 1
                banned                   203.0.113.0/24  for good  strike 1  ban 1

                """)
        #expect(
            outcome.errors == """
                sentinelctl: 1 ban refuses nobody, because accept is in shadow: packets are counted, and pass; to \
                have them refused, take it out of [shadow] checks and run sentinelctl reload, or ban at a check that \
                isn't in shadow

                """)
    }

    @Test func `Lists, sets and events mark what is in shadow`() async throws {
        let list = try await control("list") { call throws(VarlinkFailure) in
            call.reply(HelperInterface.List.Reply(bans: [Self.ban, sampleBan(18, key: "192.0.2.1")]))
        }
        #expect(list.output.contains("203.0.113.7  accept (shadow)  rate-limit"))
        #expect(list.output.contains("192.0.2.1    accept           rate-limit"))
        let sets = try await control("sets") { call throws(VarlinkFailure) in
            call.reply(
                HelperInterface.Sets.Reply(
                    sets: Self.report.sets + [SetInfo(name: "net4", type: "t", flags: [], count: 0)]))
        }
        #expect(sets.output.contains("\naccept4  shadow"))
        #expect(sets.output.contains("\nnet4  "))
        let elements = try await control("sets", "accept4") { call throws(VarlinkFailure) in
            var set = Self.report.sets[0]
            set.elements = [SetElement(key: "203.0.113.7", packets: 3, bytes: 180, ban: 17)]
            call.reply(HelperInterface.Sets.Reply(sets: [set]))
        }
        #expect(
            elements.output.contains(
                "\nin shadow: what it matches is counted and passes, none of it is refused\n"))
        let history = try await control("history") { call throws(VarlinkFailure) in
            call.reply(
                HelperInterface.History.Reply(events: [
                    Event(kind: .banned, time: Recorder.now, ban: Self.ban)
                ]))
        }
        #expect(history.output.contains("203.0.113.7      accept (shadow)  rate-li"))
    }

    @Test func `The status begins with it`() async throws {
        let outcome = try await control("status") { call throws(VarlinkFailure) in
            var status = Status(
                version: "0", mode: .owned, table: "inet sentinel", started: Recorder.now, bans: 150,
                generation: 1, callers: 1, subscribers: 0,
                kernel: .init(
                    release: "6.1.0", ownership: true, persistence: false, timeoutUpdate: false,
                    elementDestroy: false, setCounts: false, socketDestroy: true),
                ledger: .healthy, sets: Self.report.sets, problems: [])
            status.shadow = [.accept, .dial]
            call.reply(status)
        }
        #expect(
            outcome.output.hasPrefix(
                """
                SHADOW   accept, dial: bans there refuse nobody. What they match is counted, and
                         passes. What they would do, "sentinelctl shadow report" says.

                sentineld   0
                """))
        #expect(outcome.output.contains("\nbans        150, 143 of them in shadow\n"))
    }

    @Test func `An explanation says what would be, but for the shadow`() async throws {
        let outcome = try await control("explain", "203.0.113.7") { call throws(VarlinkFailure) in
            call.reply(
                Explanation(
                    subject: "203.0.113.7", inbound: true, outbound: false, set: "net4", bans: [Self.ban],
                    elements: [], strikes: 1, shadowed: ["accept4"]))
        }
        #expect(
            outcome.output.contains(
                """
                  inbound   passes to the node's ports, counted: accept4 would refuse it, but
                            for the shadow
                  outbound  dials by the node's users are rejected
                """))
        #expect(outcome.output.contains("  enforced  no: its check is in shadow, so it only counts\n"))
    }

    @Test func `A reload says what it has put into force, and what out of it`() async throws {
        let outcome = try await control("reload") { call throws(VarlinkFailure) in
            call.reply(
                HelperInterface.Reload.Reply(
                    changes: [.init(key: "[shadow] checks", old: "[\"accept\"]", new: "[\"dial\"]")],
                    rebuilt: false, enforced: 143, shadowed: 1))
        }
        #expect(
            outcome.output == """
                [shadow] checks: ["accept"] → ["dial"]
                Out of shadow: 143 bans that only counted refuse from now on.
                In shadow: 1 ban refuses nobody any more, what is matched is counted.
                Reloaded: 1 key changed.

                """)
    }
}
