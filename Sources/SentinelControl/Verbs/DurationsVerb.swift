// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import ArgumentParser
internal import Sentinel
internal import SentinelProtocol
internal import Varlink

struct DurationsVerb: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "durations",
        abstract: "Show how long bans last, try it out, and change it.",
        discussion: """
            EXAMPLES:
              sentinelctl durations
              sentinelctl durations set --reason rate-limit --first 1h
              sentinelctl durations try --check accept --reason rate-limit --strikes 0..8
            """,
        subcommands: [Show.self, Try.self, Set.self, Unset.self, Undo.self], defaultSubcommand: Show.self)

    struct Show: Verb {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract:
                "Show the ladder of bans for each check and reason, as the configuration in force says.",
            discussion: """
                Of several lines that fit a ban the one holds that names its check and its reason, then that of the \
                reason, then that of the check, then the one for all others. The columns 1ST to 4TH say how long the \
                ban for that strike lasts at most.

                EXAMPLES:
                  sentinelctl durations
                  sentinelctl durations --json | jq '.schedules[] | select(.reason == "rate-limit")'
                """)

        @OptionGroup var common: CommonOptions

        func perform(_ console: Console, _ helper: HelperAddress) async throws -> ExitStatus {
            let durations = try await helper.connect().call(
                HelperInterface.durations, timeout: HelperAddress.patience)
            if common.json {
                try console.write(JSONText.document(durations))
            } else {
                try console.print(DurationTable(console).lines(durations))
            }
            return .done
        }
    }

    struct Try: Verb {
        static let configuration = CommandConfiguration(
            commandName: "try",
            abstract: "Show how long a ban would last that came now, by the strikes before it.",
            discussion: """
                Nothing is changed, and nobody is banned.

                EXAMPLES:
                  sentinelctl durations try --check accept --reason rate-limit
                  sentinelctl durations try --check dial --strikes 3
                  sentinelctl durations try --check network --reason scanner --strikes 0..20 --json
                """)

        @Option(help: "Where the denial takes effect.")
        var check: CheckName

        @Option(
            help: ArgumentHelp("The code that the node gives, [a-z0-9-].", valueName: "code"),
            transform: reasonCode)
        var reason = "operator"

        @Option(
            help: ArgumentHelp(
                "How many strikes are remembered: one number, or from..to.", valueName: "strikes"),
            transform: Strikes.init(argument:))
        var strikes = Strikes(range: 0...8)

        @OptionGroup var common: CommonOptions

        func perform(_ console: Console, _ helper: HelperAddress) async throws -> ExitStatus {
            let durations = try await helper.connect().call(
                HelperInterface.durations, timeout: HelperAddress.patience)
            guard let schedule = durations.schedule(check: check.check, reason: reason) else {
                throw ControlError(
                    .refused, "the helper names no duration for all bans; is it of this version?")
            }
            let steps = try strikes.range.map { try DurationStep(strikes: $0, schedule) }
            if common.json {
                try console.write(steps.map { try JSONText.line($0) }.joined())
            } else {
                try console.print(DurationTable(console).lines(steps, schedule))
            }
            return .done
        }
    }
}

/// How many strikes came before.
struct Strikes: Hashable, Sendable {
    var range: ClosedRange<Int>

    init(range: ClosedRange<Int>) { self.range = range }

    /// - Throws: `ValidationError`: what can't be read, and what can be.
    init(argument text: String) throws {
        let parts = text.split(separator: "..", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { Int($0) }
        guard numbers.count == parts.count, (1...2).contains(numbers.count), let first = numbers.first,
            let last = numbers.last, 0 <= first, first <= last, last <= Self.most,
            last - first < Self.mostAtOnce
        else {
            throw ValidationError(
                "write one number of strikes, 3, or a range of at most \(Self.mostAtOnce), 0..8, none beyond \(Self.most)"
            )
        }
        range = first...last
    }

    private static let most = 65_535
    private static let mostAtOnce = 1000
}

/// A step of the ladder, as it is told.
struct DurationStep: Encodable, Hashable {
    /// How many strikes came before.
    var strikes: Int
    /// How long the ban lasts, chance taking off most; absent: for good.
    var shortest: Milliseconds?
    var longest: Milliseconds?

    init(strikes: Int, _ schedule: Schedule) throws {
        self.strikes = strikes
        do {
            let terms = try DurationSchedule(
                .init(
                    first: schedule.first.duration, factor: schedule.factor,
                    maximum: schedule.maximum.duration,
                    jitter: schedule.jitter, forgetAfter: schedule.forgetAfter.duration,
                    permanentAfter: schedule.permanentAfter))
            guard let length = terms.longest(strikes: strikes + 1).map({ Milliseconds($0) }) else { return }
            longest = length
            shortest = Milliseconds(rawValue: Int64(Double(length.rawValue) * (1 - schedule.jitter)))
        } catch {
            throw ControlError(.refused, "the helper names a duration that can't be: \(error)")
        }
    }
}

/// Reads a reason's code.
func reasonCode(_ text: String) throws -> String {
    guard let reason = Reason(text) else {
        throw ValidationError("a reason is 1 to 48 of a to z, 0 to 9 and \"-\", as rate-limit")
    }
    return reason.description
}
