// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

// Its sources may be used from any thread (dispatch(3)); it doesn't say so in its types.
@preconcurrency internal import Dispatch
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// The terminal that the process reads from and writes to.
public final class Terminal: Sendable {
    /// How it was before; nil while it is so.
    private let before = Mutex<termios?>(nil)

    /// nil where the standard input or output is none.
    init?() {
        guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else { return nil }
    }

    deinit { restore() }

    /// Keys come one by one, and aren't shown (termios(3)). Control-C and Control-\ still signal; Control-Z and
    /// Control-S are keys.
    func takeKeys() {
        before.withLock { before in
            var modes = termios()
            guard tcgetattr(STDIN_FILENO, &modes) == 0 else { return }
            if before == nil { before = modes }
            modes.c_lflag &= ~tcflag_t(ICANON | ECHO | IEXTEN)
            modes.c_iflag &= ~tcflag_t(IXON)
            withUnsafeMutableBytes(of: &modes.c_cc) { characters in
                characters[Int(VMIN)] = 1
                characters[Int(VTIME)] = 0
                characters[Int(VSUSP)] = 0
            }
            tcsetattr(STDIN_FILENO, TCSADRAIN, &modes)
        }
    }

    /// All as it was.
    func restore() {
        before.withLock { before in
            guard var modes = before else { return }
            tcsetattr(STDIN_FILENO, TCSADRAIN, &modes)
            before = nil
        }
    }

    /// TIOCGWINSZ; 80 by 24 where the terminal doesn't say.
    var size: TerminalSize {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return TerminalSize(columns: 80, rows: 24)
        }
        return TerminalSize(columns: Int(size.ws_col), rows: Int(size.ws_row))
    }

    /// Hands over what is typed, as it comes; nil when the terminal is gone.
    ///
    /// - Returns: what ends it.
    func listen(_ take: @escaping @Sendable ([UInt8]?) -> Void) -> @Sendable () -> Void {
        let source = DispatchSource.makeReadSource(fileDescriptor: STDIN_FILENO, queue: .global())
        source.setEventHandler { [source] in
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = read(STDIN_FILENO, &bytes, bytes.count)
            if count > 0 { return take(Array(bytes[..<count])) }
            if count < 0, errno == EINTR || errno == EAGAIN { return }
            source.cancel()
            take(nil)
        }
        source.activate()
        return { source.cancel() }
    }

    /// Stops the process and those it belongs together with, as Control-Z does in a terminal's usual mode.
    static func stop() { kill(0, SIGTSTP) }

    /// Ends the process by a signal, as it would have ended without a handler for it.
    static func die(of number: CInt) {
        signal(number, SIG_DFL)
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, number)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        // To this thread: what is sent to the process could be taken off by who waits for it there.
        raise(number)
    }
}
