// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Glibc
public import Logging

/// Writes log lines to standard error: for the journal with a priority in front (sd-daemon(3)) and no time, which it
/// adds itself, for a person with both.
public struct ConsoleLogHandler: LogHandler {
    public var logLevel = Logger.Level.info
    public var metadata: Logger.Metadata = [:]
    private let isForJournal: Bool

    /// - Parameter isForJournal: whether standard error is the journal.
    public init(isForJournal: Bool) {
        self.isForJournal = isForJournal
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        let text = LogText.line(
            event.message.description, fields: fields.map { ($0.key, $0.value.description) })
        let start = isForJournal ? "<\(event.level.priority)>" : "\(Self.time()) \(event.level): "
        let line = Array((start + text + "\n").utf8)
        // One write, so that lines of two threads don't mix. A log that can't be written is nobody's to hear of.
        _ = write(STDERR_FILENO, line, line.count)
    }

    /// The local time, as 2026-01-31 12:34:56.
    private static func time() -> String {
        var now = Glibc.time(nil)
        var fields = tm()
        localtime_r(&now, &fields)
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { buffer in
            guard let start = buffer.baseAddress else { return "" }
            strftime(start, buffer.count, "%Y-%m-%d %H:%M:%S", &fields)
            return String(cString: start)
        }
    }
}

extension Logger.Level {
    /// syslog(3)'s number.
    fileprivate var priority: Int32 {
        switch self {
        case .trace, .debug: LOG_DEBUG
        case .info: LOG_INFO
        case .notice: LOG_NOTICE
        case .warning: LOG_WARNING
        case .error: LOG_ERR
        case .critical: LOG_CRIT
        }
    }
}
