// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A user or a group: by its name, or by its number. Which number a name has is looked up by who uses it.
public enum Account: Hashable, Sendable {
    case name(String)
    case id(UInt32)
}

extension Account: ConfigurationText {
    /// The longest name, as useradd(8) allows.
    static let maximumLength = 32
    /// The highest number; the one above it stands for none (`(uid_t) -1`).
    static let maximumID = UInt32.max - 1

    package init(parsing text: String) throws(ConfigurationFault) {
        guard !text.isEmpty else {
            throw ConfigurationFault("is empty", "write a name or a number, as \"seed\" or \"1000\"")
        }
        if text.unicodeScalars.areDigits {
            guard let id = UInt32(text), id <= Self.maximumID else {
                throw ConfigurationFault(
                    "\(text.quotedInMessage) is out of range", "a number is from 0 to \(Self.maximumID)")
            }
            self = .id(id)
            return
        }
        guard text.utf8.count <= Self.maximumLength else {
            throw ConfigurationFault(
                "\(text.quotedInMessage) is too long", "a name has at most \(Self.maximumLength) characters")
        }
        guard !text.hasPrefix("-"), !text.hasPrefix("."),
            text.unicodeScalars.dropLast().allSatisfy(Self.isAllowed),
            let last = text.unicodeScalars.last, Self.isAllowed(last) || last == "$"
        else {
            throw ConfigurationFault(
                "\(text.quotedInMessage) is no name",
                "a name has letters, digits, \"_\", \"-\" and \".\", and starts with none of the last two")
        }
        self = .name(text)
    }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_", "-", ".": true
        default: false
        }
    }

    public var description: String {
        switch self {
        case .name(let name): name
        case .id(let id): "\(id)"
        }
    }
}

extension String {
    /// As ``ConfigurationKey/quoted(_:)``.
    package var quotedInMessage: String { ConfigurationKey.quoted(self) }
}
