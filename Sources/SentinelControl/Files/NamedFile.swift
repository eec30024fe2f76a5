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

/// A list of bans as a file.
struct ListFile {
    /// Where it is; `-` for the standard input.
    let path: String

    /// Larger than any list of the whole Internet's addresses that is in use.
    private static let longest = 2 << 30

    /// The name by which messages call it.
    var name: String { path == "-" ? "the standard input" : path }

    /// Reads all of it.
    func read() throws -> [UInt8] {
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw problem(
                "can't be opened: \(Self.reason)", "name a file that is there and may be read, or -")
        }
        defer { if path != "-" { close(descriptor) } }
        var bytes: [UInt8] = []
        var status = stat()
        if fstat(descriptor, &status) == 0, status.st_size > 0 {
            guard status.st_size <= Self.longest else {
                throw problem("is larger than 2 GiB", "split it into parts")
            }
            bytes.reserveCapacity(Int(status.st_size))
        }
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = chunk.withUnsafeMutableBytes { readBytes(descriptor, $0) }
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw problem("can't be read: \(Self.reason)", "name a file that may be read, or -")
            }
            bytes.append(contentsOf: chunk[..<count])
            guard bytes.count <= Self.longest else {
                throw problem("is larger than 2 GiB", "split it into parts")
            }
        }
    }

    /// Writes it so that at any time there is the old file or the new one whole: beside it, synced, then renamed. What
    /// is there and is no regular file, a pipe or a device, is written to.
    func write(_ bytes: [UInt8]) throws {
        var status = stat()
        let isThere = stat(path, &status) == 0
        if isThere, status.st_mode & S_IFMT != S_IFREG {
            let descriptor = open(path, O_WRONLY | O_CLOEXEC)
            guard descriptor >= 0 else {
                throw problem("can't be opened: \(Self.reason)", "name a file that may be written")
            }
            defer { close(descriptor) }
            guard Self.writeAll(bytes, to: descriptor) else {
                throw problem("can't be written: \(Self.reason)", "name another file")
            }
            return
        }
        // What a link leads to is replaced, not the link.
        let target = isThere ? Self.resolved(path) ?? path : path
        let temporary = "\(target).\(UUID().uuidString.prefix(8))"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw problem(
                "can't be written beside: \(Self.reason)", "name a file in a directory that may be written")
        }
        defer { close(descriptor) }
        do {
            if isThere {
                // As far as this user may: the list stays as readable as it was.
                _ = fchown(descriptor, status.st_uid, status.st_gid)
                _ = fchmod(descriptor, status.st_mode & 0o7777)
            }
            guard Self.writeAll(bytes, to: descriptor), fsync(descriptor) == 0, rename(temporary, target) == 0
            else {
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
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    private static func resolved(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: CInt) -> Bool {
        bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = writeBytes(descriptor, UnsafeRawBufferPointer(rebasing: rest))
                guard count >= 0 || errno == EINTR else { return false }
                rest = rest.dropFirst(max(count, 0))
            }
            return true
        }
    }

    private static var reason: String { String(cString: strerror(errno)) }

    private func problem(_ what: String, _ remedy: String) -> ControlError {
        ControlError(.usage, "\(name) \(what); \(remedy)")
    }
}

/// read(2) and write(2), whose names the methods above hide.
private func readBytes(_ descriptor: CInt, _ bytes: UnsafeMutableRawBufferPointer) -> Int {
    bytes.baseAddress.map { read(descriptor, $0, bytes.count) } ?? 0
}

private func writeBytes(_ descriptor: CInt, _ bytes: UnsafeRawBufferPointer) -> Int {
    bytes.baseAddress.map { write(descriptor, $0, bytes.count) } ?? 0
}
