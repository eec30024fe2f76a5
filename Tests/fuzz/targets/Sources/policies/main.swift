// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import FuzzDriver
internal import PolicyReader
internal import Sentinel
internal import SentinelConfiguration

// A node's policies: what is accepted can be told in words and as JSON, what isn't is said in plain lines. The part of
// the input behind a NUL byte is what stands in the lists that the file names.

fuzz { input in
    let parts = input.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    let list = parts.count > 1 ? Array(parts[1]) : Array("203.0.113.0/24\n# words\n2001:db8::1\n".utf8)
    do throws(ConfigurationError) {
        let chain = try PolicyChain(
            toml: Array(parts[0]), file: "policies.toml", now: MonotonicInstant(nanoseconds: 1_000_000_000),
            wallTime: WallTime(sinceEpoch: .seconds(1_700_000_000))
        ) { _, count throws(ConfigurationError) in Array(list.prefix(count)) }
        require((1...PolicyChain.maximumCount).contains(chain.links.count), "a chain has a policy")
        for line in chain.description.split(separator: "\n") { requirePlain(String(line)) }
        for note in chain.notes { requirePlain("\(note)") }
        do {
            require(try !chain.json.isEmpty, "a chain has JSON")
        } catch {
            require(false, "a chain has JSON: \(error)")
        }
    } catch {
        for problem in error.problems { requirePlain("\(problem)") }
    }
}
