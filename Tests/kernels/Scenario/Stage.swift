// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Foundation
internal import Inet
internal import NamespaceSupport
internal import SentinelProtocol
internal import SentineldSupport

/// A node that answers whoever reaches it, its peers, and what nft says of the table between them.
struct Stage {
    static let port: UInt16 = 8776

    /// A peer that is banned and its neighbour that isn't, by family.
    static let banned4 = Link.peers4[0]
    static let neighbour4 = Link.peers4[1]
    static let banned6 = Link.peers6[0]
    static let neighbour6 = Link.peers6[2]

    let link: Link
    let place: Place
    private let listeners: [String: TestSocket]

    init() async throws {
        let link = try await Link()
        self.link = link
        place = try Place()
        listeners = try await link.node.run {
            try Dictionary(
                uniqueKeysWithValues: [Link.node4, Link.node6].map { address in
                    let listener = try TestSocket(
                        .tcp, at: Link.address(address), port: Self.port, patience: Self.patience)
                    try listener.listen()
                    return (address, listener)
                })
        }
    }

    /// Longer than a client waits before it sends its first packet again.
    static let patience = Duration.milliseconds(1500)

    // MARK: What peers see

    /// A connection from a peer to the node: both ends; nil where there came none about.
    func connection(from peer: String) async throws -> (client: TestSocket, node: TestSocket)? {
        let target = Link.node(for: peer)
        let client = try await link.peer.run { () throws -> TestSocket? in
            let client = try TestSocket(.tcp, at: Link.address(peer), patience: Self.patience)
            return client.connect(to: Link.address(target), port: Self.port) == .ok ? client : nil
        }
        guard let client, let node = listeners[target]?.accept() else { return nil }
        return (client, node)
    }

    /// Whether the node hears what a peer says by TCP, and the peer what the node answers.
    func isServed(_ peer: String) async throws -> Bool {
        guard let (client, node) = try await connection(from: peer) else { return false }
        return client.send("one") == .ok && node.receive() == "one" && node.send("two") == .ok
            && client.receive() == "two"
    }

    /// Whether a peer is served within a generous time.
    func isServedSoon(_ peer: String) async throws -> Bool {
        try await soon { try await isServed(peer) }
    }

    // MARK: What the kernel has

    /// The table's handle, since another table of the same name has another; nil where there is none.
    ///
    /// Not as JSON: of a table that has outlived its owner, nft 1.0.6 can't print that.
    func handle() async throws -> String? {
        let arguments = ["nft", "--handle", "--terse", "list", "table", "inet", "sentinel"]
        let listed = try await link.node.run { try Command(arguments).run() }
        guard listed.status == 0 else { return nil }
        let line = listed.output.split(separator: "\n").first { $0.hasPrefix("table inet sentinel {") } ?? ""
        guard let mark = line.range(of: "# handle ") else {
            throw SupportError("nft tells no handle of the table: \(line)")
        }
        return String(line[mark.upperBound...].prefix { $0.isNumber })
    }

    func element(_ key: String, _ set: String = "accept4") async throws -> ListedElement? {
        try await link.node.nftElements("inet", "sentinel", set).first { $0.key == key }
    }

    @discardableResult
    func nft(_ arguments: String...) async throws -> String {
        try await link.node.run { try Command(["nft"] + arguments).output() }
    }

    /// Whether nft may do so.
    func canNft(_ arguments: String...) async throws -> Bool {
        try await link.node.run { try Command(["nft"] + arguments).run().status == 0 }
    }

    // MARK: The helper

    func start(_ store: DescriptorStore? = nil) async throws -> RunningSentineld {
        try await .start(in: link.node, place, store: store)
    }
}

/// Asks until it is so, or a generous time is over.
func soon(isolation: isolated (any Actor)? = #isolation, _ question: () async throws -> Bool) async throws
    -> Bool
{
    let end = ContinuousClock.now + .seconds(30)
    while try await !question() {
        guard ContinuousClock.now < end else { return false }
        try await Task.sleep(for: .milliseconds(10))
    }
    return true
}
