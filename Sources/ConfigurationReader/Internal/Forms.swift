// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import SentinelConfiguration
internal import TOMLKit

extension Form<Int> {
    static var integer: Form { Form("an integer") { $0.int } }
}

extension Form<Double> {
    /// A float; an integer is one as well.
    static var number: Form { Form("a number") { $0.double ?? $0.int.map(Double.init) } }
}

extension Form<String> {
    static var string: Form { Form("a string") { $0.string } }
}

extension Form where Value: ConfigurationText {
    /// A value that is written as a string.
    static var text: Form {
        Form("a string") { value throws(ConfigurationFault) in
            guard let text = value.string else { return nil }
            return try Value(parsing: text)
        }
    }
}

extension Form<Account> {
    /// A name, or a number with or without quotes.
    static var account: Form {
        Form("a string or an integer") { value throws(ConfigurationFault) in
            guard let text = value.string ?? value.int.map(String.init) else { return nil }
            return try Account(parsing: text)
        }
    }
}

extension Form<IPNetwork> {
    static var exempt: Form {
        Form("a string") { value throws(ConfigurationFault) in
            guard let text = value.string else { return nil }
            return try ExemptNetwork(parsing: text).network
        }
    }
}

extension Form<Duration> {
    static var duration: Form {
        Form("a string") { value throws(ConfigurationFault) in
            if let number = value.int {
                throw ConfigurationFault(
                    "\(number) has no unit", "say which, in quotes, as \"\(number.magnitude)s\"")
            }
            guard let text = value.string else { return nil }
            return try DurationText(parsing: text).duration
        }
    }
}

extension Form where Value: CaseIterable & RawRepresentable, Value.RawValue == String {
    /// One of a few words.
    static var word: Form {
        Form("a string") { value throws(ConfigurationFault) in
            guard let text = value.string else { return nil }
            guard let word = Value(rawValue: text) else {
                throw .unknownWord(text, of: Value.allCases.map(\.rawValue))
            }
            return word
        }
    }
}

extension Form<Int32> {
    /// A priority of a chain: a number, or one of nft's names.
    static var priority: Form {
        Form("an integer or a string") { value throws(ConfigurationFault) in
            if let number = value.int {
                guard let priority = Int32(exactly: number) else {
                    throw ConfigurationFault(
                        "\(number) is out of range", "it is from \(Int32.min) to \(Int32.max)")
                }
                return priority
            }
            guard let text = value.string else { return nil }
            let priorities = Configuration.Table.priorities
            guard let known = priorities.first(where: { $0.name == text }) else {
                throw .unknownWord(text, of: priorities.map(\.name), orElse: ", or a number")
            }
            return known.value
        }
    }
}

/// The strike from which on a ban is for good.
enum Permanence: Equatable {
    case never
    case after(strikes: Int)
}

extension Form<Permanence> {
    static var permanence: Form {
        Form("an integer or \"never\"") { value throws(ConfigurationFault) in
            if let strikes = value.int { return .after(strikes: strikes) }
            guard let text = value.string else { return nil }
            guard text == "never" else {
                throw ConfigurationFault(
                    "\(text.quotedInMessage) is unknown",
                    "write a number of strikes without quotes, or \"never\"")
            }
            return .never
        }
    }
}

extension Form<Int?> {
    /// The prefix length of the widest block; nil where there may be none.
    static var prefixLength: Form {
        Form("an integer or \"none\"") { value throws(ConfigurationFault) in
            if let length = value.int { return .some(length) }
            guard let text = value.string else { return nil }
            guard text == "none" else {
                throw ConfigurationFault(
                    "\(text.quotedInMessage) is unknown", "write a prefix length without quotes, or \"none\"")
            }
            return .some(nil)
        }
    }
}

extension ConfigurationFault {
    /// A word that is none of those that are known.
    fileprivate static func unknownWord(_ text: String, of known: [String], orElse: String = "") -> Self {
        let quoted = known.map(\.quotedInMessage).joined(separator: ", ")
        let remedy = Suggestion.nearest(to: text, in: known).map { "did you mean \($0.quotedInMessage)?" }
        return Self("\(text.quotedInMessage) is unknown", remedy ?? "write one of \(quoted)\(orElse)")
    }
}
