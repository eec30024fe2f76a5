// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import PolicyReader
import Sentinel
import SentinelConfiguration
import Testing

/// A directory that ends with its owner.
private struct Directory: ~Copyable {
    let path = FileManager.default.temporaryDirectory.path + "/policies-\(UUID().uuidString)"

    init() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file and returns its path.
    func write(_ text: String, to name: String) throws -> String {
        try Data(text.utf8).write(to: URL(filePath: "\(path)/\(name)"))
        return "\(path)/\(name)"
    }
}

/// sentinel-config, as it was built: it lies beside the tests.
private func run(_ arguments: String...) throws -> (status: Int32, output: String, errors: String) {
    let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let process = Process()
    process.executableURL = URL(filePath: own).deletingLastPathComponent().appending(path: "sentinel-config")
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    let printed = output.fileHandleForReading.readDataToEndOfFile()
    let complained = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (
        process.terminationStatus, String(decoding: printed, as: UTF8.self),
        String(decoding: complained, as: UTF8.self)
    )
}

@Suite struct ProgramTests {
    @Test func `A list lies beside the file that names it`() throws {
        let directory = try Directory()
        let file = try directory.write(
            "[[policy]]\nkind = \"deny\"\nfile = \"enemies.txt\"", to: "policies.toml")
        let list = try directory.write("203.0.113.7\n", to: "enemies.txt")
        let now = MonotonicInstant(nanoseconds: 0)
        let chain = try PolicyChain(contentsOf: file, now: now)
        #expect((chain.policies[0] as? AccessList)?.count == 1)
        let absolute = try directory.write("[[policy]]\nkind = \"deny\"\nfile = \"\(list)\"", to: "a.toml")
        #expect((try PolicyChain(contentsOf: absolute, now: now).policies[0] as? AccessList)?.count == 1)
    }

    @Test func `A list that is no file is refused rather than waited for`() throws {
        let directory = try Directory()
        let file = try directory.write("[[policy]]\nkind = \"deny\"\nfile = \"pipe\"", to: "policies.toml")
        try #require(mkfifo("\(directory.path)/pipe", 0o600) == 0)
        let error = try #require(throws: ConfigurationError.self) {
            try PolicyChain(contentsOf: file, now: MonotonicInstant(nanoseconds: 0))
        }
        #expect(
            error.description
                == "\(file):3: [[policy]] file: \"pipe\" is no regular file; name the file itself")
    }

    @Test func `A good chain is printed in words, or as JSON, and its notes apart`() throws {
        let directory = try Directory()
        let file = try directory.write(
            """
            [[policy]]
            kind = "deny"
            entries = [{ subject = "203.0.113.7", until = 2020-01-01T00:00:00Z }]
            [[policy]]
            kind = "rate"
            preset = "heartwood"
            """, to: "policies.toml")
        let words = try run("--check-policies", file)
        #expect(words.status == 0)
        #expect(
            words.output == """
                \(file): ok; the policies in their order, the first that denies decides:
                1. deny (deny, line 1)
                   denies who is on it: nobody, so far; asked at every check
                2. rate (rate, line 4)
                   each IPv4 address may come 5/s, 1024 at once
                   each IPv6 /64 may come 5/s, 1024 at once
                   counted at accept, loopback exempt; its denials at accept and dial go to the kernel

                """)
        #expect(
            words.errors.hasPrefix("note: \(file):3: [[policy.entries]] until: 2020-01-01T00:00:00Z is past"))
        let json = try run("--check-policies", "--json", file)
        #expect(json.status == 0 && json.output.hasPrefix("{\"policy\":[{\"checks\":"))
    }

    @Test func `A bad chain ends it with 2, and each problem has a line`() throws {
        let directory = try Directory()
        let file = try directory.write("[[policy]]\nkind = \"dney\"\n[[policy]]\n", to: "policies.toml")
        let result = try run("--check-policies", file)
        #expect(result.status == 2 && result.output.isEmpty)
        let lines = result.errors.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.first == "\(file):2: [[policy]] kind: \"dney\" is unknown; did you mean \"deny\"?")
        #expect(lines.last?.hasPrefix("\(file):3: [[policy]] kind: is missing") == true)
        let missing = try run("--check-policies", "\(directory.path)/gone.toml")
        #expect(missing.status == 2 && missing.errors.contains("gone.toml: can't be opened"))
    }

    @Test(arguments: [
        ["--check-policies"], ["--check-policies", "--check", "f"], ["--json", "f"],
        ["--default", "--check-policies"],
    ])
    func `What goes not together is refused with 64`(arguments: [String]) throws {
        #expect(
            try run(arguments[0], arguments.count > 1 ? arguments[1] : "--confined", arguments.last ?? "")
                .status == 64)
    }
}
