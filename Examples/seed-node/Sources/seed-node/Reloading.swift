// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import NIOCore
import PolicyReader
import Sentinel
import SentinelConfiguration

/// A node's policies in a file, which is read again while the node runs.
struct Reloading: Sendable {
    let file: String

    /// The time that the policies count in.
    static let clock: MonotonicClock = {
        MonotonicInstant(nanoseconds: Int64(clamping: NIODeadline.now().uptimeNanoseconds))
    }

    /// - Throws: everything that is wrong with the file.
    func read() throws(ConfigurationError) -> PolicyChain {
        try PolicyChain(contentsOf: file, now: Self.clock())
    }

    /// Reads the file again and puts it into force, the whole of it or, where anything is wrong with it, nothing.
    func reload(_ sentinel: PolicySentinel) -> PoliciesLine {
        do {
            let chain = try read()
            try sentinel.replacePolicies(chain.policies)
            return PoliciesLine(chain)
        } catch let error as ConfigurationError {
            return PoliciesLine(refused: error.problems.map(\.description))
        } catch {
            return PoliciesLine(refused: ["\(error)"])
        }
    }
}

/// What has become of a file with policies.
struct PoliciesLine: Encodable {
    let event = "policies"
    /// `applied`, or `refused`: then all is as it was.
    let result: String
    /// The chain that is in force now, where it was applied.
    var policies: [String]?
    /// What is wrong with the file, where it was refused.
    var problems: [String]?
    /// What is worth knowing about it.
    var notes: [String]?

    init(_ chain: PolicyChain) {
        result = "applied"
        policies = chain.policies.map(\.name)
        if !chain.notes.isEmpty { notes = chain.notes.map(\.description) }
    }

    init(refused problems: [String]) {
        result = "refused"
        self.problems = problems
    }
}
