// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// JSON lines on the standard output, each written as a whole.
enum Output {
    static func print(_ line: some Encodable) {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard var bytes = try? encoder.encode(line) else { return }
        bytes.append(UInt8(ascii: "\n"))
        writeAll(Array(bytes), to: STDOUT_FILENO)
    }

    /// Writes a text to the standard error.
    static func complain(_ text: String) {
        writeAll(Array((text + "\n").utf8), to: STDERR_FILENO)
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: CInt) {
        bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let written = write(
                    descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                guard written > 0 || errno == EINTR else { return }
                rest = rest.dropFirst(max(0, written))
            }
        }
    }
}

/// What a process has used.
enum Usage {
    /// Processor time in user and kernel mode.
    static var processorTime: Duration {
        var usage = rusage()
        #if canImport(Glibc)
            guard getrusage(numericCast(RUSAGE_SELF.rawValue), &usage) == 0 else { return .zero }
        #else
            guard getrusage(RUSAGE_SELF, &usage) == 0 else { return .zero }
        #endif
        return .seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
            + .microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
    }

    /// Allows as many open sockets as the system lets it.
    static func raiseDescriptorLimit() {
        var limit = rlimit()
        #if canImport(Glibc)
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
            let resource = RLIMIT_NOFILE
        #endif
        guard getrlimit(resource, &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(resource, &limit)
    }
}

extension Duration {
    /// In seconds, to the millisecond.
    var roundedSeconds: Double {
        ((self / .milliseconds(1)).rounded()) / 1000
    }

    /// Whole microseconds.
    var microseconds: Int {
        Int(self / .microseconds(1))
    }
}
