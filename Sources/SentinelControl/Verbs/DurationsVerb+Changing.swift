// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import ArgumentParser
internal import SentinelConfiguration
internal import SentinelProtocol

/// Which bans the durations are for that are changed.
struct DurationsSection: ParsableArguments {
    @Option(help: "Bans of this check.")
    var check: CheckName?

    @Option(
        help: ArgumentHelp("Bans for this reason.", valueName: "code"), transform: reasonCode)
    var reason: String?

    /// The section of the file that is for just these.
    var key: ConfigurationKey {
        var key = ConfigurationKey("durations")
        if let check { key = key.appending("check").appending(check.rawValue) }
        if let reason { key = key.appending("reason").appending(reason) }
        return check == nil && reason == nil ? key.appending("default") : key
    }
}

extension DurationsVerb {
    struct Set: Verb {
        static let configuration = CommandConfiguration(
            commandName: "set",
            abstract: "Change how long bans last, in the configuration's file and at once.",
            discussion: """
                The keys of [durations.default] are set, or of the section for the check, the reason or both that are \
                named; all else in the file stays as it is, comments too. The change is checked first, by the rules of \
                sentinel-config --check, then written as a whole, then taken over by sentineld; where that refuses it, \
                the file is as it was. Bans in force keep the ends that they have.

                The file as it was is beside it, as sentinel.toml.previous: "durations undo" puts it back.

                EXAMPLES:
                  sentinelctl durations set --first 1h --factor 2 --maximum 7d
                  sentinelctl durations set --check accept --reason rate-limit --first 6h
                  sentinelctl durations set --reason scanner --permanent-after 3 --dry-run
                """)

        @OptionGroup var section: DurationsSection

        @Option(help: ArgumentHelp("How long the first ban lasts.", valueName: "1h"), transform: durationText)
        var first: String?

        @Option(
            help: ArgumentHelp("How many times longer each further ban is.", valueName: "2"),
            transform: number)
        var factor: ConfigurationEdit.Value?

        @Option(help: ArgumentHelp("How long a ban lasts at most.", valueName: "7d"), transform: durationText)
        var maximum: String?

        @Option(
            help: ArgumentHelp("The share of a ban that chance may take off.", valueName: "0.1"),
            transform: number)
        var jitter: ConfigurationEdit.Value?

        @Option(
            help: ArgumentHelp("How long a strike is remembered.", valueName: "30d"), transform: durationText)
        var forgetAfter: String?

        @Option(
            help: ArgumentHelp(
                "The strike from which on a ban is for good, or never.", valueName: "10|never"),
            transform: strikes)
        var permanentAfter: ConfigurationEdit.Value?

        @OptionGroup var file: ConfigurationOptions

        @OptionGroup var common: CommonOptions

        func validate() throws {
            guard !values.isEmpty else {
                throw ValidationError("nothing says what to change; name --first, --factor or another key")
            }
        }

        private var values: [(name: String, value: ConfigurationEdit.Value)] {
            let all: [(name: String, value: ConfigurationEdit.Value?)] = [
                ("first", first.map { .text($0) }), ("factor", factor),
                ("maximum", maximum.map { .text($0) }),
                ("jitter", jitter), ("forget_after", forgetAfter.map { .text($0) }),
                ("permanent_after", permanentAfter),
            ]
            return all.compactMap { name, value in value.map { (name, $0) } }
        }

        func perform(_ console: Console, _ helper: HelperAddress) async throws -> ExitStatus {
            let section = section.key
            let edits = values.map { ConfigurationEdit.set(section.appending($0.name), $0.value) }
            let change = try await FileEditor(console, helper, file).change { _ in edits }
            return try DurationsChange(change).show(on: console, json: common.json)
        }
    }

    struct Unset: Verb {
        static let configuration = CommandConfiguration(
            commandName: "unset",
            abstract: "Remove the durations of a check, a reason or both, so that those for more bans hold.",
            discussion: """
                The section of the configuration's file goes with its keys; comments stay.

                EXAMPLES:
                  sentinelctl durations unset --reason rate-limit
                  sentinelctl durations unset --check accept --reason rate-limit --dry-run
                """)

        @OptionGroup var section: DurationsSection

        @OptionGroup var file: ConfigurationOptions

        @OptionGroup var common: CommonOptions

        func validate() throws {
            guard section.check != nil || section.reason != nil else {
                throw ValidationError(
                    "nothing says whose durations to remove; name --check, --reason or both")
            }
        }

        func perform(_ console: Console, _ helper: HelperAddress) async throws -> ExitStatus {
            let section = section.key
            let change = try await FileEditor(console, helper, file).change { _ in [.remove(section)] }
            return try DurationsChange(change).show(on: console, json: common.json)
        }
    }

    struct Undo: Verb {
        static let configuration = CommandConfiguration(
            commandName: "undo",
            abstract: "Take back the last change that sentinelctl made to the configuration's file.",
            discussion: """
                The file and sentinel.toml.previous change places, so undoing it again brings the change back. A change \
                by "exempt" is taken back as well. Where the file has been changed by something else since, it is left \
                alone.

                EXAMPLES:
                  sentinelctl durations undo --dry-run
                  sentinelctl durations undo
                """)

        @OptionGroup var file: ConfigurationOptions

        @OptionGroup var common: CommonOptions

        func perform(_ console: Console, _ helper: HelperAddress) async throws -> ExitStatus {
            let change = try await FileEditor(console, helper, file).undo()
            return try DurationsChange(change).show(on: console, json: common.json, isUndone: true)
        }
    }
}

/// A change of durations, as it is told.
private struct DurationsChange {
    let change: FileChange

    init(_ change: FileChange) { self.change = change }

    func show(on console: Console, json: Bool, isUndone: Bool = false) throws -> ExitStatus {
        if json {
            let report = FileChangeReport(change) { HelperInterface.Durations.Reply($0.durations) }
            try console.write(JSONText.document(report))
            return .done
        }
        let (old, new) = (
            HelperInterface.Durations.Reply(change.before.durations),
            HelperInterface.Durations.Reply(change.after.durations)
        )
        if old != new {
            try console.print(DurationTable(console).lines(from: old, to: new) + [Line()])
        } else if change.outcome == .reloaded || change.outcome == .nextStart {
            try console.print(change.diffLines + [Line()])
        }
        try console.print(change.closing(undo: !isUndone))
        try console.print(change.others(than: isUndone ? ["[durations", "[exempt]"] : ["[durations"]))
        return .done
    }
}

/// Reads a duration as configurations write it.
private func durationText(_ text: String) throws -> String {
    do {
        _ = try DurationText(parsing: text)
        return text
    } catch {
        throw ValidationError("\(error.fault); \(error.remedy)")
    }
}

/// Reads a number: one without a fraction is written as an integer.
private func number(_ text: String) throws -> ConfigurationEdit.Value {
    if let integer = Int(text) { return .integer(integer) }
    guard let number = Double(text), number.isFinite else {
        throw ValidationError("\(ConfigurationKey.quoted(text)) is no number; write 2 or 0.1")
    }
    return .number(number)
}

/// Reads a number of strikes, or never.
private func strikes(_ text: String) throws -> ConfigurationEdit.Value {
    if text == "never" { return .text(text) }
    guard let strikes = Int(text) else {
        throw ValidationError(
            "\(ConfigurationKey.quoted(text)) is no number of strikes; write 10, or never for none")
    }
    return .integer(strikes)
}
