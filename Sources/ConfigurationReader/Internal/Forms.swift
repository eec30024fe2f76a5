// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelConfiguration
internal import TOMLDocument

extension Form<Account> {
    /// A name, or a number with or without quotes.
    static var account: Form {
        Form("a string or an integer") { value throws(ConfigurationFault) in
            guard let text = value.string ?? value.integer.map(String.init) else { return nil }
            return try Account(parsing: text)
        }
    }
}

extension Form<Int32> {
    /// A priority of a chain: a number, or one of nft's names.
    static var priority: Form {
        Form("an integer or a string") { value throws(ConfigurationFault) in
            if let number = value.integer {
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

extension Form<UInt16> {
    /// A port's number.
    static var port: Form {
        Form("an integer") { value throws(ConfigurationFault) in
            guard let number = value.integer else { return nil }
            guard let port = UInt16(exactly: number) else {
                throw ConfigurationFault("\(number) is out of range", "a port is from 1 to 65535")
            }
            return port
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
            if let strikes = value.integer { return .after(strikes: strikes) }
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
            if let length = value.integer { return .some(length) }
            guard let text = value.string else { return nil }
            guard text == "none" else {
                throw ConfigurationFault(
                    "\(text.quotedInMessage) is unknown", "write a prefix length without quotes, or \"none\"")
            }
            return .some(nil)
        }
    }
}

extension Form<String?> {
    /// A directory's path; nil where there is to be none.
    static var directory: Form {
        Form("a string") { value throws(ConfigurationFault) in
            guard let text = value.string else { return nil }
            return .some(text == "none" ? nil : text)
        }
    }
}
