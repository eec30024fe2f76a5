// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import Testing

@Suite(.timeLimit(.minutes(1))) struct PythonInteropTests {
    @Test func `Varlink's own Python package introspects and calls the service`() async throws {
        try await TestService.with { service in
            let output = try await python(
                String(decoding: PackageResources.interop_py, as: UTF8.self), service.path)
            #expect(output == "ok\n")
        }
    }
}

/// Runs a script by `python3` and returns what it says. Wherever it doesn't end well the test fails, be it
/// that Python is missing.
func python(_ script: String, _ arguments: String...) async throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", "-c", script] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    let ended = AsyncStream<Void> { continuation in
        process.terminationHandler = { _ in continuation.finish() }
    }
    try process.run()
    for await _ in ended {}
    let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    try #require(
        process.terminationStatus == 0,
        "this test wants python3 with the package varlink (pip install varlink==31.0.0); it said: \(text)")
    return text
}
