// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A listening Unix stream socket, closed with its owner unless it is released.
struct ListeningSocket: ~Copyable {
    /// -1 where it was given away.
    private var descriptor: CInt
    /// The file, where it is ours to remove.
    let path: BoundPath?

    init(_ listener: VarlinkService.Listener) throws(VarlinkServiceError) {
        switch listener {
        case .path(let path, let mode): try self.init(path: path, mode: mode)
        case .descriptor(let descriptor): try self.init(adopting: descriptor)
        }
    }

    deinit { if descriptor >= 0 { _ = close(descriptor) } }

    /// Gives the descriptor away.
    consuming func release() -> CInt {
        defer { descriptor = -1 }
        return descriptor
    }

    // MARK: A socket of our own

    private init(path: String, mode: UInt16) throws(VarlinkServiceError) {
        let address = try UnixAddress(path)
        try Self.removeStale(path, address)
        let descriptor = try Self.makeSocket(for: path)
        do {
            // Linux gives the file the socket's mode. So no moment passes with more rights than wanted.
            try Self.check("fchmod", path, fchmod(descriptor, mode_t(mode)))
            try Self.check("bind", path, address.withPointer { bind(descriptor, $0, $1) })
            // And once more: the umask may have taken some away.
            try Self.check("chmod", path, chmod(path, mode_t(mode)))
            try Self.check("listen", path, listen(descriptor, Int32(SOMAXCONN)))
            self.path = BoundPath(path)
            self.descriptor = descriptor
        } catch {
            _ = close(descriptor)
            throw error
        }
    }

    private static func makeSocket(for path: String) throws(VarlinkServiceError) -> CInt {
        #if os(Linux)
            let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        #else
            let descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
        #endif
        try check("socket", path, descriptor)
        return descriptor
    }

    /// Removes a socket file that nobody listens at.
    private static func removeStale(
        _ path: String, _ address: UnixAddress
    ) throws(VarlinkServiceError) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return }
            return try check("lstat", path, -1)
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw VarlinkServiceError(
                .notASocket, operation: "bind \(path)",
                remedy: "Something else is at this path: remove it, or configure another path.")
        }
        let probe = try makeSocket(for: path)
        defer { _ = close(probe) }
        // Not to wait where a service is there whose backlog is full: that is EAGAIN, and no ECONNREFUSED.
        _ = fcntl(probe, F_SETFL, O_NONBLOCK)
        guard address.withPointer({ connect(probe, $0, $1) }) != 0, errno == ECONNREFUSED else {
            throw VarlinkServiceError(
                .inUse, operation: "bind \(path)",
                remedy: "Another service listens there: stop it, or configure another path.")
        }
        if unlink(path) != 0, errno != ENOENT { try check("unlink", path, -1) }
    }

    // MARK: A socket of somebody else's

    private init(adopting descriptor: CInt) throws(VarlinkServiceError) {
        guard Self.option(SO_DOMAIN, of: descriptor) == AF_UNIX,
            Self.option(SO_TYPE, of: descriptor) == CInt(SOCK_STREAM.rawValue),
            Self.option(SO_ACCEPTCONN, of: descriptor) == 1
        else {
            throw VarlinkServiceError(
                .unfitDescriptor, operation: "adopt descriptor \(descriptor)",
                remedy: "It must be a listening Unix stream socket: in a socket unit, ListenStream=/a/path.")
        }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        self.descriptor = descriptor
        path = nil
    }

    private static func option(_ name: CInt, of descriptor: CInt) -> CInt? {
        var value: CInt = 0
        var length = socklen_t(MemoryLayout<CInt>.size)
        return getsockopt(descriptor, SOL_SOCKET, name, &value, &length) == 0 ? value : nil
    }

    private static func check(
        _ call: String, _ path: String, _ result: CInt
    ) throws(VarlinkServiceError) {
        guard result < 0 else { return }
        let cause = IOError(errnoCode: errno, reason: call)
        let remedy =
            switch cause.errnoCode {
            case ENOENT: "Its directory does not exist: make it, or configure another path."
            case EACCES, EPERM, EROFS: "This user may not write there: check the directory's owner and mode."
            case EADDRINUSE: "Another service has just begun to listen there: stop it, or use another path."
            default: "The cause names the system call that failed."
            }
        let code: VarlinkServiceError.Code = cause.errnoCode == EADDRINUSE ? .inUse : .system
        throw VarlinkServiceError(code, operation: "bind \(path)", remedy: remedy, cause: cause)
    }
}

/// `struct sockaddr_un` with a path in it.
private struct UnixAddress {
    private var address = sockaddr_un()

    init(_ path: String) throws(VarlinkServiceError) {
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard !path.isEmpty, path.utf8.count < capacity, !path.utf8.contains(0) else {
            throw VarlinkServiceError(
                .invalidPath, operation: "bind \(path)",
                remedy: "A socket's path has 1 to \(capacity - 1) bytes: configure a shorter one.")
        }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    }

    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}

/// A socket file that we made.
struct BoundPath: Sendable {
    private let path: String
    private let device: dev_t
    private let inode: ino_t

    /// Remembers which file is at `path`; nil where there is none.
    init?(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        self.path = path
        device = status.st_dev
        inode = status.st_ino
    }

    /// Removes the file, unless another has taken its place.
    func remove() {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_dev == device, status.st_ino == inode else { return }
        _ = unlink(path)
    }
}
