// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// The versions of a ledger's tables.
extension LedgerFile {
    /// Each step leads from its place in the list to the next version.
    static let migrations: [[String]] = [LedgerTable.all.map(\.creation)]

    /// "SSdL", so that file(1) and we know whose it is.
    private static let applicationID: Int64 = 0x5353_644C

    /// Brings a file to the present version, in one step or not at all.
    ///
    /// - Returns: which version it had; 0 where it was empty.
    @discardableResult
    static func migrate(_ connection: Connection, by migrations: [[String]]) throws -> Int {
        let stored = try connection.integer("PRAGMA user_version") ?? 0
        let owner = try connection.integer("PRAGMA application_id") ?? 0
        guard stored == 0 || owner == applicationID else {
            throw LedgerError(.damaged, "it is a database, but no ledger")
        }
        // A bit that turned over leads to no other version.
        let version = Int(stored / versionUnit)
        guard version >= 0, Int64(version) * versionUnit == stored, stored != 0 || owner == 0 else {
            throw LedgerError(.damaged, "its version isn't what was written")
        }
        guard version <= migrations.count else {
            throw LedgerError(
                .newer,
                "the ledger has version \(version), and this sentineld knows up to \(migrations.count); install the "
                    + "later sentineld again, or move the ledger away")
        }
        guard version < migrations.count else { return version }
        try connection.execute("BEGIN IMMEDIATE")
        do {
            for statement in migrations[version...].joined() { try connection.execute(statement) }
            try connection.execute("PRAGMA application_id = \(applicationID)")
            try connection.execute("PRAGMA user_version = \(Int64(migrations.count) * versionUnit)")
            try connection.execute("COMMIT")
        } catch {
            try? connection.execute("ROLLBACK")
            throw error
        }
        return version
    }

    /// A version is stored in each of four bytes.
    private static let versionUnit: Int64 = 0x0101_0101
}
