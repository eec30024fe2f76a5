// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import UnixSignals

/// Runs `body` until it returns, or until SIGTERM or SIGINT comes: then it is cancelled.
func untilSignalled(_ body: @escaping @Sendable () async throws -> Void) async throws {
    let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { for await _ in signals { return } }
        group.addTask { try await body() }
        try await group.next()
        group.cancelAll()
        try await group.waitForAll()
    }
}
