// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Crypto
internal import Inet

/// Makes and checks the cookies by which a UDP source proves that it gets what is sent to it. It remembers
/// none of them: a cookie is a keyed hash of the source and the time.
struct CookieJar: Sendable {
    /// One byte of time and 16 of hash.
    static let cookieLength = 17

    /// A cookie is good for the period it was made in and the next.
    static let period: Duration = .seconds(30)

    private let key = SymmetricKey(size: .bits256)

    /// The cookie of `source` at `now`, a time since any fixed start.
    func cookie(for source: Endpoint, at now: Duration) -> [UInt8] {
        cookie(for: source, epoch: Self.epoch(now))
    }

    /// Whether `cookie` was made for `source` of late.
    func accepts(_ cookie: [UInt8], from source: Endpoint, at now: Duration) -> Bool {
        guard cookie.count == Self.cookieLength else { return false }
        let current = Self.epoch(now)
        return [current, current - 1].contains { epoch in
            epoch >= 0 && Self.areEqual(cookie, self.cookie(for: source, epoch: epoch))
        }
    }

    private func cookie(for source: Endpoint, epoch: Int64) -> [UInt8] {
        var hash = HMAC<SHA256>(key: key)
        hash.update(data: withUnsafeBytes(of: epoch.bigEndian, Array.init))
        hash.update(data: source.address.bytes)
        hash.update(data: withUnsafeBytes(of: source.port.bigEndian, Array.init))
        return [UInt8(truncatingIfNeeded: epoch)] + Array(hash.finalize()).prefix(Self.cookieLength - 1)
    }

    private static func epoch(_ now: Duration) -> Int64 {
        now.components.seconds / period.components.seconds
    }

    /// Takes as long wherever the two differ.
    private static func areEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        zip(a, b).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
