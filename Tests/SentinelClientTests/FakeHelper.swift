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

    /// The denials of each Submit that came.
    nonisolated let batches: AsyncStream<[Denial]>
    private let arrived: AsyncStream<[Denial]>.Continuation
    private var answers: [Answer] = []
    private var always = Answer.enforce()
    private var greeting: VarlinkFailure?
    private var held: [(call: VarlinkCall, denials: [Denial])] = []

    init(on eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        (batches, arrived) = AsyncStream.makeStream()
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

    func answerHeld() {
        for (call, denials) in held { call.reply(Self.receipts(denials, expires: nil)) }
        held = []
    }

    /// The denials of the next Submit.
    nonisolated func next() async -> [Denial] {
        await batches.first { _ in true } ?? []
    }

    /// The subjects of the next Submit.
    nonisolated func nextSubjects() async -> [String] {
        await next().map(\.subject)
    }

    func handle(_ call: VarlinkCall) throws(VarlinkFailure) {
        guard call.method == HelperInterface.submit.name else {
            if let greeting { throw greeting }
            return call.reply(Self.status)
        }
        let denials = try call.parameters(of: HelperInterface.submit).denials
        let answer = answers.isEmpty ? always : answers.removeFirst()
        defer { arrived.yield(denials) }
        switch answer {
        case .enforce(let expires): call.reply(Self.receipts(denials, expires: expires))
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
            kernel: KernelInfo(release: "test", ownership: true, persistence: true, timeoutUpdate: true),
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
