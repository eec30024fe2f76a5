// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import ArgumentParser
internal import SentinelProtocol

/// Something that sentinelctl does.
protocol Verb: ParsableCommand {
    var common: CommonOptions { get }

    /// Does it.
    ///
    /// - Throws: `VarlinkError`, ``ControlError``, ``OutputClosed``
    func perform(_ console: Console, _ helper: HelperAddress) async throws -> ExitStatus
}

/// What every verb takes.
struct CommonOptions: ParsableArguments {
    @Flag(help: "Print JSON instead of text, as the helper's interface names things: times are milliseconds.")
    var json = false

    @Option(
        help: ArgumentHelp(
            "The helper's socket (default: $SENTINEL_SOCKET, or \(HelperAddress.defaultSocket)).",
            valueName: "path"))
    var socket: String?

    /// The socket that is meant.
    func socket(_ environment: [String: String]) -> String {
        socket ?? environment[HelperAddress.variable].flatMap { $0.isEmpty ? nil : $0 }
            ?? HelperAddress.defaultSocket
    }
}

/// Which bans are meant.
struct FilterOptions: ParsableArguments {
    @Option(help: "Bans of this check.")
    var check: CheckName?

    @Option(help: ArgumentHelp("Bans of what lies in this block.", valueName: "block"))
    var cidr: String?

    @Option(help: ArgumentHelp("Bans of this peer.", valueName: "id"))
    var peer: String?

    @Option(help: ArgumentHelp("Bans for this reason.", valueName: "code"))
    var reason: String?

    @Option(help: ArgumentHelp("Bans that this user asked for, as user:seed.", valueName: "user"))
    var caller: String?

    /// - Parameter subject: an address, a block, an endpoint or a multiaddr.
    func filter(subject: String? = nil, id: Int64? = nil, since: Timestamp? = nil) -> Filter {
        Filter(
            check: check?.check, subject: subject, within: cidr, peer: peer, reason: reason, caller: caller,
            id: id, since: since)
    }
}

/// A check as an option's value.
enum CheckName: String, ExpressibleByArgument, CaseIterable {
    case accept, dial, network

    /// The check of this name.
    var check: Check {
        switch self {
        case .accept: .accept
        case .dial: .dial
        case .network: .network
        }
    }
}
