// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// The configuration's file, as it was when it was read. Where its path is a link, what it leads to.
///
/// All is done by names within a directory that is held open, so nobody who may change the path can have another file
/// written. Whoever changes the file by sentinelctl has it locked meanwhile (flock(2)), and the one that takes its place
/// as well, so that nobody begins before it is known what becomes of that.
struct ConfigurationFile: ~Copyable {
    /// Where sentineld looks if nothing else is said.
    static let defaultPath = "/etc/sentinel/sentinel.toml"

    /// What it is called in messages: without links.
    let path: String
    let text: [UInt8]

    private let directory: OwnedDescriptor
    private let name: String
    private let status: stat
    private let file: OwnedDescriptor
    private var newFile = OwnedDescriptor(-1)

    /// Whether others are kept from changing the file.
    enum Lock {
        case none
        /// For as long as this lives; `waiting` is told where somebody else has to be waited for.
        case held(waiting: () -> Void)
    }

    /// Larger files are none.
    private static var largest: Int { 1 << 20 }

    /// - Throws: why it can't be read.
    init(_ named: String, lock: Lock) throws(ControlError) {
        guard let resolved = realpath(named, nil) else { throw Self.failure(named, "can't be read", errno) }
        defer { free(resolved) }
        let path = String(cString: resolved)
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        let name = String(path[slash...].dropFirst())
        let parent = slash == path.startIndex ? "/" : String(path[..<slash])
        let directory = OwnedDescriptor(openDirectory(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        guard directory.number >= 0 else { throw Self.failure(parent, "can't be opened", errno) }
        let file = try Self.open(name, in: directory, lock, calling: path)
        (text, status) = try Self.read(file, calling: path)
        self.path = path
        self.name = name
        self.directory = directory
        self.file = file
    }

    /// A path without links; itself where it leads nowhere for this user.
    static func resolved(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Opens a file, and locks it where that is wanted.
    private static func open(
        _ name: String, in directory: borrowing OwnedDescriptor, _ lock: Lock, calling path: String
    ) throws(ControlError) -> OwnedDescriptor {
        while true {
            // O_NONBLOCK: a named pipe must not hold up the command, it is refused when it is read.
            let flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
            let file = OwnedDescriptor(openat(directory.number, name, flags))
            guard file.number >= 0 else { throw failure(path, "can't be read", errno) }
            guard case .held(let waiting) = lock else { return file }
            guard file.lock(waiting: waiting) else {
                if errno == EWOULDBLOCK {
                    throw ControlError(
                        .refused,
                        "\(path) is locked by another program that changes it; try again when that has ended")
                }
                throw failure(path, "can't be locked", errno)
            }
            var (held, named) = (stat(), stat())
            guard fstat(file.number, &held) == 0,
                fstatat(directory.number, name, &named, AT_SYMLINK_NOFOLLOW) == 0
            else { throw failure(path, "can't be read", errno) }
            // Who had it locked may have put another in its place.
            if (held.st_dev, held.st_ino) == (named.st_dev, named.st_ino) { return file }
        }
    }

    private static func read(
        _ file: borrowing OwnedDescriptor, calling path: String
    ) throws(ControlError) -> ([UInt8], stat) {
        var status = stat()
        guard fstat(file.number, &status) == 0 else { throw failure(path, "can't be read", errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw ControlError(.refused, "\(path) is no regular file; name the file itself with --config")
        }
        guard status.st_size <= largest, let text = file.read(atMost: largest + 1), text.count <= largest
        else {
            throw ControlError(
                .refused,
                "\(path) is larger than \(largest) bytes or can't be read; check that it is the right file")
        }
        return (text, status)
    }

    // MARK: Replacing it

    /// What stood in the file before sentinelctl changed it last.
    var previous: String { "\(path).previous" }
    private var previousName: String { "\(name).previous" }
    private var newName: String { ".\(name).new" }
    private var oldName: String { ".\(name).old" }
    /// What stood in ``previous`` before.
    private var olderName: String { ".\(name).older" }

    /// Puts another text in the file's place: whole or not at all, also where the power fails. Owner and mode stay as
    /// they are. The file as it was is ``previous``, with the time of change of the new one: as long as both have the
    /// same, nobody else has changed the file.
    mutating func replace(with new: [UInt8]) throws(ControlError) {
        let times = try write(new)
        do throws(ControlError) {
            try requireUnchanged()
            try require(linkat(directory.number, name, directory.number, oldName, 0) == 0)
            if !rename(previousName, olderName), errno != ENOENT { throw changeFailure() }
        } catch {
            remove(newName)
            remove(oldName)
            throw error
        }
        do throws(ControlError) {
            try require(rename(oldName, previousName))
            setTimes(times, of: previousName)
            try require(rename(newName, name))
            try require(fsync(directory.number) == 0)
        } catch {
            remove(newName)
            try? restore()
            throw error
        }
    }

    /// Puts the file back as it was before ``replace(with:)``, and what stood in ``previous``.
    func restore() throws(ControlError) {
        setTimes([status.st_atim, status.st_mtim], of: previousName)
        let isBack = rename(previousName, name)
        let error = errno
        if !rename(olderName, previousName), errno != ENOENT { throw changeFailure() }
        guard isBack else {
            throw ControlError(
                .refused,
                "\(path) can't be put back: \(Self.text(error)); what it was is in \(previous), copy it by hand"
            )
        }
        try require(fsync(directory.number) == 0)
    }

    /// Forgets what stood in ``previous`` before.
    func keep() { remove(olderName) }

    /// Writes a file beside, with the owner and the mode of the present one; returns its times.
    private mutating func write(_ text: [UInt8]) throws(ControlError) -> [timespec] {
        // Whoever holds the lock has no other such file: one that is there was left by a process that ended.
        remove(newName)
        remove(oldName)
        remove(olderName)
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
        let file = OwnedDescriptor(openat(directory.number, newName, flags, mode_t(0o600)))
        guard file.number >= 0 else { throw changeFailure() }
        var written = stat()
        guard file.lock(waiting: {}), fstat(file.number, &written) == 0, file.write(text),
            (written.st_uid, written.st_gid) == (status.st_uid, status.st_gid)
                || fchown(file.number, status.st_uid, status.st_gid) == 0,
            fchmod(file.number, status.st_mode & 0o7777) == 0, fsync(file.number) == 0,
            fstat(file.number, &written) == 0
        else {
            let failure = changeFailure()
            remove(newName)
            throw failure
        }
        newFile = file
        return [written.st_atim, written.st_mtim]
    }

    /// Whether the file is still the one that was read.
    private func requireUnchanged() throws(ControlError) {
        var now = stat()
        guard fstatat(directory.number, name, &now, AT_SYMLINK_NOFOLLOW) == 0, now.st_ino == status.st_ino,
            now.st_dev == status.st_dev, now.st_size == status.st_size,
            Self.same(now.st_mtim, status.st_mtim), Self.same(now.st_ctim, status.st_ctim)
        else {
            throw ControlError(
                .refused, "\(path) has been changed by somebody else meanwhile, and is left alone; try again")
        }
    }

    /// What stood in the file before sentinelctl changed it last.
    ///
    /// - Throws: that there is no such text, or that somebody else has changed the file since.
    func previousText() throws(ControlError) -> [UInt8] {
        var status = stat()
        guard fstatat(directory.number, previousName, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            if errno == ENOENT {
                throw ControlError(.refused, "there is nothing to undo: \(previous) is not there")
            }
            throw Self.failure(previous, "can't be read", errno)
        }
        guard Self.same(status.st_mtim, self.status.st_mtim) else {
            throw ControlError(
                .refused,
                "\(path) has been changed by something else than sentinelctl since, and undo would take that back too; "
                    + "compare them with \"diff \(previous) \(path)\", and change it by hand")
        }
        return try Self.read(
            Self.open(previousName, in: directory, .none, calling: previous), calling: previous
        ).0
    }

    private static func same(_ one: timespec, _ other: timespec) -> Bool {
        one.tv_sec == other.tv_sec && one.tv_nsec == other.tv_nsec
    }

    // MARK: Calls

    private func rename(_ old: String, _ new: String) -> Bool {
        renameat(directory.number, old, directory.number, new) == 0
    }

    private func remove(_ name: String) { unlinkat(directory.number, name, 0) }

    private func setTimes(_ times: [timespec], of name: String) {
        utimensat(directory.number, name, times, AT_SYMLINK_NOFOLLOW)
    }

    private func require(_ isDone: Bool) throws(ControlError) {
        guard isDone else { throw changeFailure() }
    }

    private func changeFailure() -> ControlError { Self.failure(path, "can't be changed", errno) }

    private static func text(_ error: CInt) -> String { String(cString: strerror(error)) }

    private static func failure(_ path: String, _ what: String, _ error: CInt) -> ControlError {
        switch error {
        case EACCES, EPERM:
            ControlError(.denied, "\(path) \(what) by this user; run it as root, by sudo")
        case ENOENT:
            ControlError(
                .refused, "\(path) is not there; name the file that sentineld was started with by --config")
        case EROFS:
            ControlError(
                .refused,
                "\(path) \(what): its file system is read-only; make the change where the file comes from")
        default: ControlError(.refused, "\(path) \(what): \(text(error)); see to that, and try again")
        }
    }
}

/// open(2), whose name a method above hides.
private func openDirectory(_ path: String, _ flags: CInt) -> CInt { open(path, flags) }
