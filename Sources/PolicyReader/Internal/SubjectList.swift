// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Sentinel
internal import SentinelConfiguration

/// A list in a file of its own: a subject a line, behind it a comment that begins with "#".
struct SubjectList {
    private(set) var subjects: [AccessList.Subject] = []
    private(set) var problems: [ConfigurationError.Problem] = []

    /// More problems are counted, not told.
    private static let maximumProblems = 20

    /// - Parameter file: what the file is called in messages.
    init(_ bytes: [UInt8], file: String) {
        var count = 0
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let text = Self.text(of: line)
            guard !text.isEmpty else { continue }
            do {
                subjects.append(try AccessList.Subject(reading: String(decoding: text, as: UTF8.self)))
            } catch {
                count += 1
                guard count <= Self.maximumProblems else { continue }
                problems.append(
                    .init(file: file, line: index + 1, fault: error.fault, remedy: error.remedy))
            }
        }
        if count > Self.maximumProblems {
            problems.append(
                .init(
                    file: file, line: lines.count,
                    fault: "\(count - Self.maximumProblems) more lines are wrong",
                    remedy: "put these right, then check again"))
        }
    }

    /// The line without its comment and the space around.
    private static func text(of line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
        var text = line.prefix { $0 != UInt8(ascii: "#") }.drop(while: isSpace)
        while let last = text.last, isSpace(last) { text.removeLast() }
        return text
    }
}
