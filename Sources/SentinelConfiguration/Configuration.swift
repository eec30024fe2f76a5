// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import FoundationEssentials
internal import PlainText

/// What sentineld is told by its operator, with every default filled in.
///
/// A configuration is read from TOML by the module ConfigurationReader in a process that has no privileges, and
/// reaches sentineld as JSON (``init(json:)``). Who decodes one calls ``validate()``.
public struct Configuration: Codable, Hashable, Sendable {
    public var table = Table()
    public var node = Node()
    public var capacity = Capacity()
    public var shadow = Shadow()
    public var access = Access()
    public var exempt = Exempt()
    public var guards = Guards()
    public var feeds: [Feed] = []
    public var socket = Socket()
    public var durations = Durations()
    public var ledger = Ledger()
    public var log = Log()

    /// The defaults.
    public init() {}
}

extension Configuration {
    /// The canonical JSON: keys in order, durations in milliseconds. Equal configurations have equal JSON.
    public var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }

    /// Reads ``json``, and checks that it means what its writer meant: a key that is unknown here, or one that
    /// is missing, comes from another version of the project. The values are for ``validate()`` to check.
    ///
    /// - Throws: a problem that names the key where one is at fault.
    public init(json: some Sequence<UInt8>) throws(ConfigurationError) {
        let data = Data(json)
        do {
            self = try JSONDecoder().decode(Configuration.self, from: data)
            guard Array(try self.json.utf8) == Array(data) else {
                throw ConfigurationError(
                    fault: "the configuration has keys that this version doesn't know", remedy: Self.versions)
            }
        } catch let error as ConfigurationError {
            throw error
        } catch let error as DecodingError {
            throw ConfigurationError([error.problem(remedy: Self.versions)])
        } catch {
            throw ConfigurationError(
                fault: "the configuration can't be decoded: \(error)", remedy: Self.versions)
        }
    }

    private static let versions = "install sentineld and sentinel-config from the same release"
}

extension DecodingError {
    fileprivate func problem(remedy: String) -> ConfigurationError.Problem {
        var path: [any CodingKey] = []
        var fault = "can't be decoded"
        switch self {
        case .keyNotFound(let key, let context):
            path = context.codingPath
            fault = "has no \(key.stringValue)"
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            path = context.codingPath
            // The decoder repeats what it read.
            fault =
                "can't be decoded: "
                + context.debugDescription.unicodeScalars.prefix(300).map(\.printable).joined()
        @unknown default: break
        }
        let components = path.map { key -> ConfigurationKey.Component in
            if let index = key.intValue { .index(index) } else { .key(key.stringValue) }
        }
        return ConfigurationError.Problem(
            key: ConfigurationKey(components),
            fault: components.isEmpty ? "the configuration \(fault)" : fault, remedy: remedy)
    }
}
