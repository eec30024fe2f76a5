// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Testing

@testable import Sentinel

/// A sleep that lasts until it is rung for.
private struct ManualSleep: Sendable {
    private let rings = AsyncStream.makeStream(of: Void.self)
    private let begun = AsyncStream.makeStream(of: Duration.self)

    func sleep(_ duration: Duration) async throws {
        begun.continuation.yield(duration)
        for await _ in rings.stream { return }
        throw CancellationError()
    }

    func ring() {
        rings.continuation.yield()
    }

    /// Waits until somebody sleeps, and says for how long they mean to.
    func sleeping() async -> Duration? {
        for await duration in begun.stream { return duration }
        return nil
    }
}

@Suite(.timeLimit(.minutes(1))) struct ConnManagerRunTests {
    let node: ConnManagerHarness
    let peers: [PeerID]
    private let sleep = ManualSleep()

    init() throws {
        node = try ConnManagerHarness(low: 1, high: 2)
        peers = try numberedPeers(8)
    }

    /// Begins a run, and waits until it sleeps.
    func run() async -> Task<Void, Never> {
        let running = Task { [node, sleep] in await node.manager.run { try await sleep.sleep($0) } }
        _ = await sleep.sleeping()
        return running
    }

    /// What is closed from now on.
    func closings() -> AsyncStream<Connection> {
        let (stream, continuation) = AsyncStream.makeStream(of: Connection.self)
        let manager = node.manager
        node.around.onClose { connection in
            manager.disconnected(connection)
            continuation.yield(connection)
        }
        return stream
    }

    @Test func `It trims as soon as the high mark is exceeded`() async {
        let closings = closings()
        let running = await run()
        for peer in peers[..<3] { node.connect(peer) }
        var closed = 0
        for await _ in closings {
            closed += 1
            if closed == 2 { break }
        }
        node.manager.close()
        await running.value
        #expect(node.manager.connectionCount == 1)
    }

    @Test func `What the silence period held up is trimmed at the tick after it`() async {
        let closings = closings()
        for peer in peers[..<3] { node.connect(peer) }
        node.manager.trimOpenConnections()
        let before = node.around.closed.count
        for peer in peers[3..<5] { node.connect(peer) }
        let running = await run()
        #expect(node.around.closed.count == before)
        node.around.pass(10_000)
        sleep.ring()
        var closed = 0
        for await _ in closings {
            closed += 1
            if closed == before + 2 { break }
        }
        node.manager.close()
        await running.value
        #expect(node.manager.connectionCount == 1)
    }

    @Test func `It trims at once where there are too many connections when it begins`() async {
        let closings = closings()
        for peer in peers[..<3] { node.connect(peer) }
        let running = await run()
        for await _ in closings { break }
        node.manager.close()
        await running.value
    }

    @Test func `It decays tags`() async throws {
        let (decays, continuation) = AsyncStream.makeStream(of: Int.self)
        let decay = Decay { value, _ in
            continuation.yield(value.value)
            return value.value - 1
        }
        let tag = try node.manager.registerDecayingTag(
            "tag", interval: .seconds(1), decay: decay, bump: .overwrite)
        tag.bump(peers[0], by: 9)
        let running = await run()
        var seen: [Int] = []
        node.around.pass(1000)
        sleep.ring()
        for await value in decays {
            seen.append(value)
            if seen.count == 2 { break }
            node.around.pass(1000)
            sleep.ring()
        }
        node.manager.close()
        await running.value
        #expect(seen == [9, 8])
    }

    @Test func `It looks for work ten times in a silence period`() async {
        let running = Task { [node, sleep] in await node.manager.run { try await sleep.sleep($0) } }
        #expect(await sleep.sleeping() == .seconds(1))
        sleep.ring()
        #expect(await sleep.sleeping() == .seconds(1))
        node.manager.close()
        await running.value
    }

    @Test func `It returns when it is cancelled, and can be begun again`() async {
        let running = await run()
        running.cancel()
        await running.value
        let closings = closings()
        let again = Task { [node] in
            await node.manager.run { _ in try await Task.sleep(for: .seconds(86_400)) }
        }
        for peer in peers[..<3] { node.connect(peer) }
        for await _ in closings { break }
        again.cancel()
        await again.value
    }

    @Test func `It returns when the sleep fails`() async {
        let sleeps = Guarded(0)
        await node.manager.run { _ in
            sleeps.withLock { $0 += 1 }
            throw CancellationError()
        }
        #expect(sleeps.withLock { $0 } == 1)
    }

    @Test func `A second run returns at once, and leaves the first one alone`() async {
        let closings = closings()
        let running = await run()
        await node.manager.run { _ in
            Issue.record("the second run sleeps")
            throw CancellationError()
        }
        for peer in peers[..<3] { node.connect(peer) }
        for await _ in closings { break }
        node.manager.close()
        await running.value
    }

    @Test func `After the close a run returns at once, and nothing is done of itself`() async throws {
        let tag = try node.manager.registerDecayingTag(
            "tag", interval: .seconds(1), decay: .fixed(1), bump: .overwrite)
        tag.bump(peers[0], by: 9)
        node.manager.close()
        node.manager.close()
        await node.manager.run { _ in
            Issue.record("the run sleeps")
            throw CancellationError()
        }
        for peer in peers { node.connect(peer) }
        node.around.pass(100_000)
        node.manager.performDueWork()
        #expect(node.around.closed.isEmpty)
        #expect(node.manager.tagInfo(peers[0])?.value == 9)
        node.manager.trimOpenConnections()
        #expect(node.manager.connectionCount == 1)
    }
}
