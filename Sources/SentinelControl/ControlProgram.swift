// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import ArgumentParser
internal import NIOCore
internal import NIOPosix
internal import Varlink

/// `sentinelctl` as a library: the operator's command.
public enum ControlProgram {
    /// Carries a command line out.
    ///
    /// - Parameter arguments: without the program's name.
    /// - Returns: the exit status, as `sentinelctl --help` explains it.
    public static func run(_ arguments: [String], on console: Console) async -> Int32 {
        await status(of: arguments, on: console).rawValue
    }

    private static func status(of arguments: [String], on console: Console) async -> ExitStatus {
        do {
            var command = try Sentinelctl.parseAsRoot(arguments)
            guard let verb = command as? any Verb else {
                try command.run()
                return .done
            }
            return await run(verb, on: console)
        } catch {
            return end(error, on: console)
        }
    }

    /// Carries a command line of a verb's out, by connections to the helper on a group that is there already.
    ///
    /// - Parameter arguments: without the program's name.
    static func status(
        of arguments: [String], on console: Console, _ helper: HelperAddress
    ) async -> ExitStatus {
        do {
            guard let verb = try Sentinelctl.parseAsRoot(arguments) as? any Verb else { return .usage }
            return await perform(verb, on: console, helper)
        } catch {
            return end(error, on: console)
        }
    }

    /// The help that was asked for, or what is wrong with the command line.
    private static func end(_ error: any Error, on console: Console) -> ExitStatus {
        let text = Sentinelctl.fullMessage(for: error, columns: console.width ?? 80)
        guard !Sentinelctl.exitCode(for: error).isSuccess else {
            // Whoever closes the output has read enough of it.
            try? console.write(text + "\n")
            return .done
        }
        // The full message ends with which verb's help to see; its usage line says less than that help.
        let hint = text.split(separator: "\n").last { $0.contains("--help") }?.drop { $0 == " " }
        let message = Sentinelctl.message(for: error)
        console.complain(hint.map { "\(message)\n\($0)" } ?? message)
        return .usage
    }

    private static func run(_ verb: some Verb, on console: Console) async -> ExitStatus {
        let socket = verb.common.socket(console.environment)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let status = await perform(verb, on: console, HelperAddress(socket: socket, group: group))
        // Nothing depends on how this ends: the process does.
        try? await group.shutdownGracefully()
        return status
    }

    private static func perform(
        _ verb: some Verb, on console: Console, _ helper: HelperAddress
    ) async -> ExitStatus {
        do {
            return try await verb.perform(console, helper)
        } catch is OutputClosed {
            return .done
        } catch let error as ControlError {
            console.complain(error.message)
            return error.status
        } catch let error as VarlinkError {
            let error = ControlError(error, socket: helper.socket)
            console.complain(error.message)
            return error.status
        } catch {
            console.complain("\(error)")
            return .refused
        }
    }
}
