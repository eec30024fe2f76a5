// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

extension Configuration {
    /// `[access]`: who may ask for what.
    public struct Access: Hashable, Sendable {
        /// Who may hand over denials: the node.
        public var submit = [Principal.user(.name("seed"))]
        /// Who may do everything.
        public var operate = [Principal.user(.name("root")), .group(.name("sentinel"))]

        /// The defaults.
        public init() {}
    }
}

extension Configuration.Access: Codable {
    enum CodingKeys: String, CodingKey {
        case submit, operate
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        submit = try container.decodeTexts(Principal.self, forKey: .submit)
        operate = try container.decodeTexts(Principal.self, forKey: .operate)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(submit.map(\.description), forKey: .submit)
        try container.encode(operate.map(\.description), forKey: .operate)
    }
}
