// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A short code for why something was denied: lower-case letters, digits and hyphens, 1 to 48 of them. It is
/// what durations are configured by.
public struct Reason: Hashable, Sendable {
    private let code: String

    /// The longest code.
    public static let maximumLength = 48

    /// Reads a code.
    ///
    /// - Throws: `empty`, `tooLong`, or `malformed` with the offset of what can't stand in it.
    public init(parsing code: String) throws(SentinelError) {
        guard !code.isEmpty else {
            throw SentinelError(.empty, in: "reason", at: 0, remedy: "give a code, as flood")
        }
        guard code.utf8.count <= Self.maximumLength else {
            throw SentinelError(
                .tooLong, in: "reason", at: Self.maximumLength,
                remedy: "a code has at most \(Self.maximumLength) characters")
        }
        if let fault = code.utf8.firstIndex(where: { !Self.isAllowed($0) }) {
            throw SentinelError(
                .malformed, in: "reason", at: code.utf8.distance(from: code.startIndex, to: fault),
                remedy: "only a to z, 0 to 9 and - may stand here")
        }
        self.code = code
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private init(known code: StaticString) {
        self.code = "\(code)"
    }

    /// It is on a deny list.
    public static let denyListed = Reason(known: "deny-listed")
    /// It is not on the list of those who alone may pass.
    public static let notListed = Reason(known: "not-listed")
    /// It came more often than its rate allows.
    public static let rate = Reason(known: "rate-limit")
    /// It has as many connections as it may have.
    public static let connectionLimit = Reason(known: "connection-limit")
    /// It opens streams more often, or has more of them, than it may.
    public static let streamLimit = Reason(known: "stream-limit")
    /// Too much is held against it.
    public static let reputation = Reason(known: "reputation")
    /// Too many of its neighbours are banned.
    public static let widened = Reason(known: "widened")
    /// It shares an address with others, for whose sake the address is spared.
    public static let sharedAddress = Reason(known: "shared-address")
    /// It is on a list that lets it pass.
    public static let allowListed = Reason(known: "allow-listed")
}

extension Reason: LosslessStringConvertible {
    /// Reads a code as ``init(parsing:)`` does; nil where that throws.
    public init?(_ code: String) {
        try? self.init(parsing: code)
    }

    public var description: String { code }
}
