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
        (change.outcome, change.changes) = try await apply(text, to: &file, expecting: after)
        return change
    }

    /// Writes the file and has it taken over.
    private func apply(
        _ text: [UInt8], to file: inout ConfigurationFile, expecting after: Configuration
    ) async throws -> (FileChange.Outcome, [HelperInterface.Reload.Change]) {
        guard let client = try await connect() else {
            try file.replace(with: text)
            file.keep()
            return (.nextStart, [])
        }
        try file.replace(with: text)
        let reply: HelperInterface.Reload.Reply
        do {
            reply = try await client.call(HelperInterface.reload, timeout: HelperAddress.patience)
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
        guard await isInForce(after, client) else {
            try file.restore()
            throw ControlError(
                .refused,
                "sentineld has read another file than \(file.path), which is as it was; name the one that sentineld was "
                    + "started with by --config (systemctl cat sentineld shows it)")
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

    /// Whether the helper has this configuration, as far as it tells: it may read another file.
    private func isInForce(_ configuration: Configuration, _ client: VarlinkClient) async -> Bool {
        let patience = HelperAddress.patience
        do {
            let durations = try await client.call(HelperInterface.durations, timeout: patience)
            guard durations == HelperInterface.Durations.Reply(configuration.durations) else { return false }
            var exempt: Set<String> = []
            for try await reply in client.stream(HelperInterface.guarded) {
                exempt.formUnion(reply.entries.filter { $0.guardName == .exempt }.map(\.network))
            }
            return exempt == Set(configuration.exempt.addresses.map { NetworkText($0).description })
        } catch {
            // It has taken a configuration over; that it doesn't tell which says nothing against this one.
            return true
        }
    }

    private static func list(_ error: ConfigurationError) -> String {
        error.problems.map { "  \($0)" }.joined(separator: "\n")
    }
}
