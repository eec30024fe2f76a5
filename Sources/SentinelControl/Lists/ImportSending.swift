// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol
internal import Varlink

/// Has the helper ban what was read, batch by batch. Some batches are under way at a time: while the ledger syncs one,
/// the kernel takes the next.
struct ImportSending {
    let helper: HelperAddress
    /// The present, which lengths of time are counted from, batch by batch.
    let now: @Sendable () -> Timestamp

    /// How many batches wait for their receipts at most.
    private static var mostUnderWay: Int { 8 }

    /// - Parameter receive: gets each batch's bans with their receipts, in the same order, when they are there.
    /// - Throws: `VarlinkError`; what was received is banned all the same, and what was under way may be.
    func send(
        _ bans: [ImportedBan], receive: (ArraySlice<ImportedBan>, [Receipt]) throws -> Void
    ) async throws {
        guard !bans.isEmpty else { return }
        let client = try await helper.connect()
        var rest = bans[...]
        var underWay: [(batch: ArraySlice<ImportedBan>, receipts: @Sendable () async throws -> [Receipt])] =
            []
        while !rest.isEmpty || !underWay.isEmpty {
            while !rest.isEmpty, underWay.count < Self.mostUnderWay {
                let batch = rest.prefix(BanBatch.size)
                rest = rest.dropFirst(BanBatch.size)
                let present = now()
                underWay.append((batch, try client.beginBan(batch.map { $0.request(now: present) })))
            }
            let (batch, answer) = underWay[0]
            let receipts = try await answer()
            underWay.removeFirst()
            try receive(batch, receipts)
        }
    }
}
