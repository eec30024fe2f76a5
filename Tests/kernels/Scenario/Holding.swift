// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Glibc
internal import NamespaceSupport
internal import SentinelProtocol
internal import SentineldSupport
internal import Varlink

/// What becomes of the table while others flush it, and sentineld is killed, stopped and started again: the table of
/// modes in ARCHITECTURE.md.
@MainActor struct Holding {
    let report: Report
    let stage: Stage
    /// What the promises begin with.
    let name: String

    // MARK: The mode

    /// Notes the mode, and holds it against what the kernel can and against the documented versions.
    func mode(_ sentineld: RunningSentineld, hasStore: Bool) async throws -> Mode {
        let status = try await sentineld.status()
        report.note("\(name), the mode", status.mode.rawValue)
        let kernel = status.kernel
        let possible: Mode =
            kernel.persistence ? .ownedPersistent : kernel.ownership && hasStore ? .owned : .watched
        report.check(
            "\(name), the mode is the best that the kernel's features give", status.mode == possible,
            seen: status)
        let documented: Mode =
            switch KernelVersion(kernel.release) {
            case KernelVersion(6, 9)...: .ownedPersistent
            case KernelVersion(5, 12)... where hasStore: .owned
            default: .watched
            }
        report.check(
            "\(name), the mode is the documented one of the kernel's version", status.mode == documented,
            seen: status)
        return status.mode
    }

    // MARK: Others

    /// Somebody flushes the ruleset and deletes the table. The decoy shows that the flush was one.
    func flush(_ mode: Mode) async throws {
        let before = try await stage.handle()
        try await stage.nft("add", "table", "inet", "decoy")
        let begin = ContinuousClock.now
        try await stage.nft("flush", "ruleset")
        let isGone = try await !stage.canNft("list", "table", "inet", "decoy")
        if mode == .watched {
            let isBack = try await soon { try await banIsThere() }
            report.note(
                "\(name), a foreign flush",
                isBack ? "repaired in \((ContinuousClock.now - begin).seconds)" : "not repaired")
        } else {
            report.note(
                "\(name), a foreign flush", try await stage.handle() == before ? "passes it by" : "takes it")
        }
        report.check("\(name), a foreign flush costs no ban", isGone, try await banIsThere(), seen: isGone)
        let isDeleted = try await stage.canNft("delete", "table", "inet", "sentinel")
        report.note("\(name), a foreign delete", isDeleted ? "repaired" : "refused")
        report.check(
            "\(name), a foreign delete is refused or repaired", isDeleted == (mode == .watched),
            try await soon { try await banIsThere() }, seen: isDeleted)
        report.check(
            "\(name), the banned peer is refused after that, its neighbour served",
            try await !stage.isServed(Stage.banned4), try await stage.isServed(Stage.neighbour4))
    }

    func banIsThere() async throws -> Bool {
        guard try await stage.handle() != nil else { return false }
        // Between the acknowledgement's clock and the kernel's some milliseconds are lost.
        return try await stage.element(Stage.banned4).map { ($0.timeout ?? 0) >= Self.term - 60 } ?? false
    }

    /// In seconds.
    static let term = 3600

    func ban(_ sentineld: RunningSentineld) async throws {
        let receipt = try await sentineld.submit(.accept, Stage.banned4, duration: Int64(Self.term) * 1000)
        report.check("\(name), a ban is in force", receipt.enforced, try await banIsThere(), seen: receipt)
    }

    // MARK: Restart

    /// Kills sentineld, starts it again, and has the banned peer try all the while.
    func killAndStart(
        _ sentineld: RunningSentineld, _ store: DescriptorStore?, between: () async throws -> Void = {}
    ) async throws -> RunningSentineld {
        let (handle, element) = (try await stage.handle(), try await stage.element(Stage.banned4))
        let fire = try await Fire.start(on: stage)
        let end = try await sentineld.end(by: SIGKILL)
        report.check(
            "\(name), after SIGKILL the table is there", end == .killed(signal: SIGKILL),
            try await banIsThere())
        try await between()
        let next = try await stage.start(store)
        let after = try await stage.element(Stage.banned4)
        let listed = try await next.list()
        let seen = try await fire.stop()
        report.check(
            "\(name), killed and started again, nothing of the banned peer's comes through", seen.isShutOut,
            seen: seen)
        report.check("\(name), it is the same table", try await stage.handle() == handle, seen: handle)
        report.check(
            "\(name), with the same ban and deadline", after?.timeout == element?.timeout,
            (after?.expires ?? .max) <= (element?.expires ?? 0), after?.comment == element?.comment,
            seen: (element, after))
        report.check(
            "\(name), the new sentineld knows of the ban", listed.map(\.key) == [Stage.banned4], seen: listed)
        return next
    }

    /// The next one can write what the one before has made.
    func canBan(_ sentineld: RunningSentineld) async throws {
        let receipt = try await sentineld.submit(.accept, Stage.banned6)
        report.check(
            "\(name), the new sentineld bans", receipt.enforced, try await !stage.isServed(Stage.banned6),
            seen: receipt)
        _ = try await sentineld.client.call(
            HelperInterface.lift, .init(filter: Filter(subject: Stage.banned6)))
    }
}

/// The first two numbers of a kernel's release.
struct KernelVersion: Comparable {
    let major: Int
    let minor: Int

    init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// - Parameter release: as uname(2) has it, `6.1.0-56-amd64`.
    init(_ release: String) {
        let numbers = release.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
        self.init(numbers.first ?? 0, numbers.last ?? 0)
    }

    static func < (one: Self, other: Self) -> Bool { (one.major, one.minor) < (other.major, other.minor) }
}

extension Duration {
    /// In seconds, to a tenth.
    fileprivate var seconds: String {
        let tenths = components.seconds * 10 + components.attoseconds / 100_000_000_000_000_000
        return "\(tenths / 10).\(tenths % 10) s"
    }
}
