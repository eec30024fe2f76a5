// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import ConfigurationLoader
internal import SentinelConfiguration
internal import SentinelProtocol
internal import Varlink

/// Changes the configuration's file and has the helper take it over: both, or neither.
struct FileEditor {
    let console: Console
    let helper: HelperAddress
    let options: ConfigurationOptions

    init(_ console: Console, _ helper: HelperAddress, _ options: ConfigurationOptions) {
        self.console = console
        self.helper = helper
        self.options = options
    }

    /// Makes changes.
    ///
    /// - Parameter edits: which, for the configuration as it is.
    func change(_ edits: (Configuration) throws -> [ConfigurationEdit]) async throws -> FileChange {
        try await replace { file, program, before in
            do {
                return try program.edited(file.text, by: try edits(before), file: file.path)
            } catch let error as ConfigurationError {
                throw ControlError(.refused, "nothing is changed:\n\(Self.list(error))")
            }
        }
    }

    /// Puts the file back as it was before its last change by this command; which undoing it again takes back.
    func undo() async throws -> FileChange {
        try await replace { file, _, _ in try file.previousText() }
    }

    private typealias NewText = (borrowing ConfigurationFile, ConfigurationProgram, Configuration) throws ->
        [UInt8]

    private func replace(_ newText: NewText) async throws -> FileChange {
        let console = console
        var file = try ConfigurationFile(
            options.config,
            lock: options.dryRun
                ? .none : .held { console.remark("Waiting for another sentinelctl that changes the file.") })
        let program: ConfigurationProgram
        let before: Configuration
        do {
            program = try ConfigurationProgram.find()
            before = try program.configuration(ofText: file.text, file: file.path)
        } catch {
            throw ControlError(
                .refused, "the configuration is wrong as it stands, and isn't changed:\n\(Self.list(error))")
        }
        let text = try newText(file, program, before)
        let after: Configuration
        do {
            after = try program.configuration(ofText: text, file: file.path)
        } catch {
            throw ControlError(
                .refused, "the configuration would be wrong then, and isn't changed:\n\(Self.list(error))")
        }
        let diff = UnifiedDiff.lines(
            from: file.text, named: file.path, to: text, named: "\(file.path) (changed)")
        var change = FileChange(
            file: file.path, before: before, after: after, diff: diff,
            outcome: text == file.text ? .unchanged : .dryRun)
        guard !options.dryRun, change.outcome != .unchanged else { return change }
        (change.outcome, change.changes) = try await apply(text, to: &file)
        return change
    }

    /// Writes the file and has it taken over.
    private func apply(
        _ text: [UInt8], to file: inout ConfigurationFile
    ) async throws -> (FileChange.Outcome, [HelperInterface.Reload.Change]) {
        guard let client = try await connect() else {
            try file.replace(with: text)
            file.keep()
            return (.nextStart, [])
        }
        try await checkFile(file, client)
        try file.replace(with: text)
        let reply: HelperInterface.Reload.Reply
        do {
            reply = try await client.call(HelperInterface.reload, .init(), timeout: HelperAddress.patience)
        } catch let error where error.code == .errorReply {
            let refusal = ControlError(error, socket: helper.socket)
            try file.restore()
            throw ControlError(refusal.status, "\(refusal.message)\n\(file.path) is as it was.")
        } catch {
            file.keep()
            throw ControlError(
                .unreachable,
                "\(ControlError(error, socket: helper.socket).message)\n\(file.path) is changed; whether sentineld has "
                    + "taken it over, \"sentinelctl reload\" shows.")
        }
        file.keep()
        return (.reloaded, reply.changes)
    }

    /// A connection to the helper; nil where it isn't running.
    private func connect() async throws -> VarlinkClient? {
        do {
            return try await helper.connect()
        } catch {
            let error = ControlError(error, socket: helper.socket)
            guard error.status == .unreachable else { throw error }
            return nil
        }
    }

    /// Makes sure that the helper reads this file, before anything is changed.
    private func checkFile(_ file: borrowing ConfigurationFile, _ client: VarlinkClient) async throws {
        let reply: HelperInterface.Reload.Reply
        do {
            reply = try await client.call(
                HelperInterface.reload, .init(dryRun: true), timeout: HelperAddress.patience)
        } catch  where error.code == .errorReply {
            // What it reads can't be taken. Where that is this file as it is now, the change may mend it.
            return
        } catch {
            throw ControlError(error, socket: helper.socket)
        }
        guard let own = reply.file, ConfigurationFile.resolved(own) != file.path else { return }
        throw ControlError(
            .refused,
            "sentineld has read \(own), not \(file.path), which is as it was; name that one by --config")
    }

    private static func list(_ error: ConfigurationError) -> String {
        error.problems.map { "  \($0)" }.joined(separator: "\n")
    }
}
