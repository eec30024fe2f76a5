// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Glibc
internal import Inet
internal import NamespaceSupport
internal import SentinelProtocol
internal import SentineldSupport
internal import Varlink

/// Real clients in a namespace of their own: served before a ban, refused after it.
@MainActor struct Enforcement {
    let report: Report
    let stage: Stage

    init(_ report: Report, _ stage: Stage) {
        self.report = report
        self.stage = stage
    }

    func run() async throws {
        let sentineld = try await stage.start()
        let kernel = try await sentineld.status().kernel
        report.note("kernel", kernel.release)
        report.note("ownership", kernel.ownership)
        report.note("persistence", kernel.persistence)
        report.note("timeout update", kernel.timeoutUpdate)
        report.note("element destroy", kernel.elementDestroy)
        report.note("set counts", kernel.setCounts)
        report.note("socket destroy", kernel.socketDestroy)
        for (family, banned, neighbour) in [
            ("IPv4", Stage.banned4, Stage.neighbour4), ("IPv6", Stage.banned6, Stage.neighbour6),
        ] {
            try await accepting(family, banned, neighbour, sentineld)
        }
        try await block(sentineld)
        try await dialling(sentineld)
        try await sentineld.end(by: SIGTERM)
    }

    private func accepting(
        _ family: String, _ banned: String, _ neighbour: String, _ sentineld: RunningSentineld
    ) async throws {
        let before = try await stage.connection(from: banned)
        report.check("\(family): a peer that nobody banned is served", try await stage.isServed(banned))
        let receipt = try await sentineld.submit(.accept, banned)
        report.check("\(family): a ban is in force when it is acknowledged", receipt.enforced, seen: receipt)
        report.check("\(family): the banned peer gets no connection", try await !stage.isServed(banned))
        // Where the kernel can destroy sockets the client may have been told already.
        let isCut = before.map { connection in
            _ = connection.client.send("one")
            return connection.node.receive() == nil
        }
        report.check(
            "\(family): on a connection that it had nothing comes through", isCut == true, seen: before)
        report.check("\(family): its neighbour is served", try await stage.isServed(neighbour))
        let set = family == "IPv4" ? "accept4" : "accept6"
        let element = try await stage.link.node.nftElements("inet", "sentinel", set).first
        report.check("\(family): its element counts the packets", (element?.packets ?? 0) > 0, seen: element)
        let lifted = try await sentineld.client.call(
            HelperInterface.lift, .init(filter: Filter(subject: banned)))
        report.check(
            "\(family): once lifted, it is served again", lifted.bans.count == 1,
            try await stage.isServedSoon(banned), seen: lifted)
        let brief = try await sentineld.submit(.accept, banned, duration: 2000)
        report.check(
            "\(family): a ban of 2 s holds", brief.enforced, try await !stage.isServed(banned), seen: brief)
        report.check("\(family): and ends by itself", try await stage.isServedSoon(banned))
    }

    /// The two peers are a block of their own, the node isn't in it.
    private func block(_ sentineld: RunningSentineld) async throws {
        let request = BanRequest(check: .network, subject: "10.9.0.2/31")
        let receipt = try await sentineld.client.call(HelperInterface.ban, .init(bans: [request])).receipts[0]
        let isServed = try await (stage.isServed(Stage.banned4), stage.isServed(Stage.neighbour4))
        report.check(
            "a banned block shuts out all of its peers", receipt.enforced, isServed == (false, false),
            seen: receipt)
        report.check("and nobody else", try await stage.isServed(Stage.neighbour6))
        _ = try await sentineld.client.call(HelperInterface.lift, .init(filter: Filter()))
        report.check("once lifted, they are served again", try await stage.isServedSoon(Stage.banned4))
    }

    private func dialling(_ sentineld: RunningSentineld) async throws {
        for (family, peer) in [("IPv4", Stage.banned4), ("IPv6", Stage.banned6)] {
            let server = try await stage.link.peer.run {
                let server = try TestSocket(.tcp, at: Link.address(peer), port: 4001)
                try server.listen()
                return server
            }
            let before = try await dial(peer, as: Self.nodeUser)
            report.check("\(family): the node can dial whom nobody banned", before == .ok, seen: before)
            let endpoint = Endpoint(address: Link.address(peer), transport: .tcp, port: 4001)
            let receipt = try await sentineld.submit(.dial, endpoint.description)
            let after = try await dial(peer, as: Self.nodeUser)
            let isRefused = if case .refused = after { true } else { false }
            report.check(
                "\(family): a dial to a banned endpoint is refused at once", receipt.enforced, isRefused,
                seen: after)
            let other = try await dial(peer, as: Self.otherUser)
            report.check("\(family): other users' dials aren't", other == .ok, seen: other)
            withExtendedLifetime(server) {}
        }
    }

    private static let nodeUser: UInt32 = 65_534
    private static let otherUser: UInt32 = 65_533

    private func dial(_ peer: String, as user: UInt32) async throws -> TestSocket.Outcome {
        try await stage.link.node.run(asUser: user) {
            let socket = try TestSocket(
                .tcp, at: Link.address(Link.node(for: peer)), patience: Stage.patience)
            return socket.connect(to: Link.address(peer), port: 4001)
        }
    }
}
