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
        guard let network = self.network(address, line: row) else { return }
        take(BanEntry(.init(network), created: created, end: end, notes: notes), line: row, now: now)
    }
}
