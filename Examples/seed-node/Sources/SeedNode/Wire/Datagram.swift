// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// What goes through UDP, one to a datagram.
///
/// A responder keeps nothing for a source that has not shown a cookie, and answers it with less than it got:
/// who writes someone else's address as the source gets nothing out of it.
enum Datagram: Hashable, Sendable {
    /// Asks for a cookie: kind, version, and zeros up to ``knockLength``.
    case knock
    /// The cookie for the source that knocked.
    case cookie([UInt8])
    /// A handshake's first message, with the cookie that proves the source.
    case hello(cookie: [UInt8], message: [UInt8])
    /// Any later message.
    case message([UInt8])
    /// The answer to a hello that the accept check denies. Only a source that has shown a cookie gets it.
    case refused

    /// Longer than the answer.
    static let knockLength = 64

    /// The longest datagram that is read.
    static let maximumLength = 1 + MessageFraming.maximumLength

    private enum Kind: UInt8 {
        case knock = 1
        case cookie, hello, message, refused
    }

    /// Reads a datagram; nil where it is malformed.
    init?(_ bytes: [UInt8]) {
        guard let kind = bytes.first.flatMap(Kind.init(rawValue:)), bytes.count <= Self.maximumLength
        else { return nil }
        let body = bytes.dropFirst()
        switch kind {
        case .knock:
            guard bytes.count == Self.knockLength, body.first == HandshakeSchedule.version else { return nil }
            self = .knock
        case .cookie:
            guard body.count == CookieJar.cookieLength else { return nil }
            self = .cookie(Array(body))
        case .hello:
            guard body.count == CookieJar.cookieLength + HandshakeSchedule.helloLength else { return nil }
            self = .hello(
                cookie: Array(body.prefix(CookieJar.cookieLength)),
                message: Array(body.dropFirst(CookieJar.cookieLength)))
        case .message:
            guard !body.isEmpty else { return nil }
            self = .message(Array(body))
        case .refused:
            guard body.isEmpty else { return nil }
            self = .refused
        }
    }

    var bytes: [UInt8] {
        switch self {
        case .knock:
            [Kind.knock.rawValue, HandshakeSchedule.version]
                + [UInt8](repeating: 0, count: Self.knockLength - 2)
        case .cookie(let cookie): [Kind.cookie.rawValue] + cookie
        case .hello(let cookie, let message): [Kind.hello.rawValue] + cookie + message
        case .message(let message): [Kind.message.rawValue] + message
        case .refused: [Kind.refused.rawValue]
        }
    }
}
