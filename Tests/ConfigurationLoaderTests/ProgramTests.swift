// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import ConfigurationLoader
import Foundation
import SentinelConfiguration
import Testing

/// What running `program` on `file` says is wrong.
private func problems(_ program: ConfigurationProgram, _ file: String) throws -> [String] {
    let error = try #require(throws: ConfigurationError.self) { try program.run(file: file) }
    return error.problems.map(\.description)
}

/// sentinel-config itself, as it was built, lies beside the tests.
@Suite struct ProgramTests {
    @Test func `The program is found beside the calling executable`() throws {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let expected = URL(filePath: own).deletingLastPathComponent().appending(path: "sentinel-config").path
        #expect(try ConfigurationProgram.find().path == expected)
    }

    @Test func `A file comes back as a configuration`() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write(
            """
            [table]
            name = "second"
            [durations.reason.rate]
            first = "1m"
            """)
        var expected = Configuration()
        expected.table.name = "second"
        var terms = expected.durations.fallback
        terms.first = .seconds(60)
        expected.durations.byReason["rate"] = terms
        #expect(try ConfigurationProgram.find().run(file: file) == expected)
    }

    @Test func `A file that its owner alone may read is read`() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("", mode: 0o600)
        #expect(try ConfigurationProgram.find().run(file: file) == Configuration())
    }

    @Test func `Every problem of a file comes back with its line and remedy`() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write(
            """
            [log]
            level = "infos"
            [durations.default]
            first = "10 m"
            """)
        let error = try #require(throws: ConfigurationError.self) {
            try ConfigurationProgram.find().run(file: file)
        }
        #expect(
            error.description == """
                \(file):2: [log] level: "infos" is unknown; did you mean "info"?
                \(file):4: [durations.default] first: "10 m" is no duration; write whole numbers with units, the \
                longest first, as "90s", "1h30m" or "7d"; the units are ms, s, m, h, d and w
                """)
        #expect(error.problems.count == 2)
    }

    @Test func `A file that nobody should trust is refused`() throws {
        let directory = try TemporaryDirectory()
        let program = try ConfigurationProgram.find()
        let absent = "\(directory.path)/absent"
        #expect(
            try problems(program, absent)
                == ["\(absent): is not there; copy the sentinel.toml that comes with sentineld to this place"]
        )
        #expect(
            try problems(program, directory.path) == [
                "\(directory.path): is no regular file; name the file itself"
            ])
        for mode in [0o646, 0o664] {
            let file = try directory.write("", mode: mode)
            #expect(
                try problems(program, file) == [
                    "\(file): can be written by others: its mode is \(String(mode, radix: 8)); run `chmod go-w \(file)`"
                ])
        }
        #expect(try problems(program, "a\0b").count == 1)
    }

    @Test func `A named pipe is refused rather than waited for`() throws {
        let directory = try TemporaryDirectory()
        let pipe = "\(directory.path)/pipe"
        try #require(mkfifo(pipe, 0o600) == 0)
        #expect(
            try problems(ConfigurationProgram.find(), pipe) == [
                "\(pipe): is no regular file; name the file itself"
            ])
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give a file away"))
    func `A file of another user is refused`() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("")
        try #require(chown(file, 1000, 1000) == 0)
        #expect(
            try problems(ConfigurationProgram.find(), file)
                == ["\(file): belongs to user 1000, who could change it; run `chown root \(file)`"])
    }

    @Test func `A program that can't be started is told with the call that failed`() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("")
        #expect(
            try problems(ConfigurationProgram(path: "/no/such/program"), file) == [
                "\(file): can't be read, as /no/such/program can't be started: execve(2): No such file or directory; "
                    + "check that it is there, and that every user may reach and run it"
            ])
    }

    @Test(arguments: [
        ("kill -SEGV $$", "was killed by signal 11"), ("exit 7", "ended with status 7"),
        ("exit 2", "ended with status 2"),
        ("echo broken >&2; exit 1", "ended with status 1, saying \"broken\""),
        ("exec yes", "printed more than 1048576 bytes"),
    ])
    func `A program that goes wrong is told by its end`(text: String, end: String) throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("")
        let program = try directory.script(text)
        #expect(
            try problems(ConfigurationProgram(path: program), file)
                == ["\(file): can't be read: \(program) \(end); see what `\(program) --check \(file)` says"])
    }

    @Test func `What a program complains of can't act on a terminal`() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("")
        let program = try directory.script("printf 'a\\033[31m; b\\n\\377; d' >&2; exit 2")
        #expect(
            try problems(ConfigurationProgram(path: program), file) == ["a\\u{1B}[31m; b", "\u{FFFD}; d"])
    }

    @Test func `What a program prints is checked again`() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("")
        let printer = ConfigurationProgram(path: try directory.script("exec cat \(directory.path)/json"))
        let json = try Configuration().json
        _ = try directory.write(json, to: "json")
        #expect(try printer.run(file: file) == Configuration())

        for (changed, problem) in [
            (
                json.replacing("\"ipv6_prefix\":64", with: "\"ipv6_prefix\":129"),
                "[table] ipv6_prefix: 129 is out of range; it is from 32 to 128"
            ),
            (
                json.dropLast() + ",\"more\":1}",
                "the configuration has keys that this version doesn't know; install sentineld and sentinel-config from "
                    + "the same release"
            ),
        ] {
            _ = try directory.write(changed, to: "json")
            #expect(try problems(printer, file) == ["\(file): \(problem)"])
        }
    }
}
