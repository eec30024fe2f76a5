// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import HeapModule
internal import Inet
internal import Sentinel

/// A node with a contender and the kernel in front of it, through which traffic is played.
///
/// A discrete event simulation: time goes from one event to the next, and of two at the same time the one that was
/// noted first comes first. Nothing in it depends on the machine.
struct SimulatedNode<Guard: Contender> {
    private let visits: [Visit]
    /// Before that nothing is counted.
    private let attackStart: Int64
    private(set) var contender: Guard
    private(set) var kernel: KernelPlane
    private(set) var tally = Tally()
    /// From a denial until the kernel drops the first packet, in nanoseconds.
    private let enforcementDelay: Int64

    private var queue = Heap<Due>()
    private var sequence = 0
    /// By the visit's number.
    private var connections: [Int: OpenConnection] = [:]

    private struct OpenConnection {
        var isEstablished = false
        /// The number of acts that have been done.
        var done = 0
        /// Streams by the number of the act that opened them.
        var streams: [Int: StreamType] = [:]
    }

    private enum Happening {
        case secure(Int)
        case act(Int)
        case closeStream(Int, act: Int)
        case leave(Int)
        case enforce(BanRequest)
    }

    /// Something that is going to happen.
    private struct Due: Comparable {
        let time: Int64
        let sequence: Int
        let happening: Happening

        static func < (a: Self, b: Self) -> Bool { (a.time, a.sequence) < (b.time, b.sequence) }
        static func == (a: Self, b: Self) -> Bool { a.sequence == b.sequence }
    }

    init(_ scenario: Scenario, behind contender: Guard, _ kernel: KernelPlane, enforcementDelay: Duration) {
        visits = scenario.visits
        attackStart = scenario.attackStart
        self.contender = contender
        self.kernel = kernel
        self.enforcementDelay = .seconds(enforcementDelay / .seconds(1))
    }

    /// Plays it all, until the last connection has ended.
    mutating func run() {
        var next = 0
        while true {
            let due = queue.min
            if next < visits.count, visits[next].arrival < due?.time ?? .max {
                arrive(next)
                next += 1
            } else if let due {
                queue.removeMin()
                happen(due.happening, at: due.time)
            } else {
                return
            }
        }
    }

    private mutating func schedule(_ happening: Happening, at time: Int64) {
        queue.insert(Due(time: time, sequence: sequence, happening: happening))
        sequence += 1
    }

    private mutating func happen(_ happening: Happening, at now: Int64) {
        switch happening {
        case .secure(let number): secure(number, at: now)
        case .act(let number): act(number, at: now)
        case .closeStream(let number, let act): closeStream(number, act, at: now)
        case .leave(let number):
            if connections[number] != nil { close(number, at: now) }
        case .enforce(let request): enforce(request, at: now)
        }
    }

    // MARK: A connection's life

    private mutating func arrive(_ number: Int) {
        let visit = visits[number]
        let now = visit.arrival
        guard !kernel.drops(visit.address, at: now) else { return count(visit, .kernel) }
        tally.spend(NodeCost.accept, on: visit.party)
        if refuses(contender.accept(visit, at: now), at: now) { return count(visit, .accept) }
        tally.spend(NodeCost.handshake, on: visit.party)
        connections[number] = OpenConnection()
        schedule(.secure(number), at: now + visit.handshakeTime)
    }

    private mutating func secure(_ number: Int, at now: Int64) {
        guard connections[number] != nil else { return }
        let visit = visits[number]
        guard visit.handshake == .completes else {
            connections[number] = nil
            contender.observe(.misbehaved(.failedHandshake), of: visit, at: now)
            return count(visit, .through)
        }
        if refuses(contender.secured(visit, at: now), at: now)
            || refuses(contender.upgraded(visit, at: now), at: now)
        {
            connections[number] = nil
            return count(visit, .afterHandshake)
        }
        connections[number]?.isEstablished = true
        contender.observe(.established, of: visit, at: now)
        if visit.party == .attacker { tally.countAttack(1, .through) } else { countHonest(visit) }
        scheduleNext(number, done: 0, at: now)
    }

    private mutating func scheduleNext(_ number: Int, done: Int, at now: Int64) {
        let visit = visits[number]
        if done < visit.acts.count {
            schedule(.act(number), at: now + visit.acts[done].pause)
        } else {
            schedule(.leave(number), at: now + visit.stay)
        }
    }

