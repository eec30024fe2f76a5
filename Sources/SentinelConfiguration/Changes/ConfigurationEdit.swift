// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import FoundationEssentials

/// A change of a configuration file's text, which leaves all else in it as it stands.
public enum ConfigurationEdit: Hashable, Sendable {
    /// Gives a key a value. Where the file doesn't have the key it is added, and so is its section.
    case set(ConfigurationKey, Value)
    /// Removes a key; or a section with its own keys, but without the sections in it; or a section of a list.
    case remove(ConfigurationKey)
    /// Adds an element at a list's end; the list where there is none. The note becomes a comment behind the element.
    case append(ConfigurationKey, Value, note: String?)
    /// Adds a section with these keys at the end of a list of sections.
    case appendSection(ConfigurationKey, [Entry])

    /// A key of a section that is added, with its value.
    public struct Entry: Codable, Hashable, Sendable {
        public var name: String
        public var value: Value

        public init(name: String, value: Value) {
            self.name = name
            self.value = value
        }
    }

    /// A value without parts.
    public enum Value: Hashable, Sendable {
        case text(String)
        case integer(Int)
        /// A finite number.
        case number(Double)
        case boolean(Bool)
    }
}

extension ConfigurationEdit.Value: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else {
            self = .text(try container.decode(String.self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .boolean(let value): try container.encode(value)
        }
    }
}

/// As `["exempt", "addresses", 0]`.
extension ConfigurationKey: Codable {
    public init(from decoder: any Decoder) throws {
        var container = try decoder.unkeyedContainer()
        components = []
        while !container.isAtEnd {
            if let index = try? container.decode(Int.self) {
                guard index >= 0 else {
                    throw DecodingError.dataCorruptedError(
                        in: container, debugDescription: "\(index) is negative")
                }
                components.append(.index(index))
            } else {
                components.append(.key(try container.decode(String.self)))
            }
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.unkeyedContainer()
        for component in components {
            switch component {
            case .key(let key): try container.encode(key)
            case .index(let index): try container.encode(index)
            }
        }
    }
}

/// As `{"set": KEY, "value": VALUE}`, `{"remove": KEY}`, `{"append": KEY, "value": VALUE, "note": TEXT}` and
/// `{"append_section": KEY, "entries": [{"name": NAME, "value": VALUE}]}`.
extension ConfigurationEdit: Codable {
    private enum CodingKeys: String, CodingKey {
        case set, remove, append, value, note, entries
        case appendSection = "append_section"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if let key = try container.decodeIfPresent(ConfigurationKey.self, forKey: .set) {
            self = .set(key, try container.decode(Value.self, forKey: .value))
        } else if let key = try container.decodeIfPresent(ConfigurationKey.self, forKey: .append) {
            self = .append(
                key, try container.decode(Value.self, forKey: .value),
                note: try container.decodeIfPresent(String.self, forKey: .note))
        } else if let key = try container.decodeIfPresent(ConfigurationKey.self, forKey: .appendSection) {
            self = .appendSection(key, try container.decode([Entry].self, forKey: .entries))
        } else {
            self = .remove(try container.decode(ConfigurationKey.self, forKey: .remove))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .set(let key, let value):
            try container.encode(key, forKey: .set)
            try container.encode(value, forKey: .value)
        case .remove(let key): try container.encode(key, forKey: .remove)
        case .append(let key, let value, let note):
            try container.encode(key, forKey: .append)
            try container.encode(value, forKey: .value)
            try container.encodeIfPresent(note, forKey: .note)
        case .appendSection(let key, let entries):
            try container.encode(key, forKey: .appendSection)
            try container.encode(entries, forKey: .entries)
        }
    }
}

extension ConfigurationEdit {
    /// Changes as JSON, to hand them to another program.
    public static func json(_ edits: [ConfigurationEdit]) throws(ConfigurationError) -> String {
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(edits), as: UTF8.self)
        } catch {
            throw ConfigurationError(
                fault: "the changes can't be encoded: \(error)", remedy: "give them plain values")
        }
    }

    /// Reads ``json(_:)``.
    public static func edits(json: String) throws(ConfigurationError) -> [ConfigurationEdit] {
        do {
            return try JSONDecoder().decode([ConfigurationEdit].self, from: Data(json.utf8))
        } catch {
            throw ConfigurationError(
                fault: "the changes can't be read: they are no JSON of the form that is expected",
                remedy: #"write [{"set": ["durations", "default", "first"], "value": "1h"}], for example"#)
        }
    }
}
