// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Sentinel
public import SentinelConfiguration
internal import TOMLDocument

/// A chain of policies as a file in TOML says it: an array of tables, `[[policy]]`, in the order in which they are asked.
///
/// `Examples/policies.toml` explains every key. A chain is read whole or not at all: one that has any problem is
/// refused with all of them, each with its line and what to do about it.
public struct PolicyChain: Sendable {
    /// A policy in its place.
    public struct Link: Sendable {
        /// The policy, or its shadow.
        public let policy: any Policy
        /// What the file calls its kind: `rate`.
        public let kind: String
        /// The line that it begins in, counted from 1.
        public let line: Int
        /// What is on it, where it is a list.
        let entries: [ListEntry]
    }

    /// The policies in the order in which they are asked; at least one.
    public let links: [Link]
    /// What is worth knowing, and no reason to refuse the file: entries that have ended.
    public let notes: [ConfigurationError.Problem]

    /// The largest file that is read, in bytes.
    public static let maximumFileSize = Document.maximumSize
    /// The largest list of subjects in a file of its own that is read, in bytes.
    public static let maximumListSize = 1 << 24
    /// The longest chain.
    public static let maximumCount = 64

    /// Reads the bytes of a list that the file names.
    ///
    /// - Parameters:
    ///   - path: as the file has it.
    ///   - count: how many bytes are to be read at most.
    public typealias ListSource = (_ path: String, _ count: Int) throws(ConfigurationError) -> [UInt8]

    /// Reads a chain from TOML (toml.io, version 1.0).
    ///
    /// - Parameters:
    ///   - text: the file's bytes, UTF-8.
    ///   - file: what the file is called in messages.
    ///   - now: by the clock of the sentinel that the policies are for.
    ///   - wallTime: the same moment; until when entries hold goes by it.
    ///   - lists: gives the lists that the file names.
    /// - Throws: everything that is wrong with the file, in the order of its lines, then with the lists that it names.
    public init(
        toml text: some Collection<UInt8>, file: String, now: MonotonicInstant, wallTime: WallTime,
        lists: @escaping ListSource
    ) throws(ConfigurationError) {
        let (root, report) = try Document(text, file: file).read()
        let moment = Moment(now: now, wallTime: wallTime)
        links = ChainReader(root, moment, lists).read()
        try report.finish()
        notes = report.notes
    }

    /// The policies, for a ``PolicySentinel``.
    public var policies: [any Policy] { links.map(\.policy) }
}
