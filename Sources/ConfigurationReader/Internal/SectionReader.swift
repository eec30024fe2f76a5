// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelConfiguration
internal import TOMLKit

/// Reads the values of a section. What it is asked for is what the section may have: everything else in it is
/// unknown.
final class SectionReader {
    let key: ConfigurationKey
    let report: Report
    /// Nil where the file doesn't have the section.
    private let table: TOMLTable?
    /// The keys and the sections that were asked for.
    private(set) var known: [String] = []

    /// Longer lists are not looked at.
    private static let maximumEntries = 1 << 14

    init(_ table: TOMLTable?, at key: ConfigurationKey, report: Report) {
        self.table = table
        self.key = key
        self.report = report
    }

    /// The names in the section.
    var names: [String] { table?.keys ?? [] }

    /// Whether the file has something by this name.
    func has(_ name: String) -> Bool { table?[name] != nil }

    /// Reads a value into `target` if there is one.
    ///
    /// - Parameter example: a value as it may be written.
    func read<Value>(_ name: String, _ form: Form<Value>, example: String, into target: inout Value) {
        known.append(name)
        guard let value = table?[name] else { return }
        do {
            target = try form.read(value, "write \(name) = \(example)")
        } catch {
            report.add(error, at: key.appending(name))
        }
    }

    /// Reads a list into `target` if there is one.
    func read<Value>(_ name: String, listOf form: Form<Value>, example: String, into target: inout [Value]) {
        known.append(name)
        guard let value = table?[name] else { return }
        let key = key.appending(name)
        let remedy = "write \(name) = \(example)"
        guard let list = value.array else {
            report.add(ConfigurationFault("is \(value.type.words), but a list is needed", remedy), at: key)
            return
        }
        guard list.count <= Self.maximumEntries else {
            report.add(
                ConfigurationFault(
                    "has \(list.count) entries", "no list has more than \(Self.maximumEntries)"),
                at: key)
            return
        }
        var read: [(place: Int, value: Value)] = []
        for place in 0..<list.count {
            do {
                read.append((place, try form.read(list[place], remedy)))
            } catch {
                report.add(error, at: key.appending(place))
            }
        }
        target = read.map(\.value)
        report.add(places: read.map(\.place), of: key, areAll: read.count == list.count)
    }

    /// A section within this one, whether the file has it or not.
    func section(_ name: String) -> SectionReader {
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
    func finish(_ kind: Kind = .key) {
        for name in names where !known.contains(name) {
            let remedy =
                if let near = Suggestion.nearest(to: name, in: known) {
                    "did you mean \(kind.written(near))?"
                } else {
                    "known are \(known.sorted().map(kind.written).joined(separator: ", "))"
                }
            report.add(ConfigurationFault("is no known \(kind.rawValue)", remedy), at: key.appending(name))
        }
    }

    /// What names stand for.
    enum Kind: String {
        case key, section, check

        func written(_ name: String) -> String { self == .section ? "[\(name)]" : name }
    }
}

/// A form that a value has.
struct Form<Value> {
    /// Reads a value; the remedy is for one of the wrong type.
    let read: (any TOMLValueConvertible, _ remedy: String) throws(ConfigurationFault) -> Value

    /// A value of one type.
    ///
    /// - Parameter needed: the type in words.
    init(_ needed: String, _ read: @escaping (any TOMLValueConvertible) throws(ConfigurationFault) -> Value?)
    {
        self.read = { value, remedy throws(ConfigurationFault) in
            guard let read = try read(value) else {
                throw ConfigurationFault("is \(value.type.words), but \(needed) is needed", remedy)
            }
            return read
        }
    }
}

extension TOMLType {
    /// The type in words, with its article.
    var words: String {
        switch self {
        case .table: "a section"
        case .array: "a list"
        case .string: "a string"
        case .int: "an integer"
        case .double: "a float"
        case .bool: "a boolean"
        case .date, .time, .dateTime: "a date or time"
        }
    }
}
