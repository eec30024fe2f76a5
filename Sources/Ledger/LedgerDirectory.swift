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

    /// The generations that are there, the latest last.
    func generations() throws(LedgerError) -> [Int] {
        try names().compactMap { name in
            guard name.hasPrefix("ledger-"), name.hasSuffix(".sqlite") else { return nil }
            return Int(name.dropFirst(7).dropLast(7))
        }
        .filter { $0 > 0 }.sorted()
    }

    private func names() throws(LedgerError) -> [String] {
        guard let directory = opendir(path) else {
            let reason = String(cString: strerror(errno))
            throw LedgerError(
                .notAccessible,
                "\(path): \(reason); make the directory, owned by sentineld's user with mode 0700")
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            names.append(name)
        }
        return names
    }

    /// Gives a draft its name, so that it is the ledger from now on.
    func publish(_ generation: Int) throws(LedgerError) {
        guard rename(draft(generation), file(generation)) == 0 else {
            throw LedgerError(.inputOutput, "\(draft(generation)): \(String(cString: strerror(errno)))")
        }
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { close(descriptor) }
        guard descriptor >= 0, fsync(descriptor) == 0 else {
            throw LedgerError(.inputOutput, "\(path): \(String(cString: strerror(errno)))")
        }
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
        for suffix in ["-wal", "-shm", "-journal", ""] { unlink(file(generation) + suffix) }
    }

    /// Keeps a damaged file for who wants to look at it, under a name that says so; of several the latest.
    ///
    /// - Returns: where it is now.
    func setAside(_ generation: Int) -> String {
        for suffix in ["-wal", ""] {
            rename(file(generation) + suffix, "\(file(generation)).damaged\(suffix)")
        }
        let damaged = ((try? names()) ?? []).compactMap { name -> Int? in
            guard name.hasPrefix("ledger-"), name.hasSuffix(".sqlite.damaged") else { return nil }
            return Int(name.dropFirst(7).dropLast(15))
        }
        for old in damaged.sorted().dropLast(Self.mostDamaged) {
            for suffix in ["-wal", ""] { unlink("\(file(old)).damaged\(suffix)") }
        }
        return "\(file(generation)).damaged"
    }

    private static let mostDamaged = 3
}
