// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import NIOCore
import NIOPosix
import SentinelProtocol
import Varlink

/// A helper that answers as a test tells it to. Unless told otherwise, it enforces everything.
actor FakeHelper: VarlinkHandler {
    /// What a Submit is answered with.
    enum Answer: Sendable {
        case enforce(expires: Timestamp? = nil)
        /// All are counted only.
        case shadow
        case refuse(RefusalCode)
        /// InvalidRequest, where one of the denials has this subject.
        case rejectBatches(with: String)
        case fail(VarlinkFailure)
        /// The connection is closed.
        case drop
        /// Not before ``answerHeld()``.
        case hold
    }

    nonisolated let eventLoop: any EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { eventLoop.executor.asUnownedSerialExecutor() }

    /// Each Submit that came.
    nonisolated let batches: AsyncStream<HelperInterface.Submit.Parameters>
    private let arrived: AsyncStream<HelperInterface.Submit.Parameters>.Continuation
    /// The addresses of each Guard that came.
    nonisolated let guards: AsyncStream<[String]>
    private let guarded: AsyncStream<[String]>.Continuation
    /// The last part of each method that was called, but for Status.
    private(set) var methods: [String] = []
    private var watching: [VarlinkCall] = []
    private var bans: [Ban] = []
    private var guardFailure: VarlinkFailure?
    private var answers: [Answer] = []
    private var always = Answer.enforce()
    private var greeting: VarlinkFailure?
    private var held: [(call: VarlinkCall, denials: [Denial])] = []

    init(on eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        (batches, arrived) = AsyncStream.makeStream()
        (guards, guarded) = AsyncStream.makeStream()
    }

    /// The next answers, then what is always answered.
    func answer(_ next: Answer..., thenAlways always: Answer = .enforce()) {
        answers = next
        self.always = always
    }

    /// Answers Status with an error; nil: not any more.
    func greet(with failure: VarlinkFailure?) {
        greeting = failure
    }

    /// Answers List with these.
    func list(_ bans: [Ban]) {
        self.bans = bans
    }

    /// Answers Guard with an error.
    func refuseGuards(with failure: VarlinkFailure) {
        guardFailure = failure
    }

    /// Tells events to all who watch.
    func tell(_ kind: EventKind, _ bans: Ban...) {
        let time = Timestamp(rawValue: 0)
        let events =
            bans.isEmpty
            ? [Event(kind: kind, time: time)] : bans.map { Event(kind: kind, time: time, ban: $0) }
        for call in watching { call.replyContinuing(HelperInterface.Watch.Reply(events: events)) }
    }

    /// Closes the connections of all who watch.
    func dropWatchers() {
        for call in watching { call.drop() }
        watching = []
    }

    func answerHeld() {
        for (call, denials) in held { call.reply(Self.receipts(denials, expires: nil)) }
        held = []
    }

    /// The denials of the next Submit.
    nonisolated func next() async -> [Denial] {
        await nextCall()?.denials ?? []
    }

    /// The next Submit.
    nonisolated func nextCall() async -> HelperInterface.Submit.Parameters? {
        await batches.first { _ in true }
    }

    /// The addresses of the next Guard.
    nonisolated func nextGuards() async -> Set<String>? {
        await guards.first { _ in true }.map { Set($0) }
    }

    /// Waits for a Guard of just these addresses.
    nonisolated func waitForGuards(_ addresses: Set<String>) async {
        _ = await guards.first { Set($0) == addresses }
    }

    /// The subjects of the next Submit.
    nonisolated func nextSubjects() async -> [String] {
        await next().map(\.subject)
    }

    func handle(_ call: VarlinkCall) throws(VarlinkFailure) {
        if call.method == HelperInterface.status.name {
            if let greeting { throw greeting }
            return call.reply(Self.status)
        }
        methods.append(call.method.split(separator: ".").last.map(String.init) ?? "")
        switch call.method {
        case HelperInterface.submit.name: try submit(call)
        case HelperInterface.watch.name:
            watching.append(call)
            call.replyContinuing(HelperInterface.Watch.Reply(events: []))
        case HelperInterface.list.name: call.reply(HelperInterface.List.Reply(bans: bans))
        case HelperInterface.guardAddresses.name:
            guarded.yield(try call.parameters(of: HelperInterface.guardAddresses).addresses)
            if let guardFailure { throw guardFailure }
            call.reply(HelperInterface.Guard.Reply(lifted: []))
        default: throw .methodNotFound(call.method)
        }
    }

    private func submit(_ call: VarlinkCall) throws(VarlinkFailure) {
        let parameters = try call.parameters(of: HelperInterface.submit)
        let denials = parameters.denials
        let answer = answers.isEmpty ? always : answers.removeFirst()
        defer { arrived.yield(parameters) }
        switch answer {
        case .enforce(let expires): call.reply(Self.receipts(denials, expires: expires))
        case .shadow:
            call.reply(
                HelperInterface.Submit.Reply(
                    receipts: denials.map {
                        Receipt(
                            id: 1, subject: $0.subject, enforced: false, durable: false, strikes: 1,
                            shadowed: true)
                    }))
        case .refuse(let code):
            call.reply(
                HelperInterface.Submit.Reply(
                    receipts: denials.map {
                        Receipt(
                            subject: $0.subject, enforced: false, durable: false, strikes: 0,
                            refusal: Refusal(code: code, message: "as the test says"))
                    }))
        case .rejectBatches(let subject):
            guard denials.contains(where: { $0.subject == subject }) else {
                return call.reply(Self.receipts(denials, expires: nil))
            }
            throw VarlinkFailure(
                HelperInterface.InvalidRequest(field: "denials", message: "as the test says"))
        case .fail(let failure): throw failure
        case .drop: call.drop()
        case .hold: held.append((call, denials))
        }
    }

    private static func receipts(_ denials: [Denial], expires: Timestamp?) -> HelperInterface.Submit.Reply {
        .init(
            receipts: denials.map {
                Receipt(
                    id: 1, subject: $0.subject, enforced: true, durable: false, expires: expires, strikes: 1)
            })
    }

    private static var status: Status {
        Status(
            version: "test", mode: .owned, table: "test", started: Timestamp(rawValue: 0), bans: 0,
            generation: 1,
            callers: 1, subscribers: 0,
            kernel: KernelInfo(
                release: "test", ownership: true, persistence: true, timeoutUpdate: true,
                elementDestroy: true,
                setCounts: true, socketDestroy: true),
            ledger: .healthy,
            sets: [],
            problems: [])
    }
}

extension VarlinkFailure {
    static var notPermitted: VarlinkFailure {
        VarlinkFailure(
            HelperInterface.PermissionDenied(right: .submit, caller: "user:seed", message: "add user:seed"))
    }
}
