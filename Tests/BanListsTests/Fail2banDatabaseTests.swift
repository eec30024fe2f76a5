// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import BanLists
import CSQLite
import Fail2banDatabase
import Foundation
import Testing

@Suite struct Fail2banDatabaseTests {
    /// A database of these statements, in a place of its own.
    private func database(_ statements: String) throws -> String {
        let path = FileManager.default.temporaryDirectory.path + "/\(UUID().uuidString).sqlite3"
        var handle: OpaquePointer?
        try #require(sqlite3_open(path, &handle) == SQLITE_OK)
        defer { sqlite3_close(handle) }
        try #require(sqlite3_exec(handle, statements, nil, nil, nil) == SQLITE_OK)
        return path
    }

    private static let tables = """
        CREATE TABLE bans(jail TEXT NOT NULL, ip TEXT, timeofban INTEGER NOT NULL, bantime INTEGER NOT NULL,
            bancount INTEGER NOT NULL default 1, data JSON);
        CREATE TABLE bips(ip TEXT NOT NULL, jail TEXT NOT NULL, timeofban INTEGER NOT NULL, bantime INTEGER NOT NULL,
            bancount INTEGER NOT NULL default 1, data JSON, PRIMARY KEY(ip, jail));
        """

    @Test func `What is in force is read with its times, and nothing is written`() throws {
        let path = try database(
            Self.tables
                + """
                INSERT INTO bans VALUES('sshd', '192.0.2.1', 1795836000, 600, 1, '{}');
                INSERT INTO bips VALUES('203.0.113.7', 'sshd', 1795836000, 600, 1, '{}'),
                    ('2001:db8::7', 'web', 1795836000, -1, 3, '{}'), ('203.0.113.8', 'sshd', 1795830000, 600, 1, '{}'),
                    ('host.example', 'sshd', 1795836000, 600, 1, '{}');
                """)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        let reading = try Fail2banDatabase.read(path: path, now: now)
        #expect(subjects(reading) == ["2001:db8::7 for good", "203.0.113.7 for 563000 ms"])
        #expect(reading.entries.map(\.reason) == ["web", "sshd"])
        #expect(reading.entries.first?.created == ListTime(seconds: 1_795_836_000))
        #expect(reading.ended == 1)
        #expect(reading.refusals.map(\.item) == ["host.example"])
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    }

    @Test func `Before 0.11 there are no lengths`() throws {
        let path = try database(
            """
            CREATE TABLE bans(jail TEXT NOT NULL, ip TEXT, timeofban INTEGER NOT NULL, data JSON);
            INSERT INTO bans VALUES('sshd', '203.0.113.7', 1795836000, '{}'), ('sshd', '203.0.113.7', 1795836030, '{}');
            """)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let reading = try Fail2banDatabase.read(path: path, now: now)
        #expect(subjects(reading) == ["203.0.113.7"])
        #expect(reading.entries.first?.created == ListTime(seconds: 1_795_836_030))
    }

    @Test func `Another database, and what is none, is refused with a remedy`() throws {
        let path = try database("CREATE TABLE other(x)")
        defer { try? FileManager.default.removeItem(atPath: path) }
        for path in [path, "/nonexistent/fail2ban.sqlite3", "/etc/passwd"] {
            let error = #expect(throws: BanListError.self) { try Fail2banDatabase.read(path: path, now: now) }
            #expect(error?.remedy.isEmpty == false)
        }
    }
}
