// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Logging
internal import Sentinel
internal import SentinelProtocol
internal import Synchronization

extension HandOver {
    /// How many denials are moved under the lock at a time, so that nobody who denies waits long for it.
    static var chunk: Int { 64 }

    /// Hands over what is due, and all that comes, until the task is cancelled. Then what is still due is handed
    /// over if the helper is there, for at most ``Configuration/flushWithin``.
    ///
    /// Under ServiceLifecycle call it within `cancelWhenGracefulShutdown`. It runs once at a time: a second call
    /// meanwhile returns at once. It may be called again when it has ended.
    public func run() async {
        let (rings, bell) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        guard begin(bell) else {
            logger.error("the hand-over to the helper runs already: run it once")
            return
        }
        // A task of its own, because what is due is still handed over when this one is cancelled.
        let carrying = Task {
            var courier = Courier(self, rings: rings)
            await courier.run()
        }
        await withTaskCancellationHandler {
            await carrying.value
        } onCancel: {
            stop(carrying)
        }
        end()
    }

    private func begin(_ bell: HandOverState.Bell) -> Bool {
        state.withLock { state in
            guard state.bell == nil else { return false }
            state.bell = bell
            state.isStopping = false
            return true
        }
    }

    private func stop(_ carrying: Task<Void, Never>) {
        state.withLock { state in
            guard state.bell != nil, !state.isStopping else { return }
            state.isStopping = true
            let (timing, limit) = (timing, configuration.flushWithin)
            state.deadline = Task {
                if (try? await timing.sleep(limit)) != nil { carrying.cancel() }
            }
        }
        ring()
    }

    private func end() {
        let deadline = state.withLock { state in
            state.bell = nil
            state.isIdle = false
            return state.deadline.take()
        }
        deadline?.cancel()
    }

    // MARK: For the courier

    /// Wakes the courier, whatever it waits for.
    func ring() {
        state.withLock { $0.bell }?.yield()
    }

    var isStopping: Bool { state.withLock { $0.isStopping } }

    /// Whether the courier has a reason to go on.
    var hasWork: Bool { state.withLock { !$0.isStopping || $0.queue.count > 0 } }

    /// The next batch. Where there is none, the next denial rings the bell.
    func takeBatch() -> [Parcel] {
        let now = timing.now()
        var parcels: [Parcel] = []
        while parcels.count < configuration.batchCount {
            let limit = min(Self.chunk, configuration.batchCount - parcels.count)
            let isFirst = parcels.isEmpty
            let taken = state.withLock { state in
                let taken = state.queue.take(atMost: limit, now: now)
                state.statistics.lapsed += taken.over.count
                for denial in taken.over {
                    state.note(.lapsed(subject: denial.subject.text, reason: denial.reason))
                }
                if isFirst { state.isIdle = taken.due.isEmpty && taken.over.isEmpty }
                return taken
            }
            if taken.due.isEmpty, taken.over.isEmpty { break }
            parcels += taken.due.map {
                Parcel(key: $0.key, denial: $0.wire(now: now), deadline: $0.deadline)
            }
        }
        return parcels
    }

    /// Takes the helper's answers to a call.
    ///
    /// - Returns: what the helper said where it has been released: then those denials are still due.
    func finish(_ answers: [(parcel: Parcel, receipt: Receipt)]) -> String? {
        var released: String?
        var ends: [(peer: PeerID, end: Timestamp?)] = []
        for start in stride(from: 0, to: answers.count, by: Self.chunk) {
            state.withLock { state in
                for (parcel, receipt) in answers[start..<min(start + Self.chunk, answers.count)] {
                    if let refusal = receipt.refusal, refusal.code == .released {
                        released = refusal.message
                        continue
                    }
                    guard let finished = state.queue.finish(parcel.key) else { continue }
                    state.statistics.count(receipt, hasNext: finished.hasNext)
                    if receipt.refusal != nil, let source = finished.denial.ofSourceAlone {
                        state.add(source)
                    }
                    // In shadow as well: what would be blocked is to be known.
                    if receipt.enforced || receipt.shadowed == true, let peer = finished.denial.deniedPeer {
                        ends.append((peer, receipt.expires))
                    }
                }
                state.statistics.batches += start == 0 ? 1 : 0
            }
        }
        extend(ends)
        if let observer {
            for (parcel, receipt) in answers where receipt.refusal?.code != .released {
                observer(.answered(parcel.denial, receipt))
            }
        }
        return released
    }

