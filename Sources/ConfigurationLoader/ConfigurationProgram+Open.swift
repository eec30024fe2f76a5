// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Glibc
internal import SentinelConfiguration

extension ConfigurationProgram {
    /// Opens a configuration file that only root and the caller's own user can have written.
    static func open(_ file: String) throws(ConfigurationError) -> Descriptor {
        func failure(_ fault: String, _ remedy: String) -> ConfigurationError {
            ConfigurationError(file: file, fault: fault, remedy: remedy)
        }
        guard !file.utf8.contains(0) else { throw failure("is no path", "a path has no NUL in it") }
        // O_NONBLOCK: a named pipe must not hold up the start, it is refused below.
        let number = Glibc.open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        guard number >= 0 else {
            let reason = String(cString: strerror(errno))
            throw switch errno {
            case ENOENT:
                failure("is not there", "copy the sentinel.toml that comes with sentineld to this place")
            case EACCES:
                failure(
                    "may not be read by user \(geteuid())",
                    "let that user read it, as by chown and chmod u+r, and enter its directories")
            default: failure("can't be opened: \(reason)", "check its path")
            }
        }
        let descriptor = Descriptor(number)
        var status = stat()
        guard fstat(number, &status) == 0 else {
            throw failure("can't be examined: \(String(cString: strerror(errno)))", "check its file system")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw failure("is no regular file", "name the file itself")
        }
        guard status.st_uid == 0 || status.st_uid == geteuid() else {
            throw failure("belongs to user \(status.st_uid), who could change it", "run `chown root \(file)`")
        }
        guard status.st_mode & (S_IWGRP | S_IWOTH) == 0 else {
            let mode = String(status.st_mode & 0o7777, radix: 8)
            throw failure("can be written by others: its mode is \(mode)", "run `chmod go-w \(file)`")
        }
        return descriptor
    }
}
