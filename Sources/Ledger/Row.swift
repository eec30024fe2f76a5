// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A table of the ledger. Each row ends with a checksum of the others: SQLite has none, so a bit that turns over on
/// the disk would silently be another address.
struct LedgerTable: Hashable, Sendable {
    let name: String
    /// The columns behind the number that is the row's key, without the checksum.
    let columns: [String]
    /// What the key is called.
    let key: String
    /// Where the checksums of its rows begin, so that a row of one is none of another.
    let seed: UInt64
    /// How many values a row has as it is stored.
    let width: Int

    private init(name: String, columns: [String], key: String) {
        (self.name, self.columns, self.key) = (name, columns, key)
        seed = Row.mixed(0xCBF2_9CE4_8422_2325, name)
        width = columns.count + 2
    }

    static let bans = LedgerTable(
        name: "bans",
        columns: [
            "kind", "address", "subject", "since", "granted", "until", "created", "strikes", "reason",
            "caller",
            "operator", "peer", "detail",
        ], key: "id")
    static let offences = LedgerTable(
        name: "offences", columns: ["kind", "address", "strikes", "last", "forgotten"], key: "id")
    static let history = LedgerTable(
        name: "history",
        columns: [
            "time", "event", "ban", "kind", "address", "subject", "granted", "strikes", "reason", "caller",
            "operator", "peer", "detail", "actor", "since", "until", "created",
        ], key: "number")
    static let state = LedgerTable(
        name: "state", columns: ["boot", "shift", "written", "wall", "bans", "offences", "next", "number"],
        key: "id")

    static let all = [bans, offences, history, state]

    var creation: String {
        let types = columns.map { "\($0) \(Self.texts.contains($0) ? "TEXT" : "INTEGER")" }
        return
            "CREATE TABLE \(name) (\(key) INTEGER PRIMARY KEY, \(types.joined(separator: ", ")), checksum INTEGER)"
    }

    private static let texts: Set = [
        "kind", "address", "subject", "reason", "caller", "peer", "detail", "event", "actor", "boot",
    ]

    private var names: String { ([key] + columns + ["checksum"]).joined(separator: ", ") }

    /// Puts a row in, in the place of the one with its key where there is one.
    var insertion: String {
        let parameters = Array(repeating: "?", count: width).joined(separator: ", ")
        return "INSERT OR REPLACE INTO \(name) (\(names)) VALUES (\(parameters))"
    }

    /// Puts a row in, unless there is a later state of it: of two that were found the last to be renewed counts.
    var rescue: String {
        guard let age = ["bans": "since", "offences": "last"][name] else { return insertion }
        let parameters = Array(repeating: "?", count: width).joined(separator: ", ")
        let changes = (columns + ["checksum"]).map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
        return "INSERT INTO \(name) (\(names)) VALUES (\(parameters)) "
            + "ON CONFLICT (\(key)) DO UPDATE SET \(changes) WHERE excluded.\(age) >= \(name).\(age)"
    }

    /// All rows, by their keys.
    var selection: String { "SELECT \(names) FROM \(name) ORDER BY \(key)" }
}

/// A row of one of the tables, as it is stored: the key, the values of its columns, the checksum.
struct Row: Hashable, Sendable {
    let stored: [Value]

    var key: Int64 { stored[0].integer ?? 0 }

    /// The value of a column, without key and checksum.
    subscript(_ column: Int) -> Value { stored[column + 1] }

    init(key: Int64, _ values: [Value], of table: LedgerTable) {
        var stored: [Value] = []
        stored.reserveCapacity(values.count + 2)
        stored.append(.integer(key))
        stored += values
        stored.append(.integer(Self.checksum(of: stored[...], in: table)))
        self.stored = stored
    }

    /// Takes a row as it was found; nil where it isn't what was written.
    init?(stored: [Value], of table: LedgerTable) {
        guard stored.count == table.width, stored.first?.integer != nil,
            let checksum = stored.last?.integer, Self.checksum(of: stored.dropLast(), in: table) == checksum
        else { return nil }
        self.stored = stored
    }

    /// 64 bits over the table and everything in the row. Each step can be undone, so a change in one place, of a bit or
    /// of eight bytes, never leaves it as it was.
    private static func checksum(of values: ArraySlice<Value>, in table: LedgerTable) -> Int64 {
        var sum = table.seed
        for value in values {
            switch value {
            case .null: sum = mixed(sum, 0)
            case .integer(let number): sum = mixed(mixed(sum, 1), UInt64(bitPattern: number))
            case .text(let text): sum = mixed(mixed(sum, 2), text)
            }
        }
        return Int64(bitPattern: sum)
    }

    fileprivate static func mixed(_ sum: UInt64, _ word: UInt64) -> UInt64 {
        let product = (sum ^ word) &* 0x9E37_79B9_7F4A_7C15
        return product ^ product >> 32
    }

