// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

extension Configuration {
    /// `[guards]`: whom the helper finds out that nothing may block.
    public struct Guards: Hashable, Sendable {
        /// The ports where sshd listens: from where somebody is logged in there, nothing is blocked.
        public var sshPorts: [UInt16] = [22]
        /// sshd's LoginGraceTime: a connection that has lasted longer is one on which somebody has logged in.
        public var loginGrace = Duration.seconds(120)

        /// The defaults.
        public init() {}
    }
}

extension Configuration.Guards: Codable {
    enum CodingKeys: String, CodingKey {
        case sshPorts = "ssh_ports"
        case loginGrace = "ssh_login_grace"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        sshPorts = try container.decode([UInt16].self, forKey: .sshPorts)
        loginGrace = .milliseconds(try container.decode(Int64.self, forKey: .loginGrace))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(sshPorts, forKey: .sshPorts)
        try container.encode(loginGrace.milliseconds, forKey: .loginGrace)
    }
}
