// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

package import SentinelConfiguration

/// Collects what is wrong with a file.
package final class Report {
    package let file: String
    private let locator: KeyLocator
    private var problems: [ConfigurationError.Problem] = []
    /// What is worth knowing about the file, and no reason to refuse it.
    package private(set) var notes: [ConfigurationError.Problem] = []
    /// What could not be read, so that nothing can be said about how it goes with the rest.
    private var unread: Set<ConfigurationKey> = []
    /// Which places of a list its readable elements had.
    private var places: [ConfigurationKey: [Int]] = [:]
    /// Where values come from that stand in another section than they hold for.
    private var origins: [ConfigurationKey: ConfigurationKey] = [:]

    /// More problems than this are counted, not told.
    private static let maximumProblems = 100

    init(file: String, locator: KeyLocator) {
        self.file = file
        self.locator = locator
    }

    /// Notes that a value can't be read.
    package func add(_ fault: ConfigurationFault, at key: ConfigurationKey) {
        unread.insert(key)
        note(key, line: locator.line(of: key), fault.fault, fault.remedy)
    }

    /// Notes what is wrong with another file that this one names.
    package func add(_ others: [ConfigurationError.Problem]) {
        problems += others
    }

    /// Notes what is worth knowing.
    package func note(_ fault: ConfigurationFault, at key: ConfigurationKey) {
        notes.append(
            .init(
                file: file, line: locator.line(of: key), key: key, fault: fault.fault, remedy: fault.remedy))
    }

    /// The line that a key stands in.
    package func line(of key: ConfigurationKey) -> Int? {
        locator.line(of: key)
    }

    /// Notes which elements of a list could be read.
    package func add(places: [Int], of list: ConfigurationKey, areAll: Bool) {
        self.places[list] = places
        if !areAll { unread.insert(list) }
    }

    /// Notes that the value of `key` is that of another one.
    package func add(origin: ConfigurationKey, of key: ConfigurationKey) {
        if origin != key { origins[key] = origin }
    }

    /// Notes what is wrong with values that could be read.
    package func add(_ findings: [Finding]) {
        var told: Set<Told> = []
        for finding in findings {
            let concerned = [finding.key] + finding.involved
            let sources = concerned.map { origin(of: $0) }
            // What several sections inherit is wrong once, where it stands.
            guard unread.isDisjoint(with: sources),
                told.insert(Told(sources: sources, fault: finding.fault)).inserted
            else { continue }
            note(
                sources.count == 1 ? sources[0] : finding.key, line: line(of: sources),
                finding.fault + inherited(concerned, from: sources), finding.remedy)
        }
    }

    private struct Told: Hashable {
        var sources: [ConfigurationKey]
        var fault: String
    }

    /// - Throws: all that was noted.
    package func finish() throws(ConfigurationError) {
        guard !problems.isEmpty else { return }
        let ordered = problems.enumerated().sorted {
            order($0.element, $0.offset) < order($1.element, $1.offset)
        }
        var told = ordered.prefix(Self.maximumProblems).map(\.element)
        if ordered.count > told.count {
            told.append(
                .init(
                    file: file, fault: "has \(ordered.count - told.count) more problems",
                    remedy: "put these right, then check again"))
        }
        throw ConfigurationError(told)
    }

    /// By lines; the files that this one names come behind it, each by itself.
    private func order(_ problem: ConfigurationError.Problem, _ offset: Int) -> (String, Int, Int) {
        (problem.file == file ? "" : problem.file ?? "", problem.line ?? 0, offset)
    }

    private func note(_ key: ConfigurationKey, line: Int?, _ fault: String, _ remedy: String) {
        problems.append(.init(file: file, line: line, key: key, fault: fault, remedy: remedy))
    }

    /// The key in the file that gave `key` its value.
    private func origin(of key: ConfigurationKey) -> ConfigurationKey {
        if let origin = origins[key] { return origin }
        guard case .index(let index) = key.components.last, let list = key.parent,
            let places = places[list], places.indices.contains(index)
        else { return key }
        return list.appending(places[index])
    }

    /// The line of the most specific of the keys that stand in the file.
    private func line(of keys: [ConfigurationKey]) -> Int? {
        let written = keys.filter { locator.lines[$0] != nil }
        let deepest = written.max { $0.components.count < $1.components.count }
        return locator.line(of: deepest ?? keys[0])
    }

    /// Which of the values stand in another section.
    private func inherited(_ keys: [ConfigurationKey], from sources: [ConfigurationKey]) -> String {
        guard keys.count > 1 else { return "" }
        let told = zip(keys, sources).filter { $0 != $1 && origins[$0] != nil }.compactMap { key, source in
            source.components.last.flatMap { last in
                if case .key(let name) = last { "\(name) from \(source.section)" } else { nil }
            }
        }
        return told.isEmpty ? "" : " (\(told.joined(separator: ", ")))"
    }
}

extension ConfigurationKey {
    /// The section that the key stands in: `[durations.default]`.
    fileprivate var section: String {
        let keys = (parent?.components ?? []).compactMap { component in
            if case .key(let key) = component { Self.written(key) } else { nil }
        }
        return "[\(keys.joined(separator: "."))]"
    }
}
