// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import FuzzDriver

@testable internal import SentinelConfiguration

// The configuration as its reader hands it to sentineld: whatever the reader says, it is taken only where it is just
// what this version would have written, and validated without harm.

fuzz { input in
    do throws(ConfigurationError) {
        let configuration = try Configuration(json: input)
        require(
            (try? configuration.json).map { $0.utf8.elementsEqual(input) } ?? false, "it is what was read")
        try configuration.validate()
    } catch {
        require(!error.problems.isEmpty, "what is refused is refused for a reason")
        for problem in error.problems { requirePlain("\(problem)") }
    }
}
