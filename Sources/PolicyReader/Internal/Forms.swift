// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Sentinel
internal import SentinelConfiguration
internal import TOMLDocument

extension Form<String> {
    /// The longest name of a policy.
    private static var longestName: Int { 48 }

    /// A policy's name: it stands in logs, and beside what it has blocked in the kernel.
    static var policyName: Form {
        Form("a string") { value throws(ConfigurationFault) in
            guard let name = value.string else { return nil }
            let isName =
                (1...longestName).contains(name.utf8.count)
                && name.unicodeScalars.allSatisfy {
                    ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
                        || $0 == "-" || $0 == "_" || $0 == "."
                }
            guard isName else {
                throw ConfigurationFault(
                    "\(name.quotedInMessage) is no name of a policy",
                    "a name has 1 to \(longestName) letters, digits, \"-\", \"_\" and \".\"")
            }
            return name
        }
    }
}

extension Form<Reason> {
    static var reason: Form {
        Form("a string") { value throws(ConfigurationFault) in
            guard let code = value.string else { return nil }
            if let fault = Configuration.Durations.fault(ofReason: code) { throw fault }
            return Reason(code)
        }
    }
}

extension Form<AccessList.Subject> {
    /// Any of the below, told apart by how it is written.
    static var subject: Form {
        Form("a string") { value throws(ConfigurationFault) in
            guard let text = value.string else { return nil }
            return try AccessList.Subject(reading: text)
        }
    }

    static var peer: Form {
        Form("a string") { value throws(ConfigurationFault) in
            guard let text = value.string else { return nil }
            return try AccessList.Subject(peer: text)
        }
    }

    static var address: Form {
        Form("a string") { value throws(ConfigurationFault) in
            guard let text = value.string else { return nil }
            return try AccessList.Subject(address: text)
        }
    }

    static var endpoint: Form {
        Form("a string") { value throws(ConfigurationFault) in
            guard let text = value.string else { return nil }
            return try AccessList.Subject(endpoint: text)
        }
    }
}

extension AccessList.Subject {
    /// Reads a subject of whatever kind.
    init(reading text: String) throws(ConfigurationFault) {
        if text.hasPrefix("tcp:") || text.hasPrefix("udp:") {
            self = try AccessList.Subject(endpoint: text)
        } else if text.utf8.contains(where: { $0 == 0x2E || $0 == 0x2F || $0 == 0x3A }) {
            // Peer ids have no dot, slash or colon.
            self = try AccessList.Subject(address: text)
        } else {
            guard let peer = PeerID(text) else {
                throw ConfigurationFault(
                    "\(text.quotedInMessage) is neither a peer id nor an address",
                    "write a peer id, an address or block as \"192.0.2.0/24\", or \"tcp:192.0.2.7:8776\"")
            }
            self = .peer(peer)
        }
    }

    init(peer text: String) throws(ConfigurationFault) {
        do {
            self = .peer(try PeerID(parsing: text))
        } catch {
            let place = error.offset.map { " at byte \($0)" } ?? ""
            throw ConfigurationFault(
                "\(text.quotedInMessage) is no peer id: it \(error.code.phrase)\(place)", error.remedy)
        }
    }

    init(address text: String) throws(ConfigurationFault) {
        let network = try NetworkText(parsing: text).network
        self = network.isSingleAddress ? .address(network.first) : .network(network)
    }

    init(endpoint text: String) throws(ConfigurationFault) {
        guard let endpoint = Endpoint(text) else {
            throw ConfigurationFault(
                "\(text.quotedInMessage) is no endpoint",
                "write protocol, address and port, as \"tcp:192.0.2.7:8776\" or \"udp:[2001:db8::1]:8776\"")
        }
        self = .endpoint(endpoint)
    }

    /// As it is read.
    var text: String {
        switch self {
        case .peer(let peer): peer.description
        case .address(let address): address.description
        case .network(let network): NetworkText(network).description
        case .endpoint(let endpoint): endpoint.description
        }
    }
}

/// An address family as a file calls it.
enum FamilyWord: String, CaseIterable {
    case ipv4, ipv6

    init(_ family: IPAddress.Family) { self = family == .ipv4 ? .ipv4 : .ipv6 }

    var family: IPAddress.Family { self == .ipv4 ? .ipv4 : .ipv6 }
}

extension ConfigurationFault {
    /// What is wrong with a value that could be read.
    init(_ error: SentinelError) {
        self.init(error.code.phrase, error.remedy)
    }
}
