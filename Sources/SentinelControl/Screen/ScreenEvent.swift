// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol

/// What the screen hears of.
enum ScreenEvent: Sendable {
    case key(Key)
    case resized(TerminalSize)
    case glance(ScreenData.Glance)
    case reading(ScreenData.Reading, took: Duration)
    /// There is no reading of the sets to be had just now.
    case unread(ControlError)
    /// The helper isn't reachable, or doesn't answer as it should.
    case failed(ControlError)
    case explained(subject: String, Result<Explanation, ControlError>)
    case done(ScreenAction, VerbOutcome)
    /// Time has passed.
    case tick
}

/// What is to be done for the screen.
enum ScreenEffect: Hashable, Sendable {
    case explain(String)
    case run(ScreenAction)
    /// Bans have changed, or may have: look.
    case refresh
    /// Paint all anew.
    case repaint
    /// Stop as Control-Z has a program stop.
    case suspend
    case quit
}

/// Something that one of sentinelctl's verbs does.
struct ScreenAction: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case ban(subject: String, length: String)
        case lift(key: String)
        case exempt
    }

    var kind: Kind
    /// The command line, without the program's name.
    var arguments: [String]
    /// What is being done: "banning 203.0.113.7".
    var doing: String
}

/// What a verb has printed, and how it ended.
struct VerbOutcome: Hashable, Sendable {
    var status: ExitStatus
    var output: [String]
    var errors: [String]
}
