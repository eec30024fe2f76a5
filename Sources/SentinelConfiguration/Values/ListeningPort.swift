// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Inet

/// A port that the node listens on.
public struct ListeningPort: Hashable, Sendable {
    public var transport: TransportProtocol
    /// 1 and above.
    public var number: UInt16

    public init(_ transport: TransportProtocol, _ number: UInt16) {
        self.transport = transport
        self.number = number
    }
}

extension ListeningPort: ConfigurationText {
    package init(parsing text: String) throws(ConfigurationFault) {
        let remedy = "write protocol and port, as \"tcp/8776\" or \"udp/8776\""
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            throw ConfigurationFault("\(text.quotedInMessage) is no port", remedy)
        }
        guard let transport = TransportProtocol(String(parts[0])) else {
            throw ConfigurationFault(
                "\(text.quotedInMessage) has an unknown protocol", "write \"tcp/…\" or \"udp/…\"")
        }
        guard parts[1].unicodeScalars.areDigits else {
            let ends = parts[1].split(separator: "-", omittingEmptySubsequences: false)
            if ends.count == 2, ends.allSatisfy({ $0.unicodeScalars.areDigits }) {
                throw ConfigurationFault(
                    "\(text.quotedInMessage) is a range, and ranges of ports are not supported",
                    "write each port, as \"\(transport)/\(ends[0])\", \"\(transport)/\(ends[1])\"")
            }
            throw ConfigurationFault("\(text.quotedInMessage) is no port", remedy)
        }
        guard let number = UInt16(parts[1]), number > 0 else {
            throw ConfigurationFault("\(text.quotedInMessage) is out of range", "a port is from 1 to 65535")
        }
        self.init(transport, number)
    }

    public var description: String { "\(transport)/\(number)" }
}
