// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Glibc
internal import NamespaceSupport
internal import SentinelProtocol
internal import SentineldSupport
internal import Varlink

/// sentineld with nothing that keeps descriptors for it.
@MainActor struct Alone {
    let holding: Holding
    private var report: Report { holding.report }
    private var stage: Stage { holding.stage }

    init(_ report: Report, _ stage: Stage) {
        holding = Holding(report: report, stage: stage, name: "alone")
    }

    func run() async throws {
        var sentineld = try await stage.start()
        let mode = try await holding.mode(sentineld, hasStore: false)
        try await holding.ban(sentineld)
        try await holding.flush(mode)
        sentineld = try await holding.killAndStart(sentineld, nil)
        try await holding.canBan(sentineld)
        try await sentineld.end(by: SIGTERM)
        report.check(
            "alone, after a stop the ban is in force", try await holding.banIsThere(),
            try await !stage.isServed(Stage.banned4))
        let last = try await stage.start()
        _ = try await last.client.call(HelperInterface.release)
        report.check(
            "alone, a release lets everybody in", try await stage.handle() == nil,
            try await stage.isServedSoon(Stage.banned4))
        try await last.end(by: SIGTERM)
    }
}

/// sentineld with a descriptor store, as systemd starts it.
@MainActor struct WithStore {
    let holding: Holding
    private var report: Report { holding.report }
    private var stage: Stage { holding.stage }

    init(_ report: Report, _ stage: Stage) {
        holding = Holding(report: report, stage: stage, name: "with a store")
    }

    func run() async throws {
        let store = try DescriptorStore(stage.place)
        var sentineld = try await stage.start(store)
        report.check("with a store, sentineld stores its socket", try await soon { store.kept != nil })
        let mode = try await holding.mode(sentineld, hasStore: true)
        try await holding.ban(sentineld)
        try await holding.flush(mode)
        sentineld = try await holding.killAndStart(sentineld, store) {
            try await flushBetween(mode)
        }
        try await holding.canBan(sentineld)
        // Once more: the store has got the socket from one that it had given it to.
        sentineld = try await holding.killAndStart(sentineld, store)
        try await holding.canBan(sentineld)

        try await sentineld.end(by: SIGTERM)
        let complaints = try await sentineld.process.complaints()
        report.check(
            "with a store, it says when it ends whether a stop will release the table",
            complaints.contains("releases the table") == (mode == .owned), seen: complaints)
        report.check(
            "with a store, ended but not stopped, the ban is in force", try await holding.banIsThere(),
            try await !stage.isServed(Stage.banned4))
        try await fullStop(store, mode)
    }

    /// While no sentineld runs, the store alone holds the table.
    private func flushBetween(_ mode: Mode) async throws {
        guard mode != .watched else { return }
        try await stage.nft("flush", "ruleset")
        report.check(
            "with a store, a foreign flush while no sentineld runs costs no ban",
            try await holding.banIsThere())
    }

    private func fullStop(_ store: DescriptorStore, _ mode: Mode) async throws {
        store.close()
        if mode == .owned { _ = try await soon { try await stage.handle() == nil } }
        let isThere = try await stage.handle() != nil
        report.note(
            "with a store, after a full stop", isThere ? "the bans are in force" : "the table is released")
        report.check(
            "with a store, a full stop does what is documented", isThere == (mode != .owned), seen: isThere)
        let again = try DescriptorStore(stage.place)
        let next = try await stage.start(again)
        report.check("with a store, after a full stop it starts again", try await next.status().mode == mode)
        try await holding.canBan(next)
        try await next.end(by: SIGTERM)
        again.close()
    }
}

/// A sentineld that was installed without systemd's store, and is given one.
@MainActor struct Moving {
    let holding: Holding
    private var report: Report { holding.report }
    private var stage: Stage { holding.stage }

    init(_ report: Report, _ stage: Stage) {
        holding = Holding(report: report, stage: stage, name: "given a store")
    }

    func run() async throws {
        let first = try await stage.start()
        try await holding.ban(first)
        let before = try await stage.element(Stage.banned4)
        let fire = try await Fire.start(on: stage)
        try await first.end(by: SIGTERM)
        let store = try DescriptorStore(stage.place)
        let second = try await stage.start(store)
        let after = try await stage.element(Stage.banned4)
        let seen = try await fire.stop()
        report.check("given a store, nothing of the banned peer's comes through", seen.isShutOut, seen: seen)
        report.check(
            "given a store, the ban is there with its deadline", after?.comment == before?.comment,
            (after?.expires ?? .max) <= (before?.expires ?? 0), seen: (before, after))
        report.check("given a store, sentineld knows of it", try await second.list().count == 1)
        report.check(
            "given a store, a foreign flush costs no ban", try await stage.canNft("flush", "ruleset"),
            try await soon { try await stage.element(Stage.banned4) != nil })
        try await second.end(by: SIGTERM)
        store.close()
    }
}
