// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Sentinel
internal import SentinelConfiguration
internal import TOMLDocument

/// When a chain is read, by both clocks.
struct Moment {
    let now: MonotonicInstant
    let wallTime: WallTime
}

/// What kinds of policies there are.
enum PolicyKind: String, CaseIterable {
    case allow, deny, require, rate, connections, streams, reputation, widening
    case sharedAddresses = "shared-addresses"

    /// Whether it denies for what came from an address, which ``SharedAddresses`` sets aside.
    var deniesAddresses: Bool {
        switch self {
        case .rate, .connections, .reputation, .widening: true
        case .allow, .deny, .require, .streams, .sharedAddresses: false
        }
    }
}

/// Reads the policies of a file.
struct ChainReader {
    private let root: SectionReader
    private let moment: Moment
    private let lists: PolicyChain.ListSource
    /// Where each name stands.
    private var names: [String: SectionReader] = [:]

    init(_ root: SectionReader, _ moment: Moment, _ lists: @escaping PolicyChain.ListSource) {
        self.root = root
        self.moment = moment
        self.lists = lists
    }

    /// The policies without those that can't be read; what is wrong with them is in the report.
    consuming func read() -> [PolicyChain.Link] {
        let sections = root.sections("policy", "write [[policy]] in a line of its own, with two brackets")
        root.finish(.tables)
        if root.isEmptyList("policy") || root.names.isEmpty {
            root.report.add(
                ConfigurationFault(
                    "is missing: without a policy everything would be allowed",
                    "write [[policy]], and below it kind = \"rate\" and the like"),
                at: root.key.appending("policy"))
        }
        if sections.count > PolicyChain.maximumCount {
            root.report.add(
                ConfigurationFault(
                    "is there \(sections.count) times",
                    "at most \(PolicyChain.maximumCount) can be in a chain"),
                at: root.key.appending("policy"))
            return []
        }
        let links = sections.compactMap { read($0) }
        noteOrder(links)
        return links
    }

    private mutating func read(_ section: SectionReader) -> PolicyChain.Link? {
        let kinds = PolicyKind.allCases.map(\.rawValue.quotedInMessage).joined(separator: ", ")
        guard section.has("kind") else {
            section.report.add(
                ConfigurationFault("is missing", "write kind = and one of \(kinds)"),
                at: section.key.appending("kind"))
            return nil
        }
        guard let kind: PolicyKind = section.value("kind", .word, example: "\"rate\"") else { return nil }
        let name = readName(section, kind)
        let isShadow = readShadow(section)
        guard var read = readPolicy(section, kind, name) else {
            section.finish()
            return nil
        }
        section.finish()
        if isShadow { read.policy = Shadowed(read.policy) }
        return PolicyChain.Link(
            policy: read.policy, kind: kind.rawValue, line: section.report.line(of: section.key) ?? 1,
            entries: read.entries)
    }

    private func readPolicy(_ section: SectionReader, _ kind: PolicyKind, _ name: String) -> ReadPolicy? {
        switch kind {
        case .allow: readList(section, name, .admit)
        case .deny: readList(section, name, .deny)
        case .require: readList(section, name, .require)
        case .rate: section.readRate(name).map { ReadPolicy($0) }
        case .connections: section.readConnections(name).map { ReadPolicy($0) }
        case .streams: section.readStreams(name).map { ReadPolicy($0) }
        case .reputation: section.readReputation(name).map { ReadPolicy($0) }
        case .widening: section.readWidening(name).map { ReadPolicy($0) }
        case .sharedAddresses: section.readSharedAddresses(name).map { ReadPolicy($0) }
        }
    }

    private func readList(_ section: SectionReader, _ name: String, _ effect: AccessList.Effect)
        -> ReadPolicy?
    {
        ListReader(section, name, effect, moment, lists).read()
    }

    /// The name, which is the kind's where none is given.
    private mutating func readName(_ section: SectionReader, _ kind: PolicyKind) -> String {
        var name = kind.rawValue
        section.read("name", .policyName, example: "\"enemies\"", into: &name)
        if let first = names[name] {
            let line = section.report.line(of: first.key).map { " in line \($0)" } ?? ""
            section.report.add(
                ConfigurationFault(
                    "\(name.quotedInMessage) is the name of the policy\(line) already",
                    "give each a name of its own, as name = \"\(name)-2\""),
                at: section.key.appending("name"))
        } else {
            names[name] = section
        }
        return name
    }

    private func readShadow(_ section: SectionReader) -> Bool {
        var isShadow = false
        section.read("shadow", .boolean, example: "true", into: &isShadow)
        return isShadow
    }

    /// Notes a policy that can't do all of its work where it stands.
    private func noteOrder(_ links: [PolicyChain.Link]) {
        let kinds = links.map { PolicyKind(rawValue: $0.kind) }
        guard let place = kinds.firstIndex(of: .sharedAddresses),
            let behind = kinds[place...].firstIndex(where: { $0?.deniesAddresses ?? false })
        else { return }
        root.report.note(
            ConfigurationFault(
                "stands before \(links[behind].policy.name), whose denials it spares, and isn't asked about them",
                "put it behind, as the last policy"),
            at: root.key.appending("policy").appending(place).appending("kind"))
    }
}

/// A policy that has been read.
struct ReadPolicy {
    var policy: any Policy
    /// What is on it, where it is a list.
    var entries: [ListEntry]

    init(_ policy: any Policy, entries: [ListEntry] = []) {
        self.policy = policy
        self.entries = entries
    }
}
