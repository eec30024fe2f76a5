// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Inet

extension Configuration {
    /// `[exempt]`: whom nothing may block.
    public struct Exempt: Hashable, Sendable {
        public var addresses: [IPNetwork] = []

        /// The defaults.
        public init() {}
    }
}

extension Configuration.Exempt: Codable {
    enum CodingKeys: String, CodingKey {
        case addresses
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        addresses = try container.decodeTexts(NetworkText.self, forKey: .addresses).map(\.network)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(addresses.map { NetworkText($0).description }, forKey: .addresses)
    }
}
