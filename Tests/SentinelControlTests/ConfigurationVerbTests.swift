// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import ConfigurationLoader
import Foundation
import SentinelConfiguration
import SentinelProtocol
import Testing
import Varlink

@testable import SentinelControl

private let text = """
    # The node's.
    [durations.default]
    first = "10m" # short
    #factor = 4

    [exempt]
    addresses = [
        "192.0.2.7", # router
        "198.51.100.0/24",
    ]

    """

/// Answers as a helper that has read the file.
private func helper(
    _ file: String, reading own: String? = nil, changes: [HelperInterface.Reload.Change] = [],
    bans: [Ban] = []
) -> FakeHelper.Answer {
    { call throws(VarlinkFailure) in
        let bytes = (try? Data(contentsOf: URL(filePath: file))) ?? Data()
        guard
            let configuration = try? ConfigurationProgram.find().configuration(
                ofText: Array(bytes), file: file)
        else { throw VarlinkFailure(HelperInterface.ReloadRefused(problems: ["unreadable"])) }
        switch call.method {
        case HelperInterface.reload.name:
            call.reply(HelperInterface.Reload.Reply(file: own ?? file, changes: changes, rebuilt: false))
        case HelperInterface.durations.name:
            call.reply(HelperInterface.Durations.Reply(configuration.durations))
        case HelperInterface.guarded.name:
            call.reply(
                HelperInterface.Guarded.Reply(
                    entries: configuration.exempt.addresses.map {
                        GuardEntry(network: NetworkText($0).description, guardName: .exempt, inKernel: true)
                    }))
        case HelperInterface.explain.name:
            let subject = try call.parameters(of: HelperInterface.explain).subject
            let isExempt = configuration.exempt.addresses.contains { NetworkText($0).description == subject }
            call.reply(
                Explanation(
                    subject: subject, inbound: isExempt, outbound: true, guardName: isExempt ? .exempt : nil,
                    bans: bans, elements: [], strikes: 0))
        default: throw .methodNotFound(call.method)
        }
    }
}

