// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// When the service manager is told what: signs of life as often as its watchdog wants them, the state in words when it
/// changes, and not more often than anybody reads it.
struct ManagerReports {
    /// How often a sign of life is due, in milliseconds: a third of what the manager waits; nil where it doesn't.
    let watchdogInterval: Int64?
    private var lastSign: MonotonicMilliseconds?
    private var lastStatus: (text: String, at: MonotonicMilliseconds)?

    /// The shortest time between two states in words, in milliseconds.
    static var statusInterval: Int64 { 3000 }

    /// - Parameter watchdog: how long the manager waits for a sign of life, in microseconds.
    init(watchdog: Int64?) {
        watchdogInterval = watchdog.map { max(1, $0 / 3000) }
    }

    /// What is due now.
    ///
    /// - Parameter status: the state in words; only asked for where it might be told.
    mutating func due(
        at now: MonotonicMilliseconds, status: () -> String
    ) -> [ServiceManager.Notification] {
        var due: [ServiceManager.Notification] = []
        if let watchdogInterval, lastSign.map({ now - $0 >= watchdogInterval }) ?? true {
            lastSign = now
            due.append(.watchdog)
        }
        if lastStatus.map({ now - $0.at >= Self.statusInterval }) ?? true {
            let text = status()
            if text != lastStatus?.text {
                lastStatus = (text, now)
                due.append(.status(text))
            }
        }
        return due
    }
}
