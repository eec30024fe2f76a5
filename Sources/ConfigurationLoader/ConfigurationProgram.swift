// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CLinux
internal import Glibc
public import SentinelConfiguration

/// The program `sentinel-config`, which reads a configuration in a process of its own that has no privileges.
///
/// The file is opened here and handed over as the program's standard input, so the program needs no right to
/// read it. What comes back is decoded and checked again: a program that was taken over can give a configuration
/// that its operator didn't write, and nothing else.
public struct ConfigurationProgram: Hashable, Sendable {
    /// The program's absolute path.
    public let path: String

    public init(path: String) {
        self.path = path
    }

    /// The user and the group of the program where the caller is root: nobody.
    static let nobody: (user: uid_t, group: gid_t) = (65_534, 65_534)
    /// The largest configuration that is taken from the program, in bytes.
    static let maximumOutput = 1 << 20
    /// How much the program may say about what is wrong, in bytes.
    static let maximumErrors = 1 << 16

    /// Reads a configuration file. Blocks the calling thread until the program has ended.
    ///
    /// - Parameters:
    ///   - file: the configuration's path.
    ///   - deadline: how long the program may take. It takes a hundredth of a second for a file of usual size.
    /// - Throws: everything that is wrong with the configuration; or why the file can't be trusted, or the program
    ///   not be run.
    public func run(
        file: String, deadline: Duration = .seconds(10)
    ) throws(ConfigurationError) -> Configuration {
        let result = try start(
            arguments: ["--confined", "--name=\(file)", "-"], input: try Self.open(file), on: file,
            deadline: ContinuousClock.now.advanced(by: deadline))
        return try configuration(from: result, file: file)
    }

    /// Starts the program, and collects what it says.
    ///
    /// - Parameter maximumOutput: how much it may print, in bytes.
    func start(
        arguments: [String], input: borrowing Descriptor, on file: String, deadline: ContinuousClock.Instant,
        maximumOutput: Int = maximumOutput
    ) throws(ConfigurationError) -> ProgramResult {
        let output = try Pipe(for: file)
        let errors = try Pipe(for: file)
        var spawned = clinux_spawned()
        let error = withArguments([path] + arguments) { arguments in
            clinux_spawn_unprivileged(
                path, arguments, input.number, output.writing.number, errors.writing.number,
                Self.nobody.user, Self.nobody.group, &spawned) == 0 ? 0 : errno
        }
        guard error == 0 else {
            let call = spawned.failed.map { String(cString: $0) } ?? ""
            throw ConfigurationError(
                file: file,
                fault:
                    "can't be read, as \(path) can't be started: \(call): \(String(cString: strerror(error)))",
                remedy: "check that it is there, and that every user may reach and run it")
        }
        // The program alone can write from here on, so there is an end to read when it ends.
        return ProgramRun(
            pid: spawned.pid, descriptor: Descriptor(spawned.descriptor), output: output.reading(),
            errors: errors.reading()
        ).finish(by: deadline, maximumOutput: maximumOutput)
    }

    func configuration(
        from result: ProgramResult, file: String
    ) throws(ConfigurationError) -> Configuration {
        switch result.end {
        case .exited(0):
            do {
                // print(_:) ends the line.
                let json =
                    result.output.last == UInt8(ascii: "\n") ? result.output.dropLast() : result.output[...]
                let configuration = try Configuration(json: json)
                try configuration.validate()
                return configuration
            } catch {
                throw ConfigurationError(
                    error.problems.map { problem in
                        var problem = problem
                        problem.file = file
                        return problem
                    })
            }
        default: throw failure(result, file: file)
        }
    }

    /// Why the program has read nothing.
    func failure(_ result: ProgramResult, file: String) -> ConfigurationError {
        if result.end == .exited(2), !result.complaints.isEmpty {
            return ConfigurationError(result.complaints)
        }
        let said = result.complaints.first.map { ", saying \"\($0.fault)\"" } ?? ""
        return ConfigurationError(
            file: file, fault: "can't be read: \(path) \(result.end)\(said)",
            remedy: "see what `\(path) --check \(file)` says")
    }
}

/// Calls `body` with a vector of C strings that ends with NULL.
private func withArguments<Result>(
    _ arguments: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var vector: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
    vector.append(nil)
    defer { for string in vector { free(string) } }
    return vector.withUnsafeBufferPointer { body($0.baseAddress!) }
}
