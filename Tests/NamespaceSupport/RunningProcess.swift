// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Foundation
internal import Glibc
internal import Synchronization

/// A program that runs while a test does, in the test's namespace. It is killed at the latest when this object goes,
/// or when the test's process does.
public final class RunningProcess: Sendable {
    /// How a program ended.
    public enum End: Hashable, Sendable {
        case exited(Int32)
        case killed(signal: Int32)
    }

    public let processID: Int32
    private let process: Process
    private let output = Reader()
    private let errors = Reader()
    /// Reads from a pipe that ends with the test's process, and kills the program then.
    private let reaper: Process
    private let lifeline = Pipe()

    fileprivate init(_ arguments: [String], environment: [String: String], input: Int32?) throws {
        process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput =
            input.map { FileHandle(fileDescriptor: $0, closeOnDealloc: false) } ?? FileHandle.nullDevice
        process.standardOutput = output.pipe
        process.standardError = errors.pipe
        try process.run()
        processID = process.processIdentifier
        output.start()
        errors.start()
        reaper = Process()
        reaper.executableURL = URL(fileURLWithPath: "/bin/sh")
        reaper.arguments = ["-c", "read line || kill -KILL \(processID) 2>/dev/null"]
        reaper.standardInput = lifeline
        try reaper.run()
    }

    deinit {
        if process.isRunning { kill(processID, SIGKILL) }
        if reaper.isRunning { kill(reaper.processIdentifier, SIGKILL) }
    }

    public var isRunning: Bool { process.isRunning }

    /// Sends a signal, unless the program has ended.
    public func signal(_ number: Int32) {
        if process.isRunning { kill(processID, number) }
    }

    /// Waits until the program has ended.
    public func end() async throws -> End {
        try await onFreshThread { [self] in
            process.waitUntilExit()
            // Its number may be another's from now on.
            if reaper.isRunning { kill(reaper.processIdentifier, SIGKILL) }
            return process.terminationReason == .exit
                ? .exited(process.terminationStatus) : .killed(signal: process.terminationStatus)
        }
    }

    /// What the program has printed, once it has ended.
    public func printed() async throws -> String { try await onFreshThread { [self] in output.all() } }

    /// What the program has complained of, once it has ended.
    public func complaints() async throws -> String { try await onFreshThread { [self] in errors.all() } }
}

extension NetworkNamespace {
    /// Starts a program inside the namespace.
    ///
    /// - Parameter input: the descriptor that is its standard input; nil: nothing to read.
    public func start(
        _ arguments: [String], environment: [String: String] = [:], input: Int32? = nil
    ) async throws -> RunningProcess {
        try await run { try RunningProcess(arguments, environment: environment, input: input) }
    }
}

/// Takes what a program writes, so that it never waits for a reader.
private final class Reader: Sendable {
    let pipe = Pipe()
    private let text = Mutex("")
    private let group = DispatchGroup()

    func start() {
        group.enter()
        Thread.detachNewThread { [self] in
            let data = pipe.fileHandleForReading.readDataToEndOfFile()
            text.withLock { $0 = String(decoding: data, as: UTF8.self) }
            group.leave()
        }
    }

    /// Waits for the end.
    func all() -> String {
        group.wait()
        return text.withLock { $0 }
    }
}
