// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Foundation
internal import Synchronization

/// A command that is run to its end, or held while it runs. It starts in the calling thread's namespaces.
public struct Command {
    public let arguments: [String]
    private let input: Data
    private let process = Process()
    private let given = Pipe()
    private let printed = Pipe()
    private let complained = Pipe()

    public init(_ arguments: [String], input: String = "", environment: [String: String] = [:]) {
        self.arguments = arguments
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        self.input = Data(input.utf8)
        process.standardInput = given
        process.standardOutput = printed
        process.standardError = complained
    }

    /// Runs it and returns what it printed; throws with its errors where it fails.
    public func output() throws -> String {
        let result = try run()
        guard result.status == 0 else {
            throw SupportError("\(arguments.joined(separator: " ")): exit \(result.status): \(result.errors)")
        }
        return result.output
    }

    /// Runs it and returns everything.
    public func run() throws -> (status: Int32, output: String, errors: String) {
        try process.run()
        let (given, input, complained) = (given, input, complained)
        DispatchQueue.global().async {
            // A command that doesn't read its input to the end is no error of ours.
            try? given.fileHandleForWriting.write(contentsOf: input)
            try? given.fileHandleForWriting.close()
        }
        let collected = Collected()
        let group = DispatchGroup()
        DispatchQueue.global().async(group: group) {
            collected.store(complained.fileHandleForReading.readDataToEndOfFile())
        }
        let output = printed.fileHandleForReading.readDataToEndOfFile()
        group.wait()
        process.waitUntilExit()
        return (
            process.terminationStatus, String(decoding: output, as: UTF8.self),
            String(decoding: collected.data, as: UTF8.self)
        )
    }
}

private final class Collected: Sendable {
    private let stored = Mutex(Data())

    func store(_ data: Data) { stored.withLock { $0 = data } }
    var data: Data { stored.withLock { $0 } }
}
