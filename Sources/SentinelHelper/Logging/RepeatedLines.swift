// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Logging

/// Which lines of a log are written, and which are only counted: whoever can have the helper log something can't have
/// it fill the disk, nor hide a line among a million others.
///
/// A window begins with the first line of a message. Within it the same line is written once, and of lines that differ
/// in their fields alone a few are; the rest is counted, and told when the window is over. In the next window it begins
/// anew. Messages of which there is too little room to keep account are counted together.
struct RepeatedLines {
    /// So many lines were left out.
    struct Summary: Hashable {
        var level: Logger.Level
        /// nil: of messages that no account was kept of.
        var message: String?
        var count: Int
        /// In how many seconds.
        var seconds: Int64
    }

    private struct Kind: Hashable {
        var level: Logger.Level
        var message: String
    }

    private struct Account {
        var begun: MonotonicMilliseconds
        /// The fields of the lines that were written.
        var written: Swift.Set<String> = []
        var count = 0
    }

    /// How long a window is, in milliseconds.
    static var window: Int64 { 60_000 }
    /// How many messages account is kept of.
    static var mostMessages: Int { 128 }
    /// How many lines with the same message and other fields are written in a window.
    static var mostLines: Int { 20 }

    private var accounts: [Kind: Account] = [:]
    /// The lines of messages that no account is kept of.
    private var others: (begun: MonotonicMilliseconds, level: Logger.Level, count: Int)?

    /// Whether a line is to be written; counts it where not.
    mutating func take(
        _ message: String, fields: String, level: Logger.Level, at now: MonotonicMilliseconds
    ) -> Bool {
        let kind = Kind(level: level, message: message)
        guard var account = accounts[kind] else {
            guard accounts.count < Self.mostMessages else {
                let before = others ?? (now, level, 0)
                others = (before.begun, max(before.level, level), before.count + 1)
                return false
            }
            accounts[kind] = Account(begun: now, written: [fields])
            return true
        }
        let isNew = account.written.count < Self.mostLines && account.written.insert(fields).inserted
        if !isNew { account.count += 1 }
        accounts[kind] = account
        return isNew
    }

    /// What is to be told of windows that are over; they are forgotten.
    mutating func end(at now: MonotonicMilliseconds) -> [Summary] {
        end(at: now) { now - $0 >= Self.window }
    }

    /// What is to be told of all windows, for there will be no later.
    mutating func endAll(at now: MonotonicMilliseconds) -> [Summary] { end(at: now) { _ in true } }

    private mutating func end(
        at now: MonotonicMilliseconds, _ isOver: (MonotonicMilliseconds) -> Bool
    ) -> [Summary] {
        var ended: [Summary] = []
        for (kind, account) in accounts where isOver(account.begun) {
            accounts[kind] = nil
            guard account.count > 0 else { continue }
            ended.append(
                Summary(
                    level: kind.level, message: kind.message, count: account.count,
                    seconds: Self.seconds(now - account.begun)))
        }
        if let others, isOver(others.begun) {
            self.others = nil
            ended.append(
                Summary(
                    level: others.level, message: nil, count: others.count,
                    seconds: Self.seconds(now - others.begun)))
        }
        return ended.sorted { ($0.message ?? "\u{10FFFF}") < ($1.message ?? "\u{10FFFF}") }
    }

    /// At least 1, for lines come in no less.
    private static func seconds(_ milliseconds: Int64) -> Int64 { max(1, (milliseconds + 500) / 1000) }
}

extension RepeatedLines.Summary {
    /// `message (repeated 1234 times in the last 60 s)`
    var text: String {
        guard let message else {
            return
                "more messages than are kept account of: \(count) lines were left out in the last \(seconds) s"
        }
        return "\(message) (repeated \(count) \(count == 1 ? "time" : "times") in the last \(seconds) s)"
    }
}
