// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Whom a right is granted to.
public enum Principal: Hashable, Sendable {
    case user(Account)
    /// Everyone in the group.
    case group(Account)
}

extension Principal: ConfigurationText {
    package init(parsing text: String) throws(ConfigurationFault) {
        let remedy =
            "write \"user:\" or \"group:\" and a name or a number, as \"user:seed\" or \"group:1000\""
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            throw ConfigurationFault(
                "\(text.quotedInMessage) doesn't say whether it is a user or a group", remedy)
        }
        switch parts[0] {
        case "user": self = .user(try Account(parsing: String(parts[1])))
        case "group": self = .group(try Account(parsing: String(parts[1])))
        default:
            throw ConfigurationFault("\(text.quotedInMessage) is neither a user nor a group", remedy)
        }
    }

    public var description: String {
        switch self {
        case .user(let account): "user:\(account)"
        case .group(let account): "group:\(account)"
        }
    }
}
