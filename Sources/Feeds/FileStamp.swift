// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Which file lies at a path, and when it was changed last: another file, or other contents, have another stamp.
public struct FileStamp: Hashable, Sendable {
    public var device: UInt64
    public var inode: UInt64
    /// In bytes.
    public var size: Int64
    /// When its contents were changed, in nanoseconds since 1970-01-01T00:00Z. Programs may set it.
    public var modified: Int64
    /// When anything of it was changed, also its name, in nanoseconds since 1970-01-01T00:00Z.
    public var changed: Int64

    /// stat(2)
    ///
    /// - Throws: errno
    public init(path: String) throws(FileStampError) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw FileStampError(number: errno) }
        self.init(status)
    }

    /// fstat(2)
    ///
    /// - Throws: errno
    public init(descriptor: Int32) throws(FileStampError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileStampError(number: errno) }
        self.init(status)
    }

    private init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        #if canImport(Darwin)
            modified = status.st_mtimespec.nanoseconds
            changed = status.st_ctimespec.nanoseconds
        #else
            modified = status.st_mtim.nanoseconds
            changed = status.st_ctim.nanoseconds
        #endif
    }

    /// Whether it is a file that was finished elsewhere and then put where it is: to rename a file changes it, but not
    /// its contents. A file that is being written has both times alike.
    public var isFinished: Bool { changed > modified }

    /// When it was put there or changed, in milliseconds since 1970-01-01T00:00Z.
    public var refreshed: Int64 { changed / 1_000_000 }
}

/// Why a file can't be looked at.
public struct FileStampError: Error, Hashable, Sendable, CustomStringConvertible {
    /// errno
    public let number: Int32

    public var description: String { String(cString: strerror(number)) }
    /// Whether there is no file.
    public var isAbsence: Bool { number == ENOENT || number == ENOTDIR }
    /// Whether a directory above it may not be entered.
    public var isDenial: Bool { number == EACCES }
}

extension timespec {
    fileprivate var nanoseconds: Int64 {
        let (seconds, overflows) = Int64(tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
        return overflows ? (tv_sec < 0 ? .min : .max) : seconds &+ Int64(tv_nsec)
    }
}
