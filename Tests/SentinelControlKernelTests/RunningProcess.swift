// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Foundation
internal import NamespaceSupport

/// A process that runs beside the test, whose lines on both outputs can be waited for.
final class RunningProcess: Sendable {
    enum Source: Sendable {
        case output, errors
    }

    private let process: Process
    private let lines: AsyncStream<(Source, String)>
    private let exit: AsyncStream<Int32>

    /// Starts it in the calling thread's namespaces.
    init(_ arguments: [String], environment: [String: String] = [:]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let (lines, continuation) = AsyncStream.makeStream(of: (Source, String).self)
        let (exit, ended) = AsyncStream.makeStream(of: Int32.self)
        let (printed, complained) = (Pipe(), Pipe())
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = printed
        process.standardError = complained
        process.terminationHandler = {
            ended.yield($0.terminationStatus)
            ended.finish()
        }
        try process.run()
        for (pipe, source) in [(printed, Source.output), (complained, .errors)] {
            Thread.detachNewThread {
                var buffer = Data()
                while true {
                    let data = pipe.fileHandleForReading.availableData
                    guard !data.isEmpty else { return }
                    buffer += data
                    while let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
                        continuation.yield((source, String(decoding: buffer[..<end], as: UTF8.self)))
                        buffer = Data(buffer[(end + 1)...])
                    }
                }
            }
        }
        self.process = process
        self.lines = lines
        self.exit = exit
    }

    /// Waits for a line that contains a text, and returns it.
    func line(_ source: Source, containing text: String) async throws -> String {
        for await (from, line) in lines where from == source && line.contains(text) { return line }
        throw SupportError("the process ended without saying \"\(text)\"")
    }

    /// Tells it to end (SIGTERM), and waits until it has.
    @discardableResult
    func end() async -> Int32? {
        process.terminate()
        return await exit.first { _ in true }
    }
}
