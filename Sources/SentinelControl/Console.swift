// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import PlainText
public import SentinelProtocol

/// Where a command is run from and what surrounds it: all that a test wants to have in its own hands.
public struct Console: Sendable {
    /// Writes to the standard output.
    ///
    /// - Throws: ``OutputClosed``
    public var write: @Sendable (String) throws(OutputClosed) -> Void
    /// Writes a line to the standard error. What can't be written there can't be told anywhere.
    public var writeError: @Sendable (String) -> Void
    /// Asks a question and reads a line as the answer, nil at the input's end; nil where there is nobody to answer.
    public var ask: (@Sendable (_ question: String) -> String?)?
    /// Shows how far something is, in the place of what was shown before; nothing, empty, when it is done. nil where
    /// there is no terminal to show it on.
    public var showProgress: (@Sendable (String) -> Void)?
    /// The columns there are; nil: as many as it takes.
    public var width: Int?
    /// Whether colours may be used.
    public var hasColours: Bool
    /// The terminal that keys come from and that the output is shown on; nil where either is none, or one that can't
    /// move its cursor.
    public var terminal: Terminal?
    public var now: @Sendable () -> Timestamp
    public var localTime: LocalTime
    public var environment: [String: String]
    /// What this host is called.
    public var host: String

    public init(
        write: @escaping @Sendable (String) throws(OutputClosed) -> Void,
        writeError: @escaping @Sendable (String) -> Void,
        ask: (@Sendable (_ question: String) -> String?)? = nil,
        showProgress: (@Sendable (String) -> Void)? = nil, width: Int? = nil, hasColours: Bool = false,
        now: @escaping @Sendable () -> Timestamp, localTime: LocalTime, environment: [String: String] = [:],
        host: String = "this host"
    ) {
        self.write = write
        self.writeError = writeError
        self.ask = ask
        self.showProgress = showProgress
        self.width = width
        self.hasColours = hasColours
        self.now = now
        self.localTime = localTime
        self.environment = environment
        self.host = host
    }
}

/// Whoever read the output reads no more: `sentinelctl list | head`. There is nothing to complain of.
public struct OutputClosed: Error {
    public init() {}
}

extension Console {
    /// Writes lines to the standard output.
    func print(_ lines: [Line]) throws(OutputClosed) {
        guard !lines.isEmpty else { return }
        try write(lines.map { $0.rendered(inColours: hasColours) + "\n" }.joined())
    }

    func print(_ line: Line) throws(OutputClosed) {
        try print([line])
    }

    /// Says something on the standard error that is no part of the output: that there is none, for example.
    func remark(_ text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        writeError(lines.map { String($0).sanitised }.joined(separator: "\n"))
    }

    /// Says what is wrong: `what, where; remedy`.
    func complain(_ text: String) {
        remark("sentinelctl: \(text)")
    }

    /// A moment as the clock shows it and as seen from now: `2026-11-21 05:12:33 (in 12 min)`.
    func moment(_ time: Timestamp) -> String {
        "\(localTime.text(time)) (\(time.relative(to: now())))"
    }
}
