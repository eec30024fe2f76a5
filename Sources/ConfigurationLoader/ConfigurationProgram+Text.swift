// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CLinux
internal import Glibc
public import SentinelConfiguration

extension ConfigurationProgram {
    /// What a configuration says that need not be in any file. Blocks the calling thread until the program has ended.
    ///
    /// - Parameter file: what it is called in messages.
    /// - Throws: everything that is wrong with it, or why the program can't be run.
    public func configuration(
        ofText text: [UInt8], file: String, deadline: Duration = .seconds(10)
    ) throws(ConfigurationError) -> Configuration {
        let result = try start(
            arguments: ["--confined", "--name=\(file)", "-"], input: try Self.input(text, file), on: file,
            deadline: ContinuousClock.now.advanced(by: deadline))
        return try configuration(from: result, file: file)
    }

    /// A configuration's text with some changes; see ``ConfigurationEdit``. Whether it is valid then isn't looked at.
    /// Blocks the calling thread until the program has ended.
    ///
    /// - Parameter file: what it is called in messages.
    /// - Throws: what is wrong with the text, which change can't be made and why, or why the program can't be run.
    public func edited(
        _ text: [UInt8], by edits: [ConfigurationEdit], file: String, deadline: Duration = .seconds(10)
    ) throws(ConfigurationError) -> [UInt8] {
        let result = try start(
            arguments: ["--confined", "--name=\(file)", "--edit=\(try ConfigurationEdit.json(edits))", "-"],
            input: try Self.input(text, file), on: file, deadline: ContinuousClock.now.advanced(by: deadline),
            // What is added is less than the program's arguments, of which the kernel takes 128 KiB.
            maximumOutput: text.count + (1 << 18))
        guard result.end == .exited(0) else { throw failure(result, file: file) }
        return result.output
    }

    private static func input(_ text: [UInt8], _ file: String) throws(ConfigurationError) -> Descriptor {
        let number = text.withUnsafeBytes { clinux_memory_file($0.baseAddress, $0.count) }
        guard number >= 0 else {
            throw ConfigurationError(
                file: file,
                fault: "can't be handed over: memfd_create(2): \(String(cString: strerror(errno)))",
                remedy: "see that there are file descriptors and memory left")
        }
        return Descriptor(number)
    }
}
