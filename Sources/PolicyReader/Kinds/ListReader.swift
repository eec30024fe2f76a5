// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Sentinel
internal import SentinelConfiguration
internal import TOMLDocument

/// A line of a list.
struct ListEntry: Hashable, Sendable {
    var subject: AccessList.Subject
    var reason: Reason
    var until: WallTime?
}

/// Reads a list of those who are denied, or let pass, or alone may pass.
struct ListReader {
    private let section: SectionReader
    private let moment: Moment
    private let lists: PolicyChain.ListSource
    private let effect: AccessList.Effect
    private let name: String
    private let reason: Reason
    private let checks: CheckSet
    private var entries: [ListEntry] = []
    private var subjects: Set<AccessList.Subject> = []
    /// How many entries there were that have ended.
    private var endedCount = 0

    init(
        _ section: SectionReader, _ name: String, _ effect: AccessList.Effect, _ moment: Moment,
        _ lists: @escaping PolicyChain.ListSource
    ) {
        self.section = section
        self.moment = moment
        self.lists = lists
        self.effect = effect
        self.name = name
        var reason = effect == .deny ? Reason.denyListed : .allowListed
        section.read("reason", .reason, example: "\"\(reason)\"", into: &reason)
        self.reason = reason
        checks = section.checks(.all)
    }

    consuming func read() -> ReadPolicy? {
        readSubjects("peers", .peer, example: "[\"12D3KooW…\"]")
        readSubjects("addresses", .address, example: "[\"192.0.2.7\", \"2001:db8::/32\"]")
        readSubjects("endpoints", .endpoint, example: "[\"tcp:192.0.2.7:8776\"]")
        readEntries()
        readFile()
        requireSomebody()
        return make()
    }

    private mutating func readSubjects(
        _ name: String, _ form: Form<AccessList.Subject>, example: String
    ) {
        let key = section.key.appending(name)
        for (place, subject) in section.values(name, listOf: form, example: example) ?? [] {
            add(ListEntry(subject: subject, reason: reason), at: key.appending(place))
        }
    }

    private mutating func readEntries() {
        let remedy = "write entries = [{ subject = \"192.0.2.7\", until = 2027-01-01T00:00:00Z }]"
        for section in section.sections("entries", remedy) {
            let subject: AccessList.Subject? = section.required(
                "subject", .subject, example: "\"192.0.2.7\"")
            var reason = reason
            section.read("reason", .reason, example: "\"\(reason)\"", into: &reason)
            let until: WallTime? = section.value("until", .wallTime, example: "2027-01-01T00:00:00Z")
            section.finish()
            guard let subject else { continue }
            add(
                ListEntry(subject: subject, reason: reason, until: until),
                at: section.key.appending("subject"))
            guard let until, until <= moment.wallTime else { continue }
            endedCount += 1
            entries.removeLast()
            section.report.note(
                ConfigurationFault(
                    "\(until) is past, so \(subject.text) is not on the list",
                    "remove the entry, or give it another end"),
                at: section.key.appending("until"))
        }
    }

    private mutating func add(_ entry: ListEntry, at key: ConfigurationKey) {
        if !subjects.insert(entry.subject).inserted {
            section.report.add(
                ConfigurationFault(
                    "\(entry.subject.text.quotedInMessage) is on the list twice", "remove one of them"),
                at: key)
        }
        entries.append(entry)
    }

    /// A list in a file of its own. What it says again changes nothing.
    private mutating func readFile() {
        guard let path = section.value("file", .string, example: "\"enemies.txt\"") else { return }
        let key = section.key.appending("file")
        do {
            guard !path.isEmpty, !path.utf8.contains(0) else {
                throw ConfigurationFault("is no path", "write the path of a file, as \"enemies.txt\"")
            }
            let bytes: [UInt8]
            do throws(ConfigurationError) {
                bytes = try lists(path, PolicyChain.maximumListSize + 1)
            } catch {
                let problem = error.problems[0]
                throw ConfigurationFault("\(path.quotedInMessage) \(problem.fault)", problem.remedy)
            }
            guard bytes.count <= PolicyChain.maximumListSize else {
                throw ConfigurationFault(
                    "\(path.quotedInMessage) is larger than \(PolicyChain.maximumListSize) bytes",
                    "check that it is the right file, or split it over several policies")
            }
            let list = SubjectList(bytes, file: path)
            section.report.add(list.problems)
            for subject in list.subjects where subjects.insert(subject).inserted {
                entries.append(ListEntry(subject: subject, reason: reason))
            }
        } catch let fault as ConfigurationFault {
            section.report.add(fault, at: key)
        } catch {
            // Nothing else is thrown.
        }
    }

    /// A list of those who alone may pass has somebody on it, or nobody could.
    private func requireSomebody() {
        guard effect == .require, entries.isEmpty, endedCount == 0,
            !["peers", "addresses", "endpoints", "entries", "file"].contains(where: section.has)
        else { return }
        section.report.add(
            ConfigurationFault(
                "has nobody on it, so that nobody could connect",
                "name somebody by peers, addresses, endpoints, entries or file"), at: section.key)
    }

    private func make() -> ReadPolicy? {
        section.make { () throws(SentinelError) in
            var list = AccessList(name: name, effect: effect, checks: checks)
            list.reserveCapacity(for: entries.lazy.map(\.subject))
            for entry in entries {
                try list.insert(
                    entry.subject, reason: entry.reason,
                    for: entry.until.map { $0.sinceEpoch - moment.wallTime.sinceEpoch }, now: moment.now)
            }
            return ReadPolicy(list, entries: entries)
        }
    }
}
