// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import SentinelProtocol
import Testing
import Varlink

@testable import SentinelControl

/// What `sentinelctl status` tells of the kernel.
@Suite struct StatusTests {
    private func status(_ arguments: String...) async throws -> String {
        let answer: FakeHelper.Answer = { call throws(VarlinkFailure) in
            call.reply(
                Status(
                    version: "0", mode: .owned, table: "inet sentinel", started: Recorder.now, bans: 3,
                    generation: 1, callers: 1, subscribers: 0,
                    kernel: .init(
                        release: "6.1.0", ownership: true, persistence: false, timeoutUpdate: false,
                        elementDestroy: false, setCounts: false, socketDestroy: true),
                    ledger: .healthy, sets: [], problems: []))
        }
        let outcome =
            arguments.isEmpty
            ? try await control("status", width: nil, answer: answer)
            : try await control("status", arguments[0], width: nil, answer: answer)
        #expect(outcome.status == 0)
        return outcome.output
    }

    @Test func `Each feature of the kernel is named, those that are missing with a no`() async throws {
        let lines = try await status().split(separator: "\n").map(String.init)
        let wanted = """
            kernel      6.1.0: no element destroy, ownership, no persistence, no set counts, socket destroy, \
            no timeout update
            """
        #expect(lines.first { $0.hasPrefix("kernel") } == wanted)
    }

    @Test func `As JSON they are the wire's own names`() async throws {
        let text = try await status("--json")
        for field in [
            "\"element_destroy\" : false", "\"set_counts\" : false", "\"socket_destroy\" : true",
            "\"timeout_update\" : false", "\"ownership\" : true", "\"persistence\" : false",
        ] {
            #expect(text.contains(field), "\(field)")
        }
    }
}
