// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol
internal import Varlink

/// Has the helper ban what was read, batch by batch.
struct ImportSending {
    let helper: HelperAddress
    /// The present, which lengths of time are counted from, batch by batch.
    let now: @Sendable () -> Timestamp

    /// - Parameter receive: gets each batch's bans with their receipts, in the same order, when they are there.
    /// - Throws: `VarlinkError`; what was received is banned all the same.
    func send(
        _ bans: [ImportedBan], receive: (ArraySlice<ImportedBan>, [Receipt]) throws -> Void
    ) async throws {
        guard !bans.isEmpty else { return }
        let client = try await helper.connect()
        var rest = bans[...]
        while !rest.isEmpty {
            let batch = rest.prefix(BanBatch.size)
            rest = rest.dropFirst(BanBatch.size)
            let present = now()
            try receive(batch, try await client.ban(batch.map { $0.request(now: present) }))
        }
    }
}
