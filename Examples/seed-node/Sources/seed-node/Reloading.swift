// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import NIOCore
import PolicyReader
import Sentinel
import SentinelConfiguration

/// A node's policies in a file, which may be read again while the node runs.
struct Reloading: Sendable {
    private let file: String
    private let chain: PolicyChain

    /// The time that the policies count in.
    static let clock: MonotonicClock = {
        MonotonicInstant(nanoseconds: Int64(clamping: NIODeadline.now().uptimeNanoseconds))
    }

    /// - Throws: everything that is wrong with the file.
    init(_ file: String) throws(ConfigurationError) {
        self.file = file
        chain = try Self.read(file)
    }

    private static func read(_ file: String) throws(ConfigurationError) -> PolicyChain {
        try PolicyChain(contentsOf: file, now: clock())
    }

    func makeSentinel() throws(SentinelError) -> PolicySentinel {
        try PolicySentinel(chain.policies, clock: Self.clock)
    }

    /// What the node has begun with.
    var line: PoliciesLine { PoliciesLine(chain) }

    /// Reads the file again and puts it into force, the whole of it or, where anything is wrong with it, nothing.
    func reload(_ sentinel: PolicySentinel) -> PoliciesLine {
        do {
            let chain = try Self.read(file)
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
