// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Logging
internal import Sentinel
internal import SentinelProtocol
internal import Synchronization
internal import Varlink

/// Carries denials to the helper: one connection, one call at a time.
struct Courier {
    private let handOver: HandOver
    private var rings: AsyncStream<Void>.Iterator
    private var batchBytes: Int
    /// How many attempts in a row have failed.
    private var failures = 0

    init(_ handOver: HandOver, rings: AsyncStream<Void>) {
        self.handOver = handOver
        self.rings = rings.makeAsyncIterator()
        batchBytes = handOver.configuration.batchBytes
    }

    /// Works until it is stopped and all is handed over, or the helper is away then, or the task is cancelled.
    mutating func run() async {
        while handOver.hasWork {
            guard let failure = await attempt(), !Task.isCancelled else { break }
            note(failure)
            if handOver.isStopping { break }
            handOver.deliverNotices()
            failures += 1
            await pause(delay(after: failure))
        }
        handOver.deliverNotices()
    }

    /// Connects, and hands over until that fails. nil: until all is handed over.
    private mutating func attempt() async -> CourierFailure? {
        let handOver = handOver
        let client: VarlinkClient
        do {
            client = try await .connect(path: handOver.configuration.socket, on: handOver.group)
        } catch {
            return CourierFailure(error)
        }
        // Ends with the connection, which is closed below at the latest.
        Task {
            await client.waitUntilClosed()
            handOver.ring()
        }
        let failure: CourierFailure?
        do {
            try await greet(client)
            try await listenAndServe(client)
            failure = nil
        } catch {
            failure = error
        }
        handOver.takeBack()
        await client.close()
        return failure
    }

