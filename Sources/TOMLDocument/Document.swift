// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import PlainText
package import SentinelConfiguration
internal import TOMLKit

/// A TOML file that has been parsed: its values, and the line of each.
package struct Document {
    private let root: TOMLTable
    let locator: KeyLocator
    let file: String

    /// The largest file that is read, in bytes.
    package static let maximumSize = 1 << 20

    /// More parts than any known key has. The parser frees tables recursively, so an endless key would cost it
    /// its stack.
    static let maximumKeyDepth = 64

    /// - Parameter file: what the file is called in messages.
    /// - Throws: why it can't be parsed.
    package init(_ bytes: some Collection<UInt8>, file: String) throws(ConfigurationError) {
        func failure(line: Int? = nil, _ fault: String, _ remedy: String) -> ConfigurationError {
            ConfigurationError([.init(file: file, line: line, fault: fault, remedy: remedy)])
        }
        guard bytes.count <= Self.maximumSize else {
            throw failure(
                "is larger than \(Self.maximumSize) bytes", "check that it is the right file")
        }
        let bytes = Array(bytes)
        if let nul = bytes.firstIndex(of: 0) {
            throw failure(line: bytes.line(of: nul), "has a NUL byte", "save it as plain text in UTF-8")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            let line = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil }
            throw failure(line: line.map { $0 + 1 }, "is not UTF-8", "save it as plain text in UTF-8")
        }
        locator = KeyLocator(bytes)
        if let line = locator.escapedNUL {
            throw failure(line: line, "has the character NUL in a string", "remove it")
        }
        if let (line, fault) = locator.unparsable {
            throw failure(line: line, fault.fault, fault.remedy)
        }
        guard locator.deepestKey.depth <= Self.maximumKeyDepth else {
            throw failure(
                line: locator.deepestKey.line, "has a key of \(locator.deepestKey.depth) parts",
                "no key has more than a few; put what is meant as text in quotes")
        }
        do {
            root = try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            let position = error.source.begin
            throw failure(
                line: position.line, "column \(position.column): \(error.sentence)", error.remedy)
        } catch {
            throw failure("can't be parsed: \(error)", TOMLParseError.generalRemedy)
        }
        self.file = file
    }

    /// What the file says.
    var node: Node { Node(root) }

    /// The file as a whole, to read, and what is to collect its problems.
    package func read() -> (root: SectionReader, report: Report) {
        let report = Report(file: file, locator: locator)
        return (SectionReader(root, at: ConfigurationKey(), report: report), report)
    }
}

extension [UInt8] {
    /// The line that a byte stands in, counted from 1.
    fileprivate func line(of index: Int) -> Int {
        self[..<index].count { $0 == UInt8(ascii: "\n") } + 1
    }
}

extension TOMLParseError {
    fileprivate static let generalRemedy = "write it as https://toml.io shows"

    /// What is wrong, fit for a line of a message.
    fileprivate var sentence: String {
        let text = description.unicodeScalars.prefix(300).map(\.printable).joined()
        return text.prefix(1).lowercased() + text.dropFirst()
    }

    /// What mostly helps against it.
    fileprivate var remedy: String {
        let text = "put a text in quotes, as level = \"info\""
        let remedies = [
            ("could not determine value type", text),
            // As for info, which starts like infinity does.
            ("expected value-terminator", text),
            ("cannot redefine", "a section and a key may be there once; join the two"),
            ("expected '='", "write key = value, or [section]"),
            ("leading zeroes", "write a number without them, and a mode in quotes, as mode = \"0660\""),
            ("expected digit", "put a duration in quotes, as first = \"10m\""),
            ("control characters", "close the text with a quote in the same line"),
            ("expected comma", "separate the entries by commas, and close the list with ]"),
        ]
        return remedies.first { description.contains($0.0) }?.1 ?? Self.generalRemedy
    }
}
