// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

package import SentinelConfiguration
internal import TOMLKit

/// Reads the values of a section. What it is asked for is what the section may have: everything else in it is
/// unknown.
package final class SectionReader {
    package let key: ConfigurationKey
    package let report: Report
    /// Nil where the file doesn't have the section.
    private let table: TOMLTable?
    /// The keys and the sections that were asked for.
    private(set) var known: [String] = []
    /// Those of them that are lists of sections.
    private var listed: Set<String> = []

    /// Longer lists are not looked at.
    private static let maximumEntries = 1 << 14

    init(_ table: TOMLTable?, at key: ConfigurationKey, report: Report) {
        self.table = table
        self.key = key
        self.report = report
    }

    /// The names in the section.
    package var names: [String] { table?.keys ?? [] }

    /// Whether the file has something by this name.
    package func has(_ name: String) -> Bool { table?[name] != nil }

    /// Reads a value into `target` if there is one.
    ///
    /// - Parameter example: a value as it may be written.
    package func read<Read>(_ name: String, _ form: Form<Read>, example: String, into target: inout Read) {
        known.append(name)
        guard let value = table?[name] else { return }
        do {
            target = try form.read(Value(value: value), "write \(name) = \(example)")
        } catch {
            report.add(error, at: key.appending(name))
        }
    }

    /// The value of this name; nil where there is none, or one that can't be read.
    ///
    /// - Parameter example: a value as it may be written.
    package func value<Read>(_ name: String, _ form: Form<Read>, example: String) -> Read? {
        known.append(name)
        guard let value = table?[name] else { return nil }
        do {
            return try form.read(Value(value: value), "write \(name) = \(example)")
        } catch {
            report.add(error, at: key.appending(name))
            return nil
        }
    }

    /// The value of this name, which has to be there; nil where there is none that can be read.
    package func required<Read>(_ name: String, _ form: Form<Read>, example: String) -> Read? {
        if !has(name) {
            report.add(
                ConfigurationFault("is missing", "write \(name) = \(example)"), at: key.appending(name))
        }
        return value(name, form, example: example)
    }

    /// Reads a list into `target` if there is one.
    package func read<Read>(
        _ name: String, listOf form: Form<Read>, example: String, into target: inout [Read]
    ) {
        guard let read = values(name, listOf: form, example: example) else { return }
        target = read.map(\.value)
    }

    /// The values in a list that can be read, each with its place; nil where there is no list.
    package func values<Read>(
        _ name: String, listOf form: Form<Read>, example: String
    ) -> [(place: Int, value: Read)]? {
        let key = key.appending(name)
        let remedy = "write \(name) = \(example)"
        guard let list = list(name, needed: "a list", remedy) else { return nil }
        var read: [(place: Int, value: Read)] = []
        for place in 0..<list.count {
            do {
                read.append((place, try form.read(Value(value: list[place]), remedy)))
            } catch {
                report.add(error, at: key.appending(place))
            }
        }
        report.add(places: read.map(\.place), of: key, areAll: read.count == list.count)
        return read
    }

    /// Whether there is a list of this name with nothing in it.
    package func isEmptyList(_ name: String) -> Bool { table?[name]?.array?.isEmpty ?? false }

    /// The sections in a list, whether they are written as `[[name]]` or as `name = [{…}]`.
    ///
    /// - Parameter remedy: what to write in place of something else.
    package func sections(_ name: String, _ remedy: String) -> [SectionReader] {
        listed.insert(name)
        guard let list = list(name, needed: "a list of sections", remedy) else { return [] }
        let key = key.appending(name)
        return (0..<list.count).compactMap { place in
            guard let table = list[place].table else {
                report.add(
                    ConfigurationFault("is \(list[place].type.words), but a section is needed", remedy),
                    at: key.appending(place))
                return nil
            }
            return SectionReader(table, at: key.appending(place), report: report)
        }
    }

    /// The list of this name; nil where there is none.
    private func list(_ name: String, needed: String, _ remedy: String) -> TOMLArray? {
        known.append(name)
        guard let value = table?[name] else { return nil }
        let key = key.appending(name)
        guard let list = value.array else {
            report.add(ConfigurationFault("is \(value.type.words), but \(needed) is needed", remedy), at: key)
            return nil
        }
        guard list.count <= Self.maximumEntries else {
            report.add(
                ConfigurationFault(
                    "has \(list.count) entries", "no list has more than \(Self.maximumEntries)"),
                at: key)
            return nil
        }
        return list
    }

    /// A section within this one, whether the file has it or not.
    package func section(_ name: String) -> SectionReader {
        known.append(name)
        let key = key.appending(name)
        let value = table?[name]
        if let value, value.table == nil {
            let header = key.components.compactMap { component in
                if case .key(let key) = component { ConfigurationKey.written(key) } else { nil }
            }
            report.add(
                ConfigurationFault(
                    "is \(value.type.words), but a section is needed",
                    "write [\(header.joined(separator: "."))] in a line of its own"),
                at: key)
        }
        return SectionReader(value?.table, at: key, report: report)
    }

    /// Notes what was not asked for.
    ///
    /// - Parameter kind: what the names in this section stand for.
    package func finish(_ kind: Kind = .key) {
        func written(_ name: String) -> String {
            (kind == .section && listed.contains(name) ? .tables : kind).written(name)
        }
        for name in names where !known.contains(name) {
            let remedy =
                if let near = Suggestion.nearest(to: name, in: known) {
                    "did you mean \(written(near))?"
                } else {
                    "known are \(known.sorted().map(written).joined(separator: ", "))"
                }
            report.add(ConfigurationFault("is no known \(kind.rawValue)", remedy), at: key.appending(name))
        }
    }

    /// What names stand for.
    package enum Kind: String {
        case key, section, check, offence
        case tables = "array of sections"

        func written(_ name: String) -> String {
            switch self {
            case .section: "[\(name)]"
            case .tables: "[[\(name)]]"
            case .key, .check, .offence: name
            }
        }
    }
}