    /// Listens from before the first denial, so that no event is missed, not even its own.
    private mutating func listenAndServe(_ client: VarlinkClient) async throws(CourierFailure) {
        let handOver = handOver
        let (readiness, ready) = AsyncStream<Result<Void, CourierFailure>>.makeStream()
        let isDeaf = Flag()
        let listening = Task {
            await Listener(handOver, readiness: ready).run()
            isDeaf.set()
            handOver.ring()
        }
        let result: Result<Void, CourierFailure>
        do throws(CourierFailure) {
            guard let isReady = await readiness.first(where: { _ in true }) else {
                throw CourierFailure.away("the helper tells no events")
            }
            try isReady.get()
            try await serve(client, isDeaf)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        listening.cancel()
        await listening.value
        try result.get()
    }

    private mutating func serve(_ client: VarlinkClient, _ isDeaf: Flag) async throws(CourierFailure) {
        // What must not be banned is known before anything is.
        try await announceGuards(client, isFirst: true)
        if let lost = handOver.unanswered { try await send(lost, client) }
        while true {
            try await announceGuards(client, isFirst: false)
            let batch = handOver.takeBatch()
            handOver.deliverNotices()
            guard batch.isEmpty else {
                try await submit(batch[...], client)
                failures = 0
                continue
            }
            failures = 0
            if handOver.isStopping { return }
            guard client.isConnected, !isDeaf.isSet else {
                throw .away("the helper has closed the connection")
            }
            // Returns nil where the task is cancelled; what the loop does next fails then.
            guard await rings.next(isolation: nil) != nil else { throw .away("cancelled") }
        }
    }

    /// Asks the helper whether it would listen, so that a node that may not submit is told when it starts.
    private func greet(_ client: VarlinkClient) async throws(CourierFailure) {
        let status: Status
        do {
            status = try await client.call(
                HelperInterface.status, timeout: handOver.configuration.replyTimeout)
        } catch {
            throw CourierFailure(error)
        }
        guard status.mode != .released else {
            throw .released("the helper's table has been released; restart sentineld to enforce again")
        }
        if handOver.change(to: .connected) {
            handOver.logger.info(
                "denials are handed over to the helper",
                metadata: ["helper": "\(status.version)", "mode": "\(status.mode)"])
        }
    }

    /// Tells which addresses are not to be banned, where these are others than before.
    private func announceGuards(_ client: VarlinkClient, isFirst: Bool) async throws(CourierFailure) {
        guard let addresses = handOver.takeGuards(isFirst: isFirst) else { return }
        do {
            _ = try await client.call(
                HelperInterface.guardAddresses, .init(addresses: addresses),
                timeout: handOver.configuration.replyTimeout)
        } catch {
            guard error.reply != nil, error.reply(as: HelperInterface.PermissionDenied.self) == nil else {
                throw CourierFailure(error)
            }
            handOver.logger.warning("the helper doesn't guard protected peers: \(error)")
        }
    }

    // MARK: Submitting

    private mutating func submit(
        _ batch: ArraySlice<Parcel>, _ client: VarlinkClient
    ) async throws(CourierFailure) {
        if batch.count > 1, batch.reduce(0, { $0 + $1.byteCount }) > batchBytes {
            return try await submitHalves(batch, client)
        }
        try await send(handOver.dispatch(batch), client)
    }

    /// Sends a call, or repeats one whose answer was lost.
    private mutating func send(_ dispatch: Dispatch, _ client: VarlinkClient) async throws(CourierFailure) {
        let batch = dispatch.parcels[...]
        let receipts: [Receipt]
        do throws(VarlinkError) {
            receipts = try await client.call(
                HelperInterface.submit, dispatch.call(now: handOver.timing.now()),
                timeout: handOver.configuration.replyTimeout
            ).receipts
        } catch {
            guard error.showsThatNothingWasDone else { throw CourierFailure(error) }
            handOver.settle(dispatch)
            return try await submitAgain(batch, client, after: error)
        }
        guard receipts.count == batch.count else {
            throw .away("the helper sent \(receipts.count) receipts for \(batch.count) denials")
        }
        handOver.settle(dispatch)
        let answers = zip(batch, receipts).map { (parcel: $0, receipt: $1) }
        if let message = handOver.finish(answers) { throw .released(message) }
    }

    /// A batch that the helper can't read is halved, until the one at fault is alone.
    private mutating func submitAgain(
        _ batch: ArraySlice<Parcel>, _ client: VarlinkClient, after error: VarlinkError
    ) async throws(CourierFailure) {
        if let limit = error.reply(as: ConnectionInterface.FrameTooLong.self)?.limit {
            // The service closes the connection behind it, so the rest has to wait for the next one.
            batchBytes = min(batchBytes / 2, max(1, limit - limit / 4))
            if batch.count == 1, let parcel = batch.first { handOver.reject(parcel, "\(error)") }
            throw CourierFailure(error)
        }
        guard error.isFaultOfCall else { throw CourierFailure(error) }
        if batch.count == 1, let parcel = batch.first {
            handOver.reject(parcel, "\(error)")
        } else {
            try await submitHalves(batch, client)
        }
    }

    private mutating func submitHalves(
        _ batch: ArraySlice<Parcel>, _ client: VarlinkClient
    ) async throws(CourierFailure) {
        try await submit(batch.prefix(batch.count / 2), client)
        try await submit(batch.dropFirst(batch.count / 2), client)
    }

    // MARK: Failures

    private func note(_ failure: CourierFailure) {
        let isNew = handOver.change(to: failure.link)
        guard isNew else { return }
        switch failure {
        case .away(let message):
            handOver.logger.warning("the helper is away, the node alone refuses until it is back: \(message)")
        case .notPermitted(let message):
            handOver.logger.error("the helper refuses this node's denials: \(message)")
        case .released(let message):
            handOver.logger.warning("the helper doesn't enforce: \(message)")
        }
    }

    private func delay(after failure: CourierFailure) -> Duration {
        let backoff = handOver.configuration.backoff
        return switch failure {
        case .away: backoff.delay(after: failures, chance: handOver.timing.chance())
        case .notPermitted, .released: backoff.maximum
        }
    }

    /// Waits, but not any longer once it is time to stop.
    private mutating func pause(_ delay: Duration) async {
        let handOver = handOver
        let isOver = Flag()
        let alarm = Task {
            guard (try? await handOver.timing.sleep(delay)) != nil else { return }
            isOver.set()
            handOver.ring()
        }
        while !isOver.isSet, !handOver.isStopping, !Task.isCancelled {
            _ = await rings.next(isolation: nil)
        }
        alarm.cancel()
    }
}

/// Why nothing more can be handed over for now. What was on its way is still due.
enum CourierFailure: Error {
    /// The helper can't be reached, or not understood.
    case away(String)
    /// The helper is told not to listen to this node.
    case notPermitted(String)
    /// The helper is told not to enforce.
    case released(String)

    init(_ error: VarlinkError) {
        if let reply = error.reply(as: HelperInterface.PermissionDenied.self) {
            self = .notPermitted(reply.message)
        } else if let reply = error.reply(as: HelperInterface.Released.self) {
            self = .released(reply.message)
        } else {
            self = .away("\(error)")
        }
    }

    var link: HandOver.Link {
        switch self {
        case .away: .away
        case .notPermitted: .notPermitted
        case .released: .released
        }
    }
}

extension VarlinkError {
    /// Whether the call was surely not carried out: a refusal says so, and what can't be encoded isn't sent.
    fileprivate var showsThatNothingWasDone: Bool { reply != nil || code == .unencodableCall }

    /// Whether it lies in what was sent, so that sending it again can't help.
    fileprivate var isFaultOfCall: Bool {
        switch reply?.name {
        case HelperInterface.InvalidRequest.name, StandardInterface.InvalidParameter.name: true
        default: code == .unencodableCall
        }
    }
}

/// Set once, by whichever task.
private final class Flag: Sendable {
    private let value = Mutex(false)

    var isSet: Bool { value.withLock { $0 } }
    func set() { value.withLock { $0 = true } }
}
