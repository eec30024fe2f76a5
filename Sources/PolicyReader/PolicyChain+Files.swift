// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Sentinel
public import SentinelConfiguration
internal import TOMLDocument

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

extension PolicyChain {
    /// Reads a chain from a file, and the lists that it names, from the same directory where their paths aren't
    /// absolute.
    ///
    /// - Parameters:
    ///   - file: its path; `-` for the standard input, which is to lie in the working directory.
    ///   - name: what the file is called in messages, where that isn't its path.
    ///   - now: by the clock of the sentinel that the policies are for.
    ///   - wallTime: the same moment.
    /// - Throws: as ``init(toml:file:now:wallTime:lists:)``, or why a file can't be read.
    public init(
        contentsOf file: String, called name: String? = nil, now: MonotonicInstant,
        wallTime: WallTime = .now()
    ) throws(ConfigurationError) {
        let name = name ?? file
        // One byte more than is accepted, so that a larger file is seen to be one.
        let bytes = try Input(file, called: name).read(atMost: Self.maximumFileSize + 1)
        let directory = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
        try self.init(toml: bytes, file: name, now: now, wallTime: wallTime) {
            (path, count) throws(ConfigurationError) in
            let path = path.hasPrefix("/") ? path : directory + path
            return try Input(path, called: path, .regular).read(atMost: count)
        }
    }
}

extension WallTime {
    /// By the system's clock, `CLOCK_REALTIME`.
    public static func now() -> WallTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return WallTime(sinceEpoch: .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec))
    }
}
