// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import SentinelProtocol
import Testing
import Varlink

@testable import SentinelControl

@Suite struct TopVerbTests {
    private static let answer: FakeHelper.Answer = { call throws(VarlinkFailure) in
        switch call.method {
        case HelperInterface.status.name: call.reply(ScreenSamples.status(bans: 2))
        case HelperInterface.counters.name: call.reply(ScreenSamples.glance(packets: 900, bans: 2).counters)
        case HelperInterface.list.name:
            call.reply(HelperInterface.List.Reply(bans: ScreenSamples.reading(30, 20).bans))
        case HelperInterface.sets.name:
            let asked = try call.parameters(of: HelperInterface.sets)
            let wanted = HelperInterface.Sets.Parameters(name: "accept4", elements: true, top: 7)
            call.reply(
                HelperInterface.Sets.Reply(sets: asked == wanted ? ScreenSamples.reading(30, 20).sets : []))
        default: throw VarlinkFailure.invalidParameter("method")
        }
    }

    @Test func `Without a terminal it says what to write instead`() async throws {
        let outcome = try await control("top", answer: Self.answer)
        #expect(outcome.status == 2 && outcome.output == "")
        #expect(outcome.errors.contains("sentinelctl top --once"))
    }

    @Test func `Once, it is what the screen shows, as text`() async throws {
        let outcome = try await control(
            "top", "--once", "--interval", "200ms", "--limit", "7", answer: Self.answer)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let lines = outcome.output.split(separator: "\n").map(String.init)
        #expect(lines.contains("bans 2   refused 900 packets, 52.7 KiB"))
        #expect(lines.contains { $0.hasPrefix("> 203.0.113.1") && $0.contains(" 30 ") }, "\(outcome.output)")
        #expect(lines.allSatisfy { $0.displayWidth <= 80 })
        #expect(!outcome.output.contains("\u{1B}") && !lines.contains { $0.contains("quit") })
    }

    @Test func `Once, as JSON, it is numbers`() async throws {
        let outcome = try await control(
            "top", "--once", "--json", "--interval", "200ms", "--limit", "7", answer: Self.answer)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(
            outcome.output.contains("\"packets\" : 900")
                && outcome.output.contains("\"packets_per_second\" : 0"))
        #expect(outcome.output.contains("\"key\" : \"203.0.113.2\""))
    }

    @Test(arguments: [
        ["--json"], ["--interval", "100ms"], ["--interval", "2h"], ["--limit", "0"], ["--limit", "1001"],
        ["--sort", "colour"],
    ])
    func `What makes no sense is refused with what does`(arguments: [String]) async throws {
        let outcome =
            arguments.count == 1
            ? await controlAlone("top", arguments[0]) : await controlAlone("top", arguments[0], arguments[1])
        #expect(outcome.status == 2 && !outcome.errors.isEmpty)
    }

    @Test func `Who may not see the sets gets the bans, and why there is no more`() async throws {
        let outcome = try await control("top", "--once", "--interval", "200ms") {
            call throws(VarlinkFailure) in
            guard call.method != HelperInterface.sets.name else {
                throw VarlinkFailure(
                    HelperInterface.PermissionDenied(
                        right: .operate, caller: "user:seed", message: "user:seed may not operate; add it"))
            }
            try Self.answer(call)
        }
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("203.0.113.1"))
        #expect(outcome.errors.contains("user:seed may not operate; add it"))
    }

    @Test func `Where there is no helper it ends as the other verbs do`() async {
        let outcome = await controlAlone("top", "--once")
        #expect(outcome.status == 3 && outcome.errors.contains("systemctl start sentineld"))
    }

    @Test func `A verb that runs within keeps what it prints to itself`() async throws {
        let answer: FakeHelper.Answer = { call throws(VarlinkFailure) in
            throw VarlinkFailure(HelperInterface.Released(message: "there is no table"))
        }
        let outcome = try await ranWithin(["ban", "--for=1h", "--", "203.0.113.7"], answer)
        #expect(outcome == VerbOutcome(status: .refused, output: [], errors: ["there is no table"]))
        let misspelt = try await ranWithin(["ban", "--for=1x", "--", "203.0.113.7"], answer)
        #expect(misspelt.status == .usage && misspelt.errors.count == 1, "\(misspelt)")
        #expect(misspelt.errors.first?.contains("the units are") == true)
    }
}
