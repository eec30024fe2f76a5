// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import FoundationEssentials

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// A file that a command line names, to read from or to write to.
struct NamedFile {
    /// Where it is; `-` for the standard input.
    let path: String

    /// Larger than any list of the whole Internet's addresses that is in use.
    private static let longest = 2 << 30

    /// The name by which messages call it.
    var name: String { path == "-" ? "the standard input" : path }

    /// Reads all of it.
    func read() throws -> [UInt8] {
        // The standard input stays open for whoever else may want it.
        let file = OwnedDescriptor(path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC))
        guard file.number >= 0 else {
            throw problem(
                "can't be opened: \(Self.reason)", "name a file that is there and may be read, or -")
        }
        guard let bytes = file.read(atMost: Self.longest + 1) else {
            throw problem("can't be read: \(Self.reason)", "name a file that may be read, or -")
        }
        guard bytes.count <= Self.longest else {
            throw problem("is larger than 2 GiB", "split it into parts")
        }
        return bytes
    }

    /// Writes it so that at any time there is the old file or the new one whole: beside it, synced, then renamed. What
    /// is there and is no regular file, a pipe or a device, is written to.
    ///
    /// - Parameter mode: of a file that isn't there yet, less what the umask takes off.
    func write(_ bytes: [UInt8], mode: mode_t = 0o644) throws {
        var status = stat()
        let isThere = stat(path, &status) == 0
        if isThere, status.st_mode & S_IFMT != S_IFREG {
            let file = OwnedDescriptor(open(path, O_WRONLY | O_CLOEXEC))
            guard file.number >= 0 else {
                throw problem("can't be opened: \(Self.reason)", "name a file that may be written")
            }
            guard file.write(bytes) else {
                throw problem("can't be written: \(Self.reason)", "name another file")
            }
            return
        }
        // What a link leads to is replaced, not the link.
        let target = isThere ? Self.resolved(path) ?? path : path
        let temporary = "\(target).\(UUID().uuidString.prefix(8))"
        let file = OwnedDescriptor(open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode))
        guard file.number >= 0 else {
            throw problem(
                "can't be written beside: \(Self.reason)", "name a file in a directory that may be written")
        }
        do {
            if isThere {
                // As far as this user may: the list stays as readable as it was.
                _ = fchown(file.number, status.st_uid, status.st_gid)
                _ = fchmod(file.number, status.st_mode & 0o7777)
            }
            guard file.write(bytes), fsync(file.number) == 0, rename(temporary, target) == 0 else {
                throw problem(
                    "can't be written: \(Self.reason)",
                    "make room or name another file; what was there is unchanged")
            }
        } catch {
            unlink(temporary)
            throw error
        }
        Self.syncDirectory(of: target)
    }

    /// The rename is durable too, where the file system can say so.
    private static func syncDirectory(of path: String) {
        let directory =
            path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let opened = OwnedDescriptor(open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        if opened.number >= 0 { fsync(opened.number) }
    }

    private static func resolved(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private static var reason: String { String(cString: strerror(errno)) }

    private func problem(_ what: String, _ remedy: String) -> ControlError {
        ControlError(.usage, "\(name) \(what); \(remedy)")
    }
}