    private mutating func act(_ number: Int, at now: Int64) {
        guard let done = connections[number]?.done else { return }
        let visit = visits[number]
        connections[number]?.done = done + 1
        switch visit.acts[done].kind {
        case .openStream(let type, let duration):
            guard openStream(number, type, for: duration, act: done, at: now) else { return }
        case .breakProtocol:
            countAct(visit)
            contender.observe(.misbehaved(.protocolViolation), of: visit, at: now)
            return close(number, at: now)
        case .keepWaiting:
            countAct(visit)
            contender.observe(.misbehaved(.timeout), of: visit, at: now)
        case .serve:
            countAct(visit)
            contender.observe(.behaved, of: visit, at: now)
        }
        scheduleNext(number, done: done + 1, at: now)
    }

    /// - Returns: whether the connection goes on.
    private mutating func openStream(
        _ number: Int, _ type: StreamType, for duration: Int64, act: Int, at now: Int64
    ) -> Bool {
        let visit = visits[number]
        tally.spend(NodeCost.stream, on: visit.party)
        if isHonest(visit) { tally.honestStreams += 1 }
        switch contender.stream(visit, type, at: now) {
        case .allow:
            countAct(visit)
            connections[number]?.streams[act] = type
            contender.observe(.streamOpened(type), of: visit, at: now)
            schedule(.closeStream(number, act: act), at: now + duration)
            return true
        case .refuseStream:
            countRefusedStream(visit, attempts: 1)
            return true
        case .deny:
            countRefusedStream(visit, attempts: visit.acts.count - act)
            close(number, at: now)
            return false
        }
    }

    private mutating func closeStream(_ number: Int, _ act: Int, at now: Int64) {
        guard let type = connections[number]?.streams.removeValue(forKey: act) else { return }
        contender.observe(.streamClosed(type), of: visits[number], at: now)
    }

    private mutating func close(_ number: Int, at now: Int64) {
        guard let connection = connections.removeValue(forKey: number), connection.isEstablished else {
            return
        }
        for act in connection.streams.keys.sorted() {
            guard let type = connection.streams[act] else { continue }
            contender.observe(.streamClosed(type), of: visits[number], at: now)
        }
        contender.observe(.closed, of: visits[number], at: now)
    }

    // MARK: The kernel

    /// Whether it is a no; what it asks of the kernel is on its way then.
    private mutating func refuses(_ answer: Answer, at now: Int64) -> Bool {
        guard case .deny(let request) = answer else { return false }
        if let request { schedule(.enforce(request), at: now + enforcementDelay) }
        return true
    }

    /// Packets of connections that are open are dropped as well, so those end.
    private mutating func enforce(_ request: BanRequest, at now: Int64) {
        kernel.enforce(request, at: now)
        let network = request.subject.network
        let covered = connections.keys.filter { network.contains(visits[$0].address) }
        for number in covered.sorted() { cut(number, at: now) }
    }

    private mutating func cut(_ number: Int, at now: Int64) {
        guard let connection = connections[number] else { return }
        let visit = visits[number]
        if visit.party == .attacker {
            tally.countAttack(visit.attempts - (connection.isEstablished ? 1 + connection.done : 0), .kernel)
        } else if connection.isEstablished {
            tally.countHonest(visit) { $0.cut += 1 }
        } else {
            // One in its handshake never comes about.
            countHonest(visit, isRefused: true)
        }
        close(number, at: now)
    }

    // MARK: Counting

    /// All that a visit attempts.
    private mutating func count(_ visit: Visit, _ stage: Stage) {
        if visit.party == .attacker {
            tally.countAttack(visit.attempts, stage)
        } else {
            countHonest(visit, isRefused: stage != .through)
        }
    }

    private func isHonest(_ visit: Visit) -> Bool {
        visit.party != .attacker && visit.arrival >= attackStart
    }

    private mutating func countHonest(_ visit: Visit, isRefused: Bool = false) {
        guard isHonest(visit) else { return }
        tally.countHonest(visit) { count in
            count.attempts += 1
            if isRefused { count.refused += 1 }
        }
    }

    /// An act that nobody refused.
    private mutating func countAct(_ visit: Visit) {
        if visit.party == .attacker { tally.countAttack(1, .through) }
    }

    private mutating func countRefusedStream(_ visit: Visit, attempts: Int) {
        if visit.party == .attacker {
            tally.countAttack(attempts, .afterHandshake)
        } else if isHonest(visit) {
            tally.honestStreamsRefused += 1
        }
    }
}
