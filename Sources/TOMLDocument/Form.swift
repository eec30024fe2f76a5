// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

package import Inet
package import SentinelConfiguration

/// A form that a value has.
package struct Form<Read> {
    /// Reads a value; the remedy is for one of the wrong type.
    package let read: (Value, _ remedy: String) throws(ConfigurationFault) -> Read

    /// A value of one type.
    ///
    /// - Parameter needed: the type in words.
    package init(_ needed: String, _ read: @escaping (Value) throws(ConfigurationFault) -> Read?) {
        self.read = { value, remedy throws(ConfigurationFault) in
            guard let read = try read(value) else {
                throw ConfigurationFault("is \(value.kind), but \(needed) is needed", remedy)
            }
            return read
        }
    }
}

extension Form<Int> {
    package static var integer: Form { Form("an integer") { $0.integer } }
}

extension Form<Double> {
    /// A float; an integer is one as well.
    package static var number: Form { Form("a number") { $0.number } }
}

extension Form<Bool> {
    package static var boolean: Form { Form("true or false") { $0.boolean } }
}

extension Form<String> {
    package static var string: Form { Form("a string") { $0.string } }
}

extension Form where Read: ConfigurationText {
    /// A value that is written as a string.
    package static var text: Form {
        Form("a string") { value throws(ConfigurationFault) in
            guard let text = value.string else { return nil }
            return try Read(parsing: text)
        }
    }
}

extension Form<IPNetwork> {
    /// An address, or a block of them.
    package static var network: Form<IPNetwork> {
        Form("a string") { value throws(ConfigurationFault) in
            guard let text = value.string else { return nil }
            return try NetworkText(parsing: text).network
        }
    }
}

extension Form<Duration> {
    package static var duration: Form {
        Form("a string") { value throws(ConfigurationFault) in
            if let number = value.integer {
                throw ConfigurationFault(
                    "\(number) has no unit", "say which, in quotes, as \"\(number.magnitude)s\"")
            }
            guard let text = value.string else { return nil }
            return try DurationText(parsing: text).duration
        }
    }
}

extension Form<WallTime> {
    /// A date with its time and its distance from UTC.
    package static var wallTime: Form {
        Form("a date with its time") { value throws(ConfigurationFault) in
            if let time = value.wallTime { return time }
            guard value.isDateOrTime else { return nil }
            throw ConfigurationFault(
                "has no date, no time, or no time zone", "write all three, as 2027-01-01T00:00:00Z")
        }
    }
}

extension Form where Read: CaseIterable & RawRepresentable, Read.RawValue == String {
    /// One of a few words.
    package static var word: Form { oneOf(Array(Read.allCases), called: \.rawValue) }
}

extension Form where Read: CaseIterable & CustomStringConvertible {
    /// One of a few, by its name.
    package static var name: Form { oneOf(Array(Read.allCases), called: \.description) }
}

extension Form {
    /// One of a few.
    private static func oneOf(_ known: [Read], called name: @escaping (Read) -> String) -> Form {
        Form("a string") { value throws(ConfigurationFault) in
            guard let text = value.string else { return nil }
            guard let read = known.first(where: { name($0) == text }) else {
                throw .unknownWord(text, of: known.map(name))
            }
            return read
        }
    }
}

extension ConfigurationFault {
    /// A word that is none of those that are known.
    package static func unknownWord(_ text: String, of known: [String], orElse: String = "") -> Self {
        let quoted = known.map(\.quotedInMessage).joined(separator: ", ")
        let remedy = Suggestion.nearest(to: text, in: known).map { "did you mean \($0.quotedInMessage)?" }
        return Self("\(text.quotedInMessage) is unknown", remedy ?? "write one of \(quoted)\(orElse)")
    }
}
