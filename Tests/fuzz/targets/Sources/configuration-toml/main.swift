// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import ConfigurationReader
internal import FuzzDriver
internal import SentinelConfiguration

// An operator's file: what is accepted is valid and survives the way to sentineld, what isn't is said in plain lines
// with the number of a line that there is.

fuzz { input in
    do throws(ConfigurationError) {
        let configuration = try Configuration(toml: input, file: "sentinel.toml")
        do {
            try configuration.validate()
            let json = try configuration.json
            require(
                try Configuration(json: json.utf8) == configuration, "sentineld reads it as it was written")
        } catch {
            require(false, "what is read is valid: \(error)")
        }
    } catch {
        let lines = input.count { $0 == 0x0A } + 1
        for problem in error.problems {
            requirePlain("\(problem)")
            require((1...lines).contains(problem.line ?? 1), "\(problem) names one of \(lines) lines")
        }
    }
}
