// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A point in time as it is on the wire: milliseconds since 1970-01-01T00:00Z.
public struct Timestamp: RawRepresentable, Codable, Hashable, Sendable {
    public var rawValue: Int64

    public init(rawValue: Int64) {
        self.rawValue = rawValue
    }
}

extension Timestamp: Comparable {
    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// A length of time as it is on the wire: milliseconds.
public struct Milliseconds: RawRepresentable, Codable, Hashable, Sendable {
    public var rawValue: Int64

    public init(rawValue: Int64) {
        self.rawValue = rawValue
    }

    /// The same length of time; what is less than a millisecond is cut off.
    public init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        let (sum, excess) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        rawValue = overflow || excess ? (seconds < 0 ? .min : .max) : sum
    }

    /// The same length of time.
    public var duration: Duration { .milliseconds(rawValue) }
}

extension Milliseconds {
    /// Says where a number stands that isn't whole or too large: the decoder itself doesn't.
    public init(from decoder: any Decoder) throws {
        do {
            rawValue = try decoder.singleValueContainer().decode(Int64.self)
        } catch let error as DecodingError {
            guard case .dataCorrupted = error else { throw error }
            throw Self.noNumber(decoder, error)
        } catch {
            throw Self.noNumber(decoder, error)
        }
    }

    private static func noNumber(_ decoder: any Decoder, _ cause: any Error) -> DecodingError {
        .dataCorrupted(
            .init(
                codingPath: decoder.codingPath,
                debugDescription: "no whole number of milliseconds that fits 64 bits", underlyingError: cause)
        )
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}

extension Milliseconds: Comparable {
    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}
