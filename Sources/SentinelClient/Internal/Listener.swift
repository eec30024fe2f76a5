// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Logging
internal import NIOCore
internal import SentinelProtocol
internal import Varlink

/// Hears what happens to bans, by a connection of its own: a call behind a subscription would wait for its end.
struct Listener {
    private let handOver: HandOver
    /// Is told when from now on nothing is missed, or why that can't be.
    private let readiness: AsyncStream<Result<Void, CourierFailure>>.Continuation

    init(_ handOver: HandOver, readiness: AsyncStream<Result<Void, CourierFailure>>.Continuation) {
        self.handOver = handOver
        self.readiness = readiness
    }

    /// Listens until the connection ends or the task is cancelled.
    func run() async {
        defer { readiness.finish() }
        do throws(VarlinkError) {
            let client = try await VarlinkClient.connect(
                path: handOver.configuration.socket, on: handOver.group)
            let result: Result<Void, VarlinkError>
            do {
                result = .success(try await listen(client))
            } catch {
                result = .failure(error)
            }
            await client.close()
            try result.get()
        } catch {
            readiness.yield(.failure(CourierFailure(error)))
        }
    }

    private func listen(_ client: VarlinkClient) async throws(VarlinkError) {
        var replies = client.stream(HelperInterface.watch).makeAsyncIterator()
        // A helper that never answers is as good as away.
        let alarm = client.eventLoop.scheduleTask(in: TimeAmount(handOver.configuration.replyTimeout)) {
            Task { await client.close() }
        }
        defer { alarm.cancel() }
        guard let first = try await replies.next() else { return }
        alarm.cancel()
        readiness.yield(.success(()))
        handOver.hear(first.events)
        // What came while nobody listened is in force now, so it is in the list.
        var listing = list()
        var failure: VarlinkError?
        do {
            while let reply = try await replies.next() {
                handOver.hear(reply.events)
                // The bans of a list aren't told one by one; out of shadow, bans take effect that covered nothing before.
                let kinds: [EventKind] = [.lost, .imported, .shadow]
                guard reply.events.contains(where: { kinds.contains($0.kind) }) else {
                    continue
                }
                await Self.end(listing)
                listing = list()
            }
        } catch {
            failure = error
        }
        await Self.end(listing)
        if let failure { throw failure }
    }

    private static func end(_ listing: Task<Void, Never>?) async {
        listing?.cancel()
        await listing?.value
    }

    /// Asks for all bans in force, where there are connections that they could cover.
    private func list() -> Task<Void, Never>? {
        guard handOver.beginListing() else { return nil }
        let handOver = handOver
        return Task {
            do {
                let client = try await VarlinkClient.connect(
                    path: handOver.configuration.socket, on: handOver.group)
                for try await page in client.stream(HelperInterface.list, .init()) {
                    handOver.hear(bans: page.bans)
                }
                await client.close()
            } catch {
                guard !Task.isCancelled else { return }
                handOver.logger.warning(
                    "can't ask which bans are in force, so connections that they cover stay open: \(error)")
            }
        }
    }
}
