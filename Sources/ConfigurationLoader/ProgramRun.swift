// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CLinux
internal import Glibc
internal import SentinelConfiguration

/// A program that runs.
struct ProgramRun: ~Copyable {
    private let pid: pid_t
    /// pidfd_open(2): readable once the program has ended.
    private let descriptor: Descriptor
    private let output: Descriptor
    private let errors: Descriptor

    init(
        pid: pid_t, descriptor: consuming Descriptor, output: consuming Descriptor,
        errors: consuming Descriptor
    ) {
        self.pid = pid
        self.descriptor = descriptor
        self.output = output
        self.errors = errors
    }

    /// Collects what the program says until it has ended, or else ends it.
    consuming func finish(by deadline: ContinuousClock.Instant, maximumOutput: Int) -> ProgramResult {
        var result = ProgramResult()
        var isOver = false
        var polled = [descriptor.number, output.number, errors.number].map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        while !isOver {
            guard Self.wait(for: &polled, until: deadline) else {
                result.end = .late
                break
            }
            // A negative descriptor is left out by poll(2): whatever has come to its end is over.
            if polled[1].revents != 0, !take(from: output, to: &result.output) { polled[1].fd = -1 }
            if polled[2].revents != 0, !take(from: errors, to: &result.errors) { polled[2].fd = -1 }
            result.errors.removeLast(max(0, result.errors.count - ConfigurationProgram.maximumErrors))
            if polled[0].revents != 0 { polled[0].fd = -1 }
            if result.output.count > maximumOutput {
                result.end = .talkative(most: maximumOutput)
                break
            }
            isOver = polled.allSatisfy { $0.fd < 0 }
        }
        if !isOver { kill(pid, SIGKILL) }
        let end = reap()
        if isOver { result.end = end }
        return result
    }

    /// - Returns: whether something is ready; not so at the deadline.
    private static func wait(for polled: inout [pollfd], until deadline: ContinuousClock.Instant) -> Bool {
        while true {
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { return false }
            // Rounded up, so that it never waits for nothing.
            let count = poll(&polled, nfds_t(polled.count), CInt(clamping: left.milliseconds + 1))
            if count > 0 { return true }
            if count < 0, errno != EINTR { return false }
        }
    }

    /// - Returns: whether more may come.
    private func take(from descriptor: borrowing Descriptor, to bytes: inout [UInt8]) -> Bool {
        guard let read = descriptor.read(atMost: 65_536), !read.isEmpty else { return false }
        bytes += read
        return true
    }

    private func reap() -> ProgramResult.End {
        var signal: CInt = 0
        let status = clinux_reap(pid, &signal)
        guard status >= 0 else { return .lost }
        return signal == 0 ? .exited(status) : .killed(signal)
    }
}
