// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Glibc
internal import SentinelConfiguration

extension ConfigurationProgram {
    /// Opens a configuration file that only root and the caller's own user can have written.
    static func open(_ file: String) throws(ConfigurationError) -> Descriptor {
        let absence = ConfigurationError(
            file: file, fault: "is not there",
            remedy: "copy the sentinel.toml that comes with sentineld to this place")
        let descriptor = try open(file, orElse: absence)
        let status = try status(of: descriptor, file)
        guard status.st_uid == 0 || status.st_uid == geteuid() else {
            throw ConfigurationError(
                file: file, fault: "belongs to user \(status.st_uid), who could change it",
                remedy: "run `chown root \(file)`")
        }
        try require(status, isNotWritableBy: S_IWGRP | S_IWOTH, "go-w", file)
        return descriptor
    }

    /// Opens a list of addresses, which not everybody may be able to write. Who fetches it may be a user of its own.
    static func openList(_ file: String) throws(ConfigurationError) -> Descriptor {
        let absence = ConfigurationError(file: file, fault: "is not there", remedy: "have it put there")
        let descriptor = try open(file, orElse: absence)
        try require(try status(of: descriptor, file), isNotWritableBy: S_IWOTH, "o-w", file)
        return descriptor
    }

    private static func require(
        _ status: stat, isNotWritableBy others: mode_t, _ mode: String, _ file: String
    ) throws(ConfigurationError) {
        guard status.st_mode & others != 0 else { return }
        throw ConfigurationError(
            file: file,
            fault: "can be written by others: its mode is \(String(status.st_mode & 0o7777, radix: 8))",
            remedy: "run `chmod \(mode) \(file)`")
    }

    /// Opens a regular file.
    ///
    /// - Parameter absence: what is thrown where there is none.
    private static func open(
        _ file: String, orElse absence: ConfigurationError
    ) throws(ConfigurationError) -> Descriptor {
        func failure(_ fault: String, _ remedy: String) -> ConfigurationError {
            ConfigurationError(file: file, fault: fault, remedy: remedy)
        }
        guard !file.utf8.contains(0) else { throw failure("is no path", "a path has no NUL in it") }
        // O_NONBLOCK: a named pipe must not hold up the start, it is refused below.
        let number = Glibc.open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        guard number >= 0 else {
            let reason = String(cString: strerror(errno))
            throw switch errno {
            case ENOENT: absence
            case EACCES:
                failure(
                    "may not be read by user \(geteuid())",
                    "let that user read it, as by chown and chmod u+r, and enter its directories")
            default: failure("can't be opened: \(reason)", "check its path")
            }
        }
        let descriptor = Descriptor(number)
        guard try status(of: descriptor, file).st_mode & S_IFMT == S_IFREG else {
            throw failure("is no regular file", "name the file itself")
        }
        return descriptor
    }

    /// fstat(2)
    private static func status(
        of descriptor: borrowing Descriptor, _ file: String
    ) throws(ConfigurationError) -> stat {
        var status = stat()
        guard fstat(descriptor.number, &status) == 0 else {
            throw ConfigurationError(
                file: file, fault: "can't be examined: \(String(cString: strerror(errno)))",
                remedy: "check its file system")
        }
        return status
    }
}
