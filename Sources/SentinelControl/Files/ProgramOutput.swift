// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// What another program of the system printed.
struct ProgramOutput {
    /// The exit status; nil where it was ended by a signal, for it took too long.
    var status: Int32?
    var output: [UInt8]
    /// The first line of what it complained of.
    var complaint: String

    /// Runs a program that belongs to the system to its end, with nothing to read. It is looked for where only root puts
    /// programs, not in the PATH of whoever calls.
    ///
    /// - Returns: nil where it isn't there or can't be started.
    static func of(_ name: String, _ arguments: [String], deadline: Duration = .seconds(20)) -> ProgramOutput?
    {
        let places = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].map { "\($0)/\(name)" }
        guard let path = places.first(where: { access($0, X_OK) == 0 }) else { return nil }
        var (out, err): ([CInt], [CInt]) = ([-1, -1], [-1, -1])
        guard pipe(&out) == 0 else { return nil }
        let output = OwnedDescriptor(out[0])
        guard pipe(&err) == 0 else {
            close(out[1])
            return nil
        }
        let errors = OwnedDescriptor(err[0])
        let process = start(path, arguments, output: (out[0], out[1]), errors: (err[0], err[1]))
        close(out[1])
        close(err[1])
        guard let process else { return nil }
        var texts: [[UInt8]] = [[], []]
        let isDone = collect(
            [output.number, errors.number], into: &texts, until: .now.advanced(by: deadline))
        if !isDone { kill(process, SIGKILL) }
        var ended: CInt = 0
        while waitpid(process, &ended, 0) < 0 && errno == EINTR {}
        let line = texts[1].split(separator: UInt8(ascii: "\n")).first ?? []
        return ProgramOutput(
            // WIFEXITED and WEXITSTATUS, which Swift can't see.
            status: ended & 0x7F == 0 ? ended >> 8 & 0xFF : nil, output: texts[0],
            complaint: String(decoding: line, as: UTF8.self))
    }

    private static func start(
        _ path: String, _ arguments: [String], output: (CInt, CInt), errors: (CInt, CInt)
    ) -> pid_t? {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output.1, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, errors.1, STDERR_FILENO)
        for number in [output.0, output.1, errors.0, errors.1] where number > STDERR_FILENO {
            posix_spawn_file_actions_addclose(&actions, number)
        }
        var process: pid_t = 0
        let vector: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
        let environment: [UnsafeMutablePointer<CChar>?] = [
            strdup("LC_ALL=C.UTF-8"), strdup("PATH=/usr/sbin:/usr/bin:/sbin:/bin"), nil,
        ]
        defer { for text in vector + environment { free(text) } }
        return posix_spawn(&process, path, &actions, nil, vector, environment) == 0 ? process : nil
    }

    /// Reads both until both have ended; whether they had by then.
    private static func collect(
        _ descriptors: [CInt], into texts: inout [[UInt8]], until end: ContinuousClock.Instant
    ) -> Bool {
        var waiting = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while waiting.contains(where: { $0.fd >= 0 }) {
            let left = milliseconds(end - .now)
            guard left > 0 else { return false }
            guard poll(&waiting, nfds_t(waiting.count), left) > 0 || errno == EINTR else { return false }
            for index in waiting.indices where waiting[index].fd >= 0 && waiting[index].revents != 0 {
                let count = read(waiting[index].fd, &chunk, chunk.count)
                if count > 0 {
                    texts[index] += chunk[..<count]
                } else if count == 0 || errno != EINTR {
                    waiting[index].fd = -1
                }
            }
        }
        return true
    }
}

/// As poll(2) takes it.
private func milliseconds(_ duration: Duration) -> CInt {
    CInt(
        clamping: duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
    )
}
