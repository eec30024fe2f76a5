// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// The permissions of a file, as chmod(1) takes them in octal digits.
public struct FileMode: Hashable, Sendable {
    /// The nine permission bits.
    public let bits: UInt16

    /// - Precondition: there are no bits but the nine of the permissions.
    public init(bits: UInt16) {
        precondition(bits <= 0o777)
        self.bits = bits
    }
}

extension FileMode: ConfigurationText {
    package init(parsing text: String) throws(ConfigurationFault) {
        guard (3...4).contains(text.utf8.count), text.unicodeScalars.areDigits,
            let bits = UInt16(text, radix: 8), bits <= 0o777
        else {
            throw ConfigurationFault(
                "\(text.quotedInMessage) is no mode",
                "write octal digits from \"0000\" to \"0777\", as \"0660\"")
        }
        self.init(bits: bits)
    }

    /// Four octal digits.
    public var description: String {
        let digits = String(bits, radix: 8)
        return String(repeating: "0", count: 4 - digits.utf8.count) + digits
    }
}
