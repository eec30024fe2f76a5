// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Glibc
internal import NamespaceSupport
internal import SentinelProtocol
internal import SentineldSupport
internal import Varlink

/// Bans that get another end, which older kernels can't do in place, and some ignore in silence.
@MainActor struct Renewal {
    let report: Report
    let stage: Stage

    init(_ report: Report, _ stage: Stage) {
        self.report = report
        self.stage = stage
    }

    func run() async throws {
        let sentineld = try await stage.start()
        for (family, peer, set, key) in [
            ("IPv4", Stage.banned4, "accept4", Stage.banned4),
            ("IPv6", Stage.banned6, "accept6", "2001:db8:9:1::"),
        ] {
            try await ends(family, peer, set, key, sentineld)
        }
        try await countsOn(sentineld)
        try await underFire(sentineld)
        try await sentineld.end(by: SIGTERM)
    }

    private func ends(
        _ family: String, _ peer: String, _ set: String, _ key: String, _ sentineld: RunningSentineld
    ) async throws {
        func expires() async throws -> Int { try await stage.element(key, set)?.expires ?? -1 }

        _ = try await sentineld.submit(.accept, peer, duration: 600_000)
        let first = try await expires()
        report.check("\(family): a ban of 10 min ends in 10 min", (540...600).contains(first), seen: first)

        _ = try await sentineld.submit(.accept, peer, duration: 3_600_000, peer: "PeerB")
        let longer = try await stage.element(key, set)
        report.check(
            "\(family): renewed for longer, it ends later", (3500...3600).contains(longer?.expires ?? 0),
            seen: longer)
        report.check("\(family): and says for whom", longer?.comment?.contains("PeerB") == true, seen: longer)

        _ = try await sentineld.submit(.accept, peer, duration: 60_000)
        let kept = try await expires()
        report.check(
            "\(family): a node's shorter denial ends it no sooner", (3400...3600).contains(kept), seen: kept)

        let request = BanRequest(
            check: .accept, subject: peer, duration: Milliseconds(rawValue: 30_000), exact: true)
        _ = try await sentineld.client.call(HelperInterface.ban, .init(bans: [request]))
        let shorter = try await expires()
        report.check("\(family): an operator's exact one does", (0...30).contains(shorter), seen: shorter)

        _ = try await soon { try await expires() <= 27 }
        _ = try await sentineld.client.call(HelperInterface.ban, .init(bans: [request]))
        let same = try await expires()
        report.check(
            "\(family): renewed for the same time, it begins anew", (28...30).contains(same), seen: same)
        report.check("\(family): it is still in force", try await !stage.isServed(peer))
        _ = try await sentineld.client.call(HelperInterface.lift, .init(filter: Filter()))
    }

    private func countsOn(_ sentineld: RunningSentineld) async throws {
        _ = try await sentineld.submit(.accept, Stage.banned4, duration: 60_000)
        _ = try await stage.isServed(Stage.banned4)
        let before = try await stage.element(Stage.banned4)?.packets ?? 0
        _ = try await sentineld.submit(.accept, Stage.banned4, duration: 120_000)
        let after = try await stage.element(Stage.banned4)?.packets ?? 0
        report.check("a renewed ban goes on counting", before > 0, after >= before, seen: (before, after))
    }

    /// A renewal takes the element away and puts it back: no packet may pass between.
    private func underFire(_ sentineld: RunningSentineld) async throws {
        let fire = try await Fire.start(on: stage)
        for round in 0..<100 {
            _ = try await sentineld.submit(
                .accept, Stage.banned4, duration: Int64(200_000 + 1000 * round))
        }
        let seen = try await fire.stop()
        report.check("while a ban is renewed 100 times, nothing comes through", seen.isShutOut, seen: seen)
    }
}
