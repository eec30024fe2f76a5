// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A value that a configuration writes as a text.
package protocol ConfigurationText: LosslessStringConvertible {
    /// Reads what ``description`` writes.
    init(parsing text: String) throws(ConfigurationFault)
}

extension ConfigurationText {
    /// Reads what ``description`` writes; nil for anything else.
    public init?(_ text: String) {
        try? self.init(parsing: text)
    }
}

/// What is wrong with a value, and what to write instead.
package struct ConfigurationFault: Error, Hashable {
    package var fault: String
    package var remedy: String

    package init(_ fault: String, _ remedy: String) {
        self.fault = fault
        self.remedy = remedy
    }
}

extension KeyedDecodingContainer {
    /// The value of `key`, which is a text.
    func decodeText<Value: ConfigurationText>(_ type: Value.Type, forKey key: Key) throws -> Value {
        try read(type, decode(String.self, forKey: key), key)
    }

    /// The values of `key`, which is a list of texts.
    func decodeTexts<Value: ConfigurationText>(_ type: Value.Type, forKey key: Key) throws -> [Value] {
        try decode([String].self, forKey: key).map { try read(type, $0, key) }
    }

    private func read<Value: ConfigurationText>(_ type: Value.Type, _ text: String, _ key: Key) throws
        -> Value
    {
        do {
            return try Value(parsing: text)
        } catch {
            throw DecodingError.dataCorruptedError(
                forKey: key, in: self, debugDescription: "\(error.fault); \(error.remedy)")
        }
    }
}

extension Sequence<Unicode.Scalar> {
    /// Whether there are digits only, and at least one.
    var areDigits: Bool {
        var isEmpty = true
        for scalar in self {
            guard ("0"..."9").contains(scalar) else { return false }
            isEmpty = false
        }
        return !isEmpty
    }
}
