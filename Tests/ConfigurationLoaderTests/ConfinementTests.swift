// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import CLinux
import Foundation
import SentinelConfiguration
import Testing

@testable import ConfigurationLoader

/// What a program prints that is run as sentinel-config would be.
private func output(of program: String, _ arguments: String..., input: String = "") throws -> String {
    let directory = try TemporaryDirectory()
    let file = try directory.write(input)
    let result = try ConfigurationProgram(path: program).start(
        arguments: arguments, input: ConfigurationProgram.open(file), on: file,
        deadline: .now.advanced(by: .seconds(60)))
    try #require(result.end == .exited(0), "\(result.end): \(String(decoding: result.errors, as: UTF8.self))")
    return String(decoding: result.output, as: UTF8.self)
}

/// The fields of a process's status, proc_pid_status(5).
private func fields(_ status: String) -> [String: [String]] {
    status.split(separator: "\n").reduce(into: [:]) { fields, line in
        let parts = line.split(separator: ":", maxSplits: 1)
        if parts.count == 2 {
            fields[String(parts[0])] = parts[1].split(whereSeparator: \.isWhitespace).map(String.init)
        }
    }
}

@Suite struct ConfinementTests {
    @Test(.enabled(if: geteuid() == 0, "only root has privileges to give up"))
    func `Started by root, it is nobody and has no privilege`() throws {
        let own = fields(try String(contentsOfFile: "/proc/self/status", encoding: .utf8))
        try #require(own["CapEff"] != ["0000000000000000"], "the test has no privileges to give up")
        let status = fields(try output(of: "/bin/cat", "/proc/self/status"))
        let nobody = [String](repeating: "65534", count: 4)
        #expect(status["Uid"] == nobody)
        #expect(status["Gid"] == nobody)
        #expect(status["Groups"] == [])
        for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
            #expect(status[set] == ["0000000000000000"], "\(set)")
        }
    }

    @Test func `Whoever starts it, it has no capabilities and gains none`() throws {
        let status = fields(try output(of: "/bin/cat", "/proc/self/status"))
        for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
            #expect(status[set] == ["0000000000000000"], "\(set)")
        }
        #expect(status["NoNewPrivs"] == ["1"])
    }

    @Test func `It has three descriptors, whatever its parent has open`() throws {
        // Not closed on exec.
        let open = open("/dev/null", O_RDONLY)
        defer { close(open) }
        let listed = try output(of: "/bin/ls", "/proc/self/fd")
        // The fourth is that of the directory that is being listed.
        #expect(listed == "0\n1\n2\n3\n")
        // The probe works: here, the descriptor is seen.
        #expect(FileManager.default.fileExists(atPath: "/proc/self/fd/\(open)"))
    }

    @Test func `It has no environment, and the root as its directory`() throws {
        try #require(!ProcessInfo.processInfo.environment.isEmpty)
        #expect(try output(of: "/usr/bin/env") == "")
        #expect(try output(of: "/bin/pwd") == "/\n")
    }

    @Test func `No signal is blocked or ignored`() throws {
        var (blocked, before) = (sigset_t(), sigset_t())
        sigemptyset(&blocked)
        sigaddset(&blocked, SIGUSR1)
        pthread_sigmask(SIG_BLOCK, &blocked, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        let own = fields(try String(contentsOfFile: "/proc/thread-self/status", encoding: .utf8))
        let bits = try #require(own["SigBlk"]?.first.flatMap { UInt64($0, radix: 16) })
        try #require(bits & 1 << UInt64(SIGUSR1 - 1) != 0)
        let status = fields(try output(of: "/bin/cat", "/proc/self/status"))
        #expect(status["SigBlk"] == ["0000000000000000"])
        #expect(status["SigIgn"] == ["0000000000000000"])
    }

    @Test func `It leaves no core`() throws {
        let limits = try output(of: "/bin/cat", "/proc/self/limits").split(separator: "\n")
        let limit = try #require(limits.first { $0.hasPrefix("Max core file size ") })
        #expect(limit.split(separator: " ").dropFirst(4).prefix(2) == ["0", "0"])
    }

    @Test(arguments: [([], "input: ok\n"), (["--confined"], "")])
    func `Confined, sentinel-config can't write to a file`(arguments: [String], written: String) throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("", to: "output")
        let process = Process()
        process.executableURL = URL(filePath: try ConfigurationProgram.find().path)
        process.arguments = arguments + ["--check", "--name=input", "-"]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: URL(filePath: file))
        try process.run()
        process.waitUntilExit()
        // SIGXFSZ ends it, or where that is blocked it tells what it couldn't do.
        #expect((process.terminationStatus == 0) == !written.isEmpty)
        #expect(try String(contentsOfFile: file, encoding: .utf8) == written)
    }

    @Test func `It is given the file as its standard input`() throws {
        #expect(try output(of: "/bin/cat", input: "[log]\n") == "[log]\n")
    }

    @Test func `One that doesn't end is ended at the deadline`() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("")
        let never = try Pipe(for: file)
        // It reads a pipe that is never closed before it ends.
        let duplicate = Descriptor(fcntl(never.writing.number, F_DUPFD_CLOEXEC, 0))
        let result = try ConfigurationProgram(path: "/bin/cat").start(
            arguments: [], input: never.reading(), on: file, deadline: .now.advanced(by: .milliseconds(50)))
        #expect(result.end == .late)
        withExtendedLifetime(duplicate.number) {}
    }

    @Test func `What it says on its standard error is taken up to a bound`() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("")
        let program = try directory.script("exec /usr/bin/head -c 1000000 /dev/zero >&2")
        let result = try ConfigurationProgram(path: program).start(
            arguments: [], input: ConfigurationProgram.open(file), on: file,
            deadline: .now.advanced(by: .seconds(60)))
        #expect(result.end == .exited(0))
        #expect(result.errors.count == ConfigurationProgram.maximumErrors)
    }
}
