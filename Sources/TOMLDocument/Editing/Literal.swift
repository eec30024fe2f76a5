// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelConfiguration

/// A value as TOML writes it.
struct Literal {
    let text: String

    /// - Parameter neighbour: a value that is written as the file likes it: its quotes are taken over.
    init(_ value: ConfigurationEdit.Value, like neighbour: String? = nil) throws(ConfigurationFault) {
        switch value {
        case .text(let text):
            guard !text.utf8.contains(0) else {
                throw ConfigurationFault("has the character NUL in its value", "leave it out")
            }
            let isPlain = text.unicodeScalars.allSatisfy { $0 != "'" && !Self.isControl($0) }
            self.text = neighbour?.hasPrefix("'") == true && isPlain ? "'\(text)'" : Self.quoted(text)
        case .integer(let number): text = "\(number)"
        case .number(let number):
            guard number.isFinite else {
                throw ConfigurationFault("is to be \(number), which is no number", "give it a number")
            }
            text = "\(number)"
        case .boolean(let boolean): text = "\(boolean)"
        }
    }

    private static func quoted(_ text: String) -> String {
        var written = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": written += "\\\""
            case "\\": written += "\\\\"
            case "\n": written += "\\n"
            case "\r": written += "\\r"
            case "\t": written += "\\t"
            case _ where isControl(scalar):
                let digits = String(scalar.value, radix: 16, uppercase: true)
                written += "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
            default: written.unicodeScalars.append(scalar)
            }
        }
        return written + "\""
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
    }

    /// A key as TOML writes it, whatever its length.
    static func key(_ name: String) -> String {
        let isBare = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        return isBare && !name.isEmpty ? name : quoted(name)
    }
}
