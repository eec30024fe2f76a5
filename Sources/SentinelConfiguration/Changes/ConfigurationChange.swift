// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A key that has another value in one configuration than in another, each as the file writes it.
public struct ConfigurationChange: Hashable, Sendable {
    public var key: ConfigurationKey
    /// Shortened where it is long; so two may read alike.
    public var old: String
    /// As ``old``.
    public var new: String
}

extension ConfigurationChange: CustomStringConvertible {
    /// `[section] key: old → new`
    public var description: String { "\(key): \(old) → \(new)" }
}

extension Configuration {
    /// What is different in another configuration, in the order of the file.
    public func changes(to other: Configuration) -> [ConfigurationChange] {
        let (before, after) = (written, other.written)
        let old = Dictionary(uniqueKeysWithValues: before)
        let new = Dictionary(uniqueKeysWithValues: after)
        let added = after.map(\.key).filter { old[$0] == nil }
        return (before.map(\.key) + added).compactMap { key in
            let (old, new) = (old[key], new[key])
            guard old != new else { return nil }
            // Only sections that needn't be there have keys that aren't.
            return ConfigurationChange(
                key: key, old: old?.shortened ?? "not set", new: new?.shortened ?? "not set")
        }
    }
}

/// A value as the file writes it.
enum WrittenValue: Hashable {
    case plain(String)
    case list([String])

    /// Of a long list its beginning and how long it is.
    fileprivate var shortened: String {
        switch self {
        case .plain(let text): return text
        case .list(let texts):
            let shown = texts.prefix(Self.mostShown)
            let rest = texts.count > shown.count ? ", … \(texts.count) in all" : ""
            return "[" + shown.joined(separator: ", ") + rest + "]"
        }
    }

    private static var mostShown: Int { 8 }
}