    /// Gives one up that the helper can't read.
    func reject(_ parcel: Parcel, _ message: String) {
        state.withLock { state in
            guard let finished = state.queue.finish(parcel.key) else { return }
            state.statistics.rejected += 1
            if finished.hasNext { state.statistics.enqueued += 1 }
        }
        logger.error(
            "the helper can't read this denial, the node alone refuses: \(message)",
            metadata: ["subject": "\(parcel.denial.subject)", "reason": "\(parcel.denial.reason)"])
        observer?(.rejected(parcel.denial, message: message))
    }

    /// Makes all that is on its way wait again, but for the call whose answer was lost: it is repeated as it was.
    func takeBack() {
        state.withLock { state in
            state.queue.takeBack(but: Set(state.unanswered?.parcels.map(\.key) ?? []))
        }
    }

    /// Gives a call its number. From now on it may have arrived.
    func dispatch(_ parcels: ArraySlice<Parcel>) -> Dispatch {
        state.withLock { state in
            state.sequence += 1
            let dispatch = Dispatch(
                session: state.session, sequence: state.sequence, parcels: Array(parcels))
            state.unanswered = dispatch
            return dispatch
        }
    }

    /// Notes that a call was answered, or can't have arrived.
    func settle(_ dispatch: Dispatch) {
        state.withLock { state in
            if state.unanswered?.sequence == dispatch.sequence { state.unanswered = nil }
        }
    }

    /// The call whose answer was lost.
    var unanswered: Dispatch? { state.withLock { $0.unanswered } }

    /// Tells the observer what it hasn't been told.
    func deliverNotices() {
        guard let observer else { return }
        while true {
            let notices = state.withLock { $0.takeNotices() }
            guard !notices.isEmpty else { return }
            for notice in notices { observer(notice) }
        }
    }

    /// Notes how the way to the helper is.
    ///
    /// - Returns: whether it was otherwise before.
    func change(to link: Link) -> Bool {
        state.withLock { state in
            let before = state.statistics.link
            state.statistics.link = link
            if link == .connected, before != .unused, before != .connected {
                state.statistics.reconnects += 1
            }
            return before != link
        }
    }
}

/// A denial as it is sent, and what it is known by here.
struct Parcel: Sendable {
    let key: PendingDenial.Key
    var denial: SentinelProtocol.Denial
    let deadline: MonotonicInstant?

    /// At most so many bytes long on the wire, with what JSON needs around it.
    var byteCount: Int {
        let escaped = (denial.detail ?? "").utf8.reduce(0) { count, byte in
            switch byte {
            case 0..<0x20: count + 6
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): count + 2
            default: count + 1
            }
        }
        let plain = denial.subject.utf8.count + (denial.peer?.utf8.count ?? 0) + denial.reason.utf8.count
        return plain + escaped + Self.overhead
    }

    /// The names of all fields, the numbers and the punctuation.
    private static var overhead: Int { 160 }
}

/// A call that carries denials, with the number by which the helper knows it again.
struct Dispatch: Sendable {
    let session: String
    let sequence: Int64
    let parcels: [Parcel]

    /// The call. Where the helper had it before, it goes by the number alone; else a wish counts from now.
    func call(now: MonotonicInstant) -> HelperInterface.Submit.Parameters {
        let denials = parcels.map { parcel in
            var denial = parcel.denial
            if let deadline = parcel.deadline {
                denial.duration = PendingDenial.wish(until: deadline, now: now)
            }
            return denial
        }
        return .init(denials: denials, session: session, sequence: sequence)
    }
}

extension HandOver.Statistics {
    fileprivate mutating func count(_ receipt: Receipt, hasNext: Bool) {
        submitted += 1
        if hasNext { enqueued += 1 }
        if receipt.enforced {
            enforced += 1
        } else if receipt.shadowed == true, receipt.refusal == nil {
            shadowed += 1
        } else {
            refused[receipt.refusal?.code ?? .kernel, default: 0] += 1
        }
    }
}
