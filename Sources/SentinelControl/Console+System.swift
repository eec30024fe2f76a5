// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

extension Console {
    /// The process's own. Colours are for a terminal, and not where the environment has NO_COLOR or a dumb TERM.
    /// COLUMNS in the environment says how wide the output is; without it, a terminal itself does.
    public static func system() -> Console {
        let environment = ProcessSurroundings.environment
        let isTerminal = isatty(STDOUT_FILENO) == 1
        let isColourful =
            (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"].map { $0 != "dumb" } ?? false
        let columns = environment["COLUMNS"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
        var console = Console(
            write: { (text: String) throws(OutputClosed) -> Void in
                guard ProcessSurroundings.write(text, to: STDOUT_FILENO) else { throw OutputClosed() }
            },
            writeError: { text in _ = ProcessSurroundings.write(text + "\n", to: STDERR_FILENO) },
            ask: isatty(STDIN_FILENO) == 1 ? ProcessSurroundings.ask : nil,
            showProgress: isatty(STDERR_FILENO) == 1 ? ProcessSurroundings.show : nil,
            width: columns ?? (isTerminal ? ProcessSurroundings.terminalWidth : nil),
            hasColours: isTerminal && isColourful, now: { ProcessSurroundings.now }, localTime: .system,
            environment: environment, host: ProcessSurroundings.host)
        if let kind = environment["TERM"], !["", "dumb", "unknown"].contains(kind) {
            console.terminal = Terminal()
        }
        return console
    }
}

/// The system calls behind the console.
private enum ProcessSurroundings {
    static var environment: [String: String] {
        var values: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                values[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            next += 1
        }
        return values
    }

    /// write(2), all of it; whether that went well.
    static func write(_ text: String, to descriptor: CInt) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)[...]
            while !rest.isEmpty {
                let count = writeBytes(descriptor, UnsafeRawBufferPointer(rebasing: rest))
                guard count >= 0 || errno == EINTR else { return false }
                rest = rest.dropFirst(max(count, 0))
            }
            return true
        }
    }

    @Sendable static func ask(_ question: String) -> String? {
        _ = write(question, to: STDERR_FILENO)
        return readLine()
    }

    /// At the beginning of the line, which is cleared (ECMA-48, EL).
    @Sendable static func show(_ progress: String) {
        _ = write("\r\u{1B}[K" + progress, to: STDERR_FILENO)
    }

    /// TIOCGWINSZ; 80 where the terminal doesn't say.
    static var terminalWidth: Int {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// gethostname(3)
    static var host: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0, name[0] != 0 else { return "this host" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// clock_gettime(2)
    static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(rawValue: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}

/// write(2), whose name the method above hides.
private func writeBytes(_ descriptor: CInt, _ bytes: UnsafeRawBufferPointer) -> Int {
    bytes.baseAddress.map { write(descriptor, $0, bytes.count) } ?? 0
}
