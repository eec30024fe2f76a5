// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Logging
internal import Synchronization

/// Hands lines on to another handler, but repeated ones are counted rather than written; see ``RepeatedLines``.
public struct CountingLogHandler: LogHandler {
    public var logLevel = Logger.Level.info
    public var metadata: Logger.Metadata = [:]
    private let lines: LogLines

    /// - Parameter lines: shared by all handlers of the same log.
    public init(_ lines: LogLines) {
        self.lines = lines
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var event = event
        event.metadata = metadata.merging(event.metadata ?? [:]) { $1 }
        lines.write(event)
    }
}

/// A log whose repeated lines are counted. Somebody has to call ``flush()`` now and then, each second for example, so
/// that what was counted is told although nothing more is logged.
public final class LogLines: Sendable {
    private let base: any LogHandler
    private let clock: HostClock
    private let repeated = Mutex(RepeatedLines())

    /// - Parameter base: who writes the lines.
    public init(_ base: any LogHandler, clock: HostClock = .system) {
        self.base = base
        self.clock = clock
    }

    fileprivate func write(_ event: LogEvent) {
        let now = clock.monotonic()
        let fields = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let (ended, isWritten) = repeated.withLock { repeated in
            let ended = repeated.end(at: now)
            let isWritten = repeated.take(
                event.message.description, fields: fields.joined(separator: "\n"), level: event.level, at: now
            )
            return (ended, isWritten)
        }
        tell(ended)
        if isWritten { base.log(event: event) }
    }

    /// Tells what was counted in windows that are over.
    public func flush() {
        let now = clock.monotonic()
        tell(repeated.withLock { $0.end(at: now) })
    }

    /// Tells all that was counted: the log ends.
    public func finish() {
        let now = clock.monotonic()
        tell(repeated.withLock { $0.endAll(at: now) })
    }

    private func tell(_ summaries: [RepeatedLines.Summary]) {
        for summary in summaries {
            base.log(
                event: LogEvent(
                    level: summary.level, message: "\(summary.text)", metadata: nil, source: nil,
                    file: #fileID,
                    function: #function, line: #line))
        }
    }
}
