// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Glibc

/// Keeps everybody else out of a ledger's directory, for as long as it is there.
///
/// An flock(2) of the directory itself. SQLite's own locks come too late, when files have been looked at and judged, are
/// let go between one file and the next, and all end when the process closes any descriptor of that file.
final class LedgerLock: Sendable {
    private let descriptor: Int32

    /// - Throws: `inUse` where somebody holds it, be it in this process.
    init(path: String) throws(LedgerError) {
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .directory(path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            close(descriptor)
            throw reason == EWOULDBLOCK
                ? LedgerError(
                    .inUse,
                    "\(path): another sentineld has this ledger open; stop it, or give this one another state directory"
                )
                : LedgerError(
                    .notAccessible,
                    "\(path): it can't be locked, \(String(cString: strerror(reason))); a local file system is wanted"
                )
        }
    }

    deinit { close(descriptor) }
}

extension LedgerError {
    /// The directory can't be opened, for the reason that errno tells.
    static func directory(_ path: String) -> LedgerError {
        LedgerError(
            .notAccessible,
            "\(path): \(String(cString: strerror(errno))); make the directory, owned by sentineld's user with mode 0700"
        )
    }
}