    /// The length, then eight bytes at a time.
    fileprivate static func mixed(_ sum: UInt64, _ text: String) -> UInt64 {
        var text = text
        return text.withUTF8 { bytes in
            let raw = UnsafeRawBufferPointer(bytes)
            var sum = mixed(sum, UInt64(raw.count))
            var offset = 0
            while offset + 8 <= raw.count {
                let word = raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                sum = mixed(sum, UInt64(littleEndian: word))
                offset += 8
            }
            guard offset < raw.count else { return sum }
            return mixed(sum, raw[offset...].reversed().reduce(0) { $0 << 8 | UInt64($1) })
        }
    }
}

extension LedgerBan {
    var row: Row {
        Row(
            key: id,
            [
                .text(check), .text(address), Value(subject), .integer(since), Value(granted), Value(until),
                .integer(created), .integer(strikes), .text(reason), .text(caller),
                .integer(isOperators ? 1 : 0), Value(peer), Value(detail),
            ], of: .bans)
    }

    init?(_ row: Row) {
        guard let check = row[0].text,
            let address = row[1].text, let since = row[3].integer, let created = row[6].integer,
            let strikes = row[7].integer, let reason = row[8].text, let caller = row[9].text,
            let isOperators = row[10].integer
        else { return nil }
        self.init(
            id: row.key, check: check, address: address, subject: row[2].text, since: since,
            granted: row[4].integer, until: row[5].integer, created: created, strikes: strikes,
            reason: reason, caller: caller, isOperators: isOperators != 0, peer: row[11].text,
            detail: row[12].text)
    }
}

extension LedgerOffence {
    var row: Row {
        Row(
            key: id,
            [.text(check), .text(address), .integer(strikes), .integer(last), .integer(forgotten)],
            of: .offences)
    }

    init?(_ row: Row) {
        guard let check = row[0].text,
            let address = row[1].text, let strikes = row[2].integer, let last = row[3].integer,
            let forgotten = row[4].integer
        else { return nil }
        self.init(
            id: row.key, check: check, address: address, strikes: strikes, last: last, forgotten: forgotten)
    }
}

extension LedgerEvent {
    /// - Parameter number: in the order in which things happened.
    func row(number: Int64) -> Row {
        Row(
            key: number,
            [
                .integer(time), .text(kind), .integer(ban.id), .text(ban.check), .text(ban.address),
                Value(ban.subject), Value(ban.granted), .integer(ban.strikes), .text(ban.reason),
                .text(ban.caller), .integer(ban.isOperators ? 1 : 0), Value(ban.peer), Value(ban.detail),
                Value(actor), .integer(ban.since), Value(ban.until), .integer(ban.created),
            ], of: .history)
    }

    init?(_ row: Row) {
        guard let time = row[0].integer,
            let kind = row[1].text, let id = row[2].integer, let check = row[3].text,
            let address = row[4].text, let strikes = row[7].integer, let reason = row[8].text,
            let caller = row[9].text, let isOperators = row[10].integer, let since = row[14].integer,
            let created = row[16].integer
        else { return nil }
        let ban = LedgerBan(
            id: id, check: check, address: address, subject: row[5].text, since: since,
            granted: row[6].integer, until: row[15].integer, created: created, strikes: strikes,
            reason: reason, caller: caller, isOperators: isOperators != 0, peer: row[11].text,
            detail: row[12].text)
        self.init(time: time, kind: kind, ban: ban, actor: row[13].text)
    }
}

/// The one row of `state`: the time of the last write, and what tells whether rows are missing.
struct LedgerState: Hashable, Sendable {
    var mark: Timeline.Mark
    /// How many bans there are.
    var bans: Int64
    /// How many strikes.
    var offences: Int64
    /// The least id that no ban has had.
    var next: Int64
    /// The least number that nothing in the history has had.
    var number: Int64

    /// That of a ledger in which nothing was written yet.
    static let blank = LedgerState(
        mark: .init(boot: "", shift: 0, written: 0, wall: 0), bans: 0, offences: 0, next: 1, number: 1)

    var row: Row {
        Row(
            key: 1,
            [
                .text(mark.boot), .integer(mark.shift), .integer(mark.written), .integer(mark.wall),
                .integer(bans), .integer(offences), .integer(next), .integer(number),
            ], of: .state)
    }
}

extension LedgerState {
    init?(_ row: Row) {
        guard let boot = row[0].text,
            let shift = row[1].integer, let written = row[2].integer, let wall = row[3].integer,
            let bans = row[4].integer, let offences = row[5].integer, let next = row[6].integer,
            let number = row[7].integer
        else { return nil }
        self.init(
            mark: .init(boot: boot, shift: shift, written: written, wall: wall), bans: bans,
            offences: offences, next: next, number: number)
    }
}
