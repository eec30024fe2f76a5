// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import PlainText

/// Where in a configuration something stands: the keys from the outermost section on, and the place in a list.
public struct ConfigurationKey: Hashable, Sendable {
    /// One step inwards.
    public enum Component: Hashable, Sendable {
        case key(String)
        /// An element of a list, counted from 0.
        case index(Int)
    }

    public var components: [Component]

    public init(_ components: [Component]) {
        self.components = components
    }

    /// The key at the end of these keys: `ConfigurationKey("durations", "default", "first")`.
    public init(_ keys: String...) {
        components = keys.map { .key($0) }
    }

    /// The key within this section.
    public func appending(_ key: String) -> ConfigurationKey {
        ConfigurationKey(components + [.key(key)])
    }

    /// The element of this list.
    public func appending(_ index: Int) -> ConfigurationKey {
        ConfigurationKey(components + [.index(index)])
    }

    /// What this stands in; nil for the file as a whole.
    public var parent: ConfigurationKey? {
        components.isEmpty ? nil : ConfigurationKey(Array(components.dropLast()))
    }
}

extension ConfigurationKey: CustomStringConvertible {
    /// As in the file: `[durations.default] first`, and `[[policy]] name` in an array of tables. An element of a
    /// list goes by the list's name.
    public var description: String {
        guard let place = components.lastIndex(where: { if case .key = $0 { true } else { false } }),
            case .key(let last) = components[place]
        else { return "" }
        let section = components[..<place].compactMap { component in
            if case .key(let key) = component { Self.written(key) } else { nil }
        }.joined(separator: ".")
        guard !section.isEmpty else { return Self.written(last) }
        if case .index = components[place - 1] { return "[[\(section)]] \(Self.written(last))" }
        return "[\(section)] \(Self.written(last))"
    }

    /// A key as TOML writes it: bare where it may be, else in quotes.
    package static func written(_ key: String) -> String {
        let isBare = key.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        return isBare && !key.isEmpty && key.utf8.count <= quotedLength ? key : quoted(key)
    }

    /// How many characters of a text from a file a message repeats.
    package static let quotedLength = 64

    /// A text from a file in quotes, short and without anything that a terminal would act on.
    package static func quoted(_ text: String) -> String {
        var written = "\""
        for scalar in text.unicodeScalars.prefix(quotedLength) {
            switch scalar {
            case "\"": written += "\\\""
            case "\\": written += "\\\\"
            default: written += scalar.printable
            }
        }
        return written + (text.unicodeScalars.count > quotedLength ? "…\"" : "\"")
    }
}
