// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import PlainText

/// Why a configuration can't be used: everything that is wrong with it, and what to do about each.
public struct ConfigurationError: Error, Hashable, Sendable {
    /// One thing that is wrong.
    public struct Problem: Hashable, Sendable {
        /// The file it stands in, as it was named; nil where it is known without a file.
        public var file: String?
        /// The line, counted from 1; nil where there is none.
        public var line: Int?
        /// What is at fault; nil where it is the file as a whole.
        public var key: ConfigurationKey?
        /// What is wrong.
        public var fault: String
        /// What to do about it.
        public var remedy: String

        public init(
            file: String? = nil, line: Int? = nil, key: ConfigurationKey? = nil, fault: String, remedy: String
        ) {
            self.file = file
            self.line = line
            self.key = key
            self.fault = fault
            self.remedy = remedy
        }
    }

    /// At least one, in the order of the file.
    public let problems: [Problem]

    /// - Precondition: there is at least one problem.
    public init(_ problems: [Problem]) {
        precondition(!problems.isEmpty)
        self.problems = problems
    }

    /// A single problem.
    public init(file: String? = nil, fault: String, remedy: String) {
        self.init([Problem(file: file, fault: fault, remedy: remedy)])
    }
}

extension ConfigurationError: CustomStringConvertible {
    /// A line for each problem.
    public var description: String { problems.map(\.description).joined(separator: "\n") }
}

extension ConfigurationError.Problem: CustomStringConvertible {
    /// `FILE:LINE: [section] key: what is wrong; remedy`, as far as each is known.
    public var description: String {
        var text = ""
        if let file {
            // Its name may come from another file.
            text += file.unicodeScalars.map(\.printable).joined()
            text += line.map { ":\($0): " } ?? ": "
        }
        if let key, !key.components.isEmpty { text += "\(key): " }
        return text + "\(fault); \(remedy)"
    }
}