@Suite struct DurationsChangingTests {
    @Test func `A duration is set in the file, and the ladder is shown before and after`() async throws {
        let directory = try ConfigurationDirectory(text)
        let file = directory.file
        let outcome = try await control(
            "durations", "set", "--first", "1h", "--factor", "2", "--config", file, answer: helper(file))
        #expect(outcome.errors == "")
        #expect(
            outcome.output == """
                   CHECK  REASON     1ST     2ND         3RD   4TH  MAXIMUM  FOR GOOD
                -  any    any     10 min  40 min  2 h 40 min  10 h      7 d  never
                +  any    any        1 h     2 h         4 h   8 h      7 d  never

                \(file) is changed, and in force. To take it back: sentinelctl durations undo

                """)
        #expect(
            directory.text()
                == text.replacing(
                    "\"10m\" # short\n#factor = 4\n", with: "\"1h\" # short\n#factor = 4\nfactor = 2\n"))
        #expect(directory.text("sentinel.toml.previous") == text)
        #expect(outcome.status == 0)
    }

    @Test func `Undoing puts the file back, and undoing that brings the change again`() async throws {
        let directory = try ConfigurationDirectory(text)
        let file = directory.file
        _ = try await control(
            "durations", "set", "--reason", "scanner", "--permanent-after", "3", "--config", file,
            answer: helper(file))
        let changed = directory.text()
        #expect(changed != text)
        let dry = try await control("durations", "undo", "--dry-run", "--config", file, answer: helper(file))
        #expect(dry.output.contains("\n-permanent_after = 3\n"))
        #expect(directory.text() == changed)
        let undone = try await control("durations", "undo", "--config", file, answer: helper(file))
        #expect(undone.status == 0)
        #expect(directory.text() == text)
        #expect(try await control("durations", "undo", "--config", file, answer: helper(file)).status == 0)
        #expect(directory.text() == changed)
    }

    @Test func `What something else has changed since is not undone`() async throws {
        let directory = try ConfigurationDirectory(text)
        let file = directory.file
        let nothing = try await control("durations", "undo", "--config", file, answer: helper(file))
        #expect(nothing.status == 1)
        #expect(nothing.errors.contains("there is nothing to undo"))
        _ = try await control("durations", "set", "--first", "1h", "--config", file, answer: helper(file))
        let edited = (directory.text() ?? "") + "[log]\nlevel = \"debug\"\n"
        try Data(edited.utf8).write(to: URL(filePath: file))
        let undone = try await control("durations", "undo", "--config", file, answer: helper(file))
        #expect(undone.status == 1)
        #expect(undone.errors.contains("diff \(file).previous \(file)"))
        #expect(directory.text() == edited)
    }

    @Test func `A section is removed again`() async throws {
        let directory = try ConfigurationDirectory(text)
        let file = directory.file
        _ = try await control(
            "durations", "set", "--first", "2h", "--check", "accept", "--reason", "scanner", "--config", file,
            answer: helper(file))
        #expect(
            directory.text()?.contains("\n\n[durations.check.accept.reason.scanner]\nfirst = \"2h\"\n")
                == true)
        let unset = try await control(
            "durations", "unset", "--check", "accept", "--reason", "scanner", "--config", file,
            answer: helper(file))
        #expect(unset.output.contains("-  accept  scanner"))
        #expect(directory.text() == text)
        let again = try await control(
            "durations", "unset", "--reason", "scanner", "--config", file, answer: helper(file))
        #expect(again.status == 1)
        #expect(again.errors.contains("[durations.reason] scanner: is not in the file"))
    }

    @Test func `A dry run shows the file's difference and changes nothing`() async throws {
        let directory = try ConfigurationDirectory(text)
        let outcome = await controlAlone(
            "durations", "set", "--first", "1h", "--dry-run", "--config", directory.file)
        let lines = outcome.output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(
            lines.suffix(9) == [
                "@@ -1,6 +1,6 @@", " # The node's.", " [durations.default]", "-first = \"10m\" # short",
                "+first = \"1h\" # short", " #factor = 4", "", " [exempt]", "",
            ])
        #expect(outcome.status == 0)
        #expect(try directory.names() == ["sentinel.toml"])
        #expect(directory.text() == text)
    }

    @Test func `Without a helper it holds from the next start`() async throws {
        let directory = try ConfigurationDirectory(text)
        let outcome = await controlAlone("durations", "set", "--first", "1h", "--config", directory.file)
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("it holds from its next start"))
        #expect(directory.text()?.contains("first = \"1h\"") == true)
        let again = await controlAlone("durations", "set", "--first", "1h", "--config", directory.file)
        #expect(again.output == "Nothing to change: \(directory.file) says that already.\n")
    }

    @Test(arguments: [
        (["--first", "8d"], "[durations.default] maximum"),
        (["--factor", "0.5"], "[durations.default] factor"),
        (["--permanent-after", "0"], "[durations.default] permanent_after"),
    ])
    func `What sentinel-config would refuse is not written`(options: [String], fault: String) async throws {
        let directory = try ConfigurationDirectory(text)
        let outcome = await controlAlone(
            "durations", "set", options[0], options[1], "--config", directory.file)
        #expect(outcome.status == 1)
        #expect(
            outcome.errors.contains(
                "the configuration would be wrong then, and isn't changed:\n  \(directory.file):"))
        #expect(outcome.errors.contains(fault))
        #expect(try directory.names() == ["sentinel.toml"])
        #expect(directory.text() == text)
    }

    @Test func `A file that is wrong already is left alone, and its faults are told`() async throws {
        let directory = try ConfigurationDirectory(text + "[logs]\n")
        let outcome = await controlAlone("durations", "set", "--first", "1h", "--config", directory.file)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("wrong as it stands"))
        #expect(outcome.errors.contains("did you mean [log]?"))
        #expect(directory.text() == text + "[logs]\n")
    }

    @Test func `Where the helper refuses it, the file is as it was`() async throws {
        let directory = try ConfigurationDirectory(text)
        let outcome = try await control(
            "durations", "set", "--first", "1h", "--config", directory.file
        ) { call throws(VarlinkFailure) in
            throw VarlinkFailure(HelperInterface.ReloadRefused(problems: ["[capacity] accept: is too small"]))
        }
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("[capacity] accept: is too small"))
        #expect(outcome.errors.hasSuffix("\(directory.file) is as it was.\n"))
        #expect(directory.text() == text)
        #expect(try directory.names() == ["sentinel.toml"])
    }

    @Test func `Where the helper has read another file, this one is as it was`() async throws {
        let directory = try ConfigurationDirectory(text)
        let outcome = try await control(
            "durations", "set", "--first", "1h", "--config", directory.file,
            answer: helper(directory.file, reading: "/etc/other.toml"))
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("sentineld has read /etc/other.toml, not \(directory.file)"))
        #expect(outcome.errors.contains("--config"))
        #expect(directory.text() == text)
    }

    @Test func `Other changes that came into force with it are told`() async throws {
        let directory = try ConfigurationDirectory(text)
        let outcome = try await control(
            "durations", "set", "--first", "1h", "--config", directory.file,
            answer: helper(
                directory.file,
                changes: [
                    .init(key: "[durations.default] first", old: "\"10m\"", new: "\"1h\""),
                    .init(key: "[log] level", old: "\"info\"", new: "\"debug\""),
                ]))
        #expect(
            outcome.output.hasSuffix(
                "they are now:\n  [log] level: \"info\" → \"debug\"\n"), "\(outcome.output)")
    }

    @Test func `As JSON it has the file, what became of it, and both ladders`() async throws {
        let directory = try ConfigurationDirectory(text)
        let outcome = try await control(
            "durations", "set", "--first", "1h", "--json", "--config", directory.file,
            answer: helper(directory.file))
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        #expect(object["outcome"] as? String == "reloaded")
        #expect(object["file"] as? String == directory.file)
        #expect((object["diff"] as? String)?.contains("+first = \"1h\" # short\n") == true)
        for (name, first) in [("before", 600_000), ("after", 3_600_000)] {
            let schedules = (object[name] as? [String: Any])?["schedules"] as? [[String: Any]]
            #expect(schedules?.first?["first"] as? Int == first)
        }
    }
}

