// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

extension BanListReading {
    /// Takes a row of fail2ban's database.
    ///
    /// - Parameters:
    ///   - timeOfBan: in seconds since 1970.
    ///   - banTime: in seconds; negative: for good; nil: the database doesn't say.
    public mutating func takeRow(
        _ row: Int, address: String, timeOfBan: Int64?, banTime: Int64?, notes: BanEntry.Notes, now: ListTime
    ) {
        let created = timeOfBan.map { ListTime(seconds: $0) }
        var end = BanEntry.End.unstated
        if let banTime {
            let length = ListTime(seconds: banTime)
            end = banTime < 0 ? .forGood : .at((created ?? now).advanced(by: length.milliseconds))
        }
        switch AddressText.read(address) {
        case .network(let network):
            take(BanEntry(.init(network), created: created, end: end, notes: notes), line: row, now: now)
        case .range:
            refuse(.init("a range", line: row, item: address, remedy: "write it as blocks, 203.0.113.0/24"))
        case .problem(let problem, let remedy):
            refuse(.init(problem, line: row, item: address, remedy: remedy))
        }
    }
}
