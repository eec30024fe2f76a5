// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Glibc

/// Where the ledger's files lie: `ledger-1.sqlite`, and after it was written anew `ledger-2.sqlite`, and so on.
///
/// A new one is written beside the old under another name, and takes over by being renamed: at any moment there is a
/// whole ledger, and the log of an old file never lies beside a new one.
struct LedgerDirectory: Hashable, Sendable {
    let path: String

    func file(_ generation: Int) -> String { "\(path)/ledger-\(generation).sqlite" }

    /// A file that is still being written.
    func draft(_ generation: Int) -> String { file(generation) + ".new" }

    /// The generations that are there, the latest last. A log whose file is missing stands for it.
    func generations() throws(LedgerError) -> [Int] {
        Set(try numbers(".sqlite") + numbers(".sqlite-wal")).sorted()
    }

    /// Those that were damaged and are kept.
    func damagedGenerations() throws(LedgerError) -> [Int] { try numbers(".sqlite.damaged").sorted() }

    private func numbers(_ suffix: String) throws(LedgerError) -> [Int] {
        try names().compactMap { name in
            guard name.hasPrefix("ledger-"), name.hasSuffix(suffix) else { return nil }
            return Int(name.dropFirst(7).dropLast(suffix.utf8.count))
        }
        .filter { $0 > 0 }
    }

    private func names() throws(LedgerError) -> [String] {
        guard let directory = opendir(path) else { throw .directory(path) }
        defer { closedir(directory) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(directory) else { break }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            names.append(name)
        }
        // Half a list would look like a ledger that isn't there.
        guard errno == 0 else { throw .directory(path) }
        return names
    }

    /// Whether a generation's file isn't there, where its log may be.
    func isMissing(_ generation: Int) -> Bool { access(file(generation), F_OK) != 0 && errno == ENOENT }

    /// Gives a draft its name, so that it is the ledger from now on.
    func publish(_ generation: Int) throws(LedgerError) {
        // A log that lay beside another file of this name would be taken for this one's.
        for suffix in ["-wal", "-shm", "-journal", LastCommit.suffix] { unlink(file(generation) + suffix) }
        guard rename(draft(generation), file(generation)) == 0 else {
            throw LedgerError(.inputOutput, "\(draft(generation)): \(String(cString: strerror(errno)))")
        }
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { close(descriptor) }
        guard descriptor >= 0, fsync(descriptor) == 0 else {
            throw LedgerError(.inputOutput, "\(path): \(String(cString: strerror(errno)))")
        }
        // Its log, which is empty by now, has kept the old name.
        removeDraft(generation)
    }

    func removeDraft(_ generation: Int) {
        for suffix in ["", "-wal", "-shm", "-journal"] { unlink(draft(generation) + suffix) }
    }

    /// Removes what interrupted runs have left: drafts, and generations before this one.
    func tidy(keeping generation: Int) {
        for name in (try? names()) ?? [] where name.hasPrefix("ledger-") && name.contains(".sqlite.new") {
            unlink("\(path)/\(name)")
        }
        for old in (try? generations()) ?? [] where old < generation { remove(old) }
    }

    func remove(_ generation: Int) {
        // The log first: without its file it is nothing.
        for suffix in ["-wal", "-shm", "-journal", LastCommit.suffix, ""] {
            unlink(file(generation) + suffix)
        }
    }

    /// Keeps a damaged file for who wants to look at it, under a second name that says so. So it is kept also where
    /// what comes next is interrupted.
    ///
    /// - Returns: where it is.
    func setAside(_ generation: Int) -> String {
        for suffix in ["-wal", ""] {
            unlink(damaged(generation) + suffix)
            link(file(generation) + suffix, damaged(generation) + suffix)
        }
        return damaged(generation)
    }

    /// Takes a generation away that was set aside, when the next has taken over. Of those that are kept only the latest
    /// stay.
    func retire(_ generation: Int) {
        for suffix in ["-wal", ""] where access(damaged(generation) + suffix, F_OK) != 0 {
            // The file system knows no second names.
            rename(file(generation) + suffix, damaged(generation) + suffix)
        }
        remove(generation)
        for old in ((try? damagedGenerations()) ?? []).dropLast(Self.mostDamaged) {
            for suffix in ["-wal", ""] { unlink(damaged(old) + suffix) }
        }
    }

    private func damaged(_ generation: Int) -> String { "\(file(generation)).damaged" }

    private static let mostDamaged = 3
}
