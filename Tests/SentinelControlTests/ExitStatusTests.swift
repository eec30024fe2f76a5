// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import SentinelProtocol
import Testing
import Varlink

@testable import SentinelControl

@Suite struct ExitStatusTests {
    @Test(arguments: [
        ["lift"], ["lift", "--all", "--id", "3"], ["ban"], ["ban", "nonsense"],
        ["ban", "203.0.113.7", "--for", "10"],
        ["ban", "203.0.113.7", "--for", "0s"], ["ban", "203.0.113.7", "--for", "1h", "--for-good"],
        ["ban", "203.0.113.7", "--dial", "--check", "accept"], ["explain"], ["nosuchverb"],
        ["list", "--nosuch"],
        ["list", "--check", "door"],
        ["history", "--since", "yesterday"], ["history", "--until", "2026-02-29"],
        ["history", "--kind", "lost"],
        ["history", "--limit", "-1"], ["durations", "try"],
        ["durations", "try", "--check", "dial", "--strikes", "3..1"],
        ["durations", "try", "--check", "dial", "--strikes", "0..1000"],
        ["durations", "try", "--check", "dial", "--reason", "Rate"], ["durations", "set"],
        ["durations", "set", "--first", "10"], ["durations", "set", "--permanent-after", "x"],
        ["durations", "set", "--first", "1h", "--reason", "A"], ["durations", "unset"],
        ["exempt", "add"], ["exempt", "add", "203.0.113.7/24"], ["exempt", "remove", "nobody"],
    ])
    func `A wrong command line is 2, and nobody is called`(arguments: [String]) async {
        let recorder = Recorder()
        let outcome = recorder.outcome(await ControlProgram.run(arguments, on: recorder.console()))
        #expect(outcome.status == 2)
        #expect(outcome.output == "")
        #expect(outcome.errors.hasPrefix("sentinelctl: "))
        #expect(outcome.errors.contains("--help"))
    }

    @Test func `A bare lift names the options there are`() async {
        let errors = await controlAlone("lift").errors
        for option in ["--peer", "--reason", "--caller", "--id", "--all", "--check"] {
            #expect(errors.contains(option))
        }
    }

    @Test(arguments: [
        ["status"], ["list"], ["history"], ["durations"], ["durations", "try", "--check", "dial"], ["sets"],
        ["explain", "203.0.113.7"], ["ban", "203.0.113.7"],
        ["lift", "--all"],
        ["watch"], ["reload"], ["release", "--yes"], ["exempt"],
    ])
    func `Without a helper it is 3`(arguments: [String]) async {
        let recorder = Recorder()
        let outcome = recorder.outcome(await ControlProgram.run(arguments, on: recorder.console()))
        #expect(outcome.status == 3)
        #expect(outcome.output == "")
        #expect(outcome.errors.contains("/nonexistent/sentinel.sock"))
    }

    @Test func `The command line's socket goes before the environment's`() async {
        let errors = await controlAlone("status", "--socket", "/nonexistent/other.sock").errors
        #expect(errors.contains("/nonexistent/other.sock"))
    }

    @Test func `Who may not is 4, and is told the remedy`() async throws {
        let outcome = try await control("list") { _ throws(VarlinkFailure) in
            throw VarlinkFailure(
                HelperInterface.PermissionDenied(
                    right: .operate, caller: "user:x", message: "user:x may not; do so"))
        }
        #expect(outcome.status == 4)
        #expect(outcome.errors == "sentinelctl: user:x may not; do so\n")
    }

    @Test func `What the kernel refuses is 1, what can't be asked for is 2`() async throws {
        let kernel = try await control("sets") { _ throws(VarlinkFailure) in
            throw VarlinkFailure(
                HelperInterface.KernelRefused(
                    operation: "list", element: "e", code: "ENFILE", message: "full; M"))
        }
        #expect(kernel.status == 1)
        #expect(kernel.errors == "sentinelctl: the kernel refused, list e: ENFILE; full; M\n")
        let invalid = try await control("sets", "x") { _ throws(VarlinkFailure) in
            throw VarlinkFailure(HelperInterface.InvalidRequest(field: "name", message: "no set x; write y"))
        }
        #expect(invalid.status == 2)
        let released = try await control("sets") { _ throws(VarlinkFailure) in
            throw VarlinkFailure(HelperInterface.Released(message: "released; restart"))
        }
        #expect(released.status == 1)
        let unknown = try await control("status") { call throws(VarlinkFailure) in
            throw .methodNotFound(call.method)
        }
        #expect(unknown.status == 1)
        #expect(unknown.errors.contains("same version"))
    }

    @Test(arguments: [
        "status", "ban", "lift", "list", "sets", "explain", "history", "watch", "release", "durations",
        "durations set", "durations unset", "durations undo", "exempt", "exempt list", "exempt add",
        "exempt remove", "report", "check",
    ])
    func `Every verb's help has examples and fits 80 columns`(verb: String) async {
        let words = verb.split(separator: " ").map(String.init)
        let (recorder, help) = (Recorder(), Recorder())
        let outcome = recorder.outcome(
            await ControlProgram.run(words + ["--help"], on: recorder.console()))
        #expect(outcome.status == 0)
        #expect(
            outcome.output.contains("EXAMPLES:\n  sentinelctl \(verb)")
                || outcome.output.contains("EXAMPLES:\n  sudo sentinelctl \(verb)"))
        for line in outcome.output.split(separator: "\n") where !line.hasPrefix("USAGE") {
            #expect(line.count <= 80)
        }
        let asked = help.outcome(await ControlProgram.run(["help"] + words, on: help.console()))
        #expect(asked.output == outcome.output)
    }

    @Test func `The main help explains every exit status`() async {
        let outcome = await controlAlone("--help")
        for status in 0...4 { #expect(outcome.output.contains("\n  \(status)  ")) }
    }
}
