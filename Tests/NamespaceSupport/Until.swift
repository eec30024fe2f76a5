// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Asks until there is an answer, for what tells nobody when it happens. The test's own time limit ends it otherwise.
public func until<T>(
    isolation: isolated (any Actor)? = #isolation, _ question: () async throws -> T?
) async throws -> T {
    while true {
        if let answer = try await question() { return answer }
        try await Task.sleep(for: .milliseconds(10))
    }
}

/// Asks until it is so.
public func until(
    isolation: isolated (any Actor)? = #isolation, _ question: () async throws -> Bool
) async throws {
    let _: Void = try await until { try await question() ? () : nil }
}