@Suite struct ExemptTests {
    @Test func `An address is added with its note, and the bans are told that have no effect now`()
        async throws
    {
        let directory = try ConfigurationDirectory(text)
        let outcome = try await control(
            "exempt", "add", "203.0.113.7", "192.0.2.7", "--note", "monitoring", "--config", directory.file,
            answer: helper(directory.file, bans: [sampleBan()]))
        #expect(outcome.status == 0)
        #expect(
            outcome.output.hasPrefix(
                "203.0.113.7 is exempt: a ban of it is refused, and its packets pass.\n1 ban"))
        #expect(outcome.output.contains("\n203.0.113.7  accept"))
        #expect(
            directory.text()
                == text.replacing("0/24\",\n", with: "0/24\",\n    \"203.0.113.7\", # monitoring\n"))
    }

    @Test func `An address is removed as the list has it`() async throws {
        let directory = try ConfigurationDirectory(text)
        let file = directory.file
        let within = try await control(
            "exempt", "remove", "198.51.100.9", "--config", file, answer: helper(file))
        #expect(within.status == 1)
        #expect(within.errors.contains("within 198.51.100.0/24, which is; remove that instead"))
        let outcome = try await control(
            "exempt", "remove", "198.51.100.0/24", "192.0.2.7", "--config", file,
            answer: helper(file, bans: [sampleBan()]))
        #expect(outcome.output.contains("192.0.2.7 is no longer exempt.\n1 ban there in effect again:\n"))
        #expect(
            directory.text()
                == text.replacing("[\n    \"192.0.2.7\", # router\n    \"198.51.100.0/24\",\n]", with: "[\n]")
        )
        let json = try await control(
            "exempt", "remove", "192.0.2.7", "--json", "--config", file, answer: helper(file))
        #expect(json.status == 1)
    }

    @Test func `Who is exempt is listed with where that comes from`() async throws {
        let entries = [
            GuardEntry(network: "127.0.0.0/8", guardName: .loopback, inKernel: true),
            GuardEntry(network: "192.0.2.1", guardName: .gateway, inKernel: true),
            GuardEntry(network: "198.51.100.0/24", guardName: .exempt, inKernel: true),
            GuardEntry(network: "2001:db8::7", guardName: .protected, caller: "user:seed", inKernel: false),
        ]
        let answer: FakeHelper.Answer = { call throws(VarlinkFailure) in
            call.reply(HelperInterface.Guarded.Reply(entries: entries))
        }
        #expect(
            try await control("exempt", answer: answer).output == """
                ADDRESS          GUARD      FROM                 IN KERNEL
                127.0.0.0/8      loopback   the standards        yes
                192.0.2.1        gateway    a default route      yes
                198.51.100.0/24  exempt     the configuration    yes
                2001:db8::7      protected  a peer of user:seed  no: banned

                """)
        let lines = try await control("exempt", "list", "--json", answer: answer).output.split(
            separator: "\n")
        #expect(lines.count == 4)
        #expect(
            lines.last
                == #"{"caller":"user:seed","guard":"protected","in_kernel":false,"network":"2001:db8::7"}"#)
    }
}
