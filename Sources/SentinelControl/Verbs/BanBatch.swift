// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol
internal import Varlink

/// How many bans are asked for at once.
enum BanBatch {
    /// So many subjects, of the longest kind, fit a call as a helper reads it.
    static let size = 500
}

extension VarlinkClient {
    /// Asks for some bans, at most ``BanBatch/size``. A receipt for each, in their order.
    func ban(_ requests: some Collection<BanRequest>) async throws -> [Receipt] {
        try await call(
            HelperInterface.ban, .init(bans: Array(requests)), timeout: HelperAddress.patience
        ).receipts
    }
}
