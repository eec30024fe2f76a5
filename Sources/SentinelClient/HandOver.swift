// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
public import Logging
public import NIOCore
public import Sentinel
internal import SentinelProtocol
internal import Synchronization

/// Hands denials over to the helper, so that the kernel refuses from then on whom the node refuses now.
///
/// Whoever denies says so and goes on: nothing here waits or does I/O, it takes a short lock and remembers what
/// is to be done. ``run()`` does it in the background, in batches, one call at a time. What came while a call was
/// on its way goes with the next. Where the helper is away, what is due waits for it.
///
/// A node makes one of these, runs it, and gives it to a ``KernelGater`` for its gater, and to another for its
/// sentinel where it has both.
public final class HandOver: Sendable {
    /// How denials are handed over.
    public let configuration: Configuration

    let group: any EventLoopGroup
    let logger: Logger
    let timing: Timing
    let observer: (@Sendable (Notice) -> Void)?
    let close: (@Sendable (Connection, DisconnectReason) -> Void)?
    let state: Mutex<HandOverState>
    let connections: Mutex<OpenConnections>
    private let book: Mutex<AddressBook>

    /// - Parameters:
    ///   - group: where the connection to the helper runs.
    ///   - logger: is told when the helper comes, goes or refuses, once each time.
    ///   - timing: the host's clocks, unless a test has others.
    ///   - close: closes a connection that a ban covers, whoever asked for the ban. Called once for each connection, by
    ///     ``run()``, or by ``opened(_:)`` where the ban came a moment before; it should return soon.
    ///   - observer: is told what becomes of each denial, by ``run()``, one after the other. It should return soon:
    ///     nothing is handed over meanwhile.
    public init(
        _ configuration: Configuration = Configuration(), on group: any EventLoopGroup, logger: Logger,
        timing: Timing = .system, close: (@Sendable (Connection, DisconnectReason) -> Void)? = nil,
        observer: (@Sendable (Notice) -> Void)? = nil
    ) {
        self.configuration = configuration
        self.group = group
        self.logger = logger
        self.timing = timing
        self.observer = observer
        self.close = close
        state = Mutex(HandOverState(configuration, hasObserver: observer != nil))
        connections = Mutex(
            OpenConnections(
                capacity: configuration.openConnections, protectedPeers: configuration.protectedPeers))
        book = Mutex(
            AddressBook(
                knownPeers: configuration.knownPeers, deniedPeers: configuration.deniedPeers,
                endpointsPerPeer: configuration.endpointsPerPeer))
    }

    /// What has happened so far.
    public var statistics: Statistics {
        state.withLock { state in
            var statistics = state.statistics
            statistics.pending = state.queue.count
            return statistics
        }
    }

    // MARK: What the node decides

    /// Hands a denial over, if it is one for the kernel; else nothing happens. Returns at once.
    ///
    /// - Parameters:
    ///   - check: at which it was said. A denial at secured, upgraded or stream is never the kernel's.
    ///   - remote: whom it is about.
    public func handOver(_ denial: Sentinel.Denial, at check: Sentinel.Check, about remote: RemotePeer) {
        let isUnproven = check == .accept && !Self.isProven(denial, remote)
        guard min(denial.plane, check.plane) == .kernel || isUnproven else { return }
        switch check {
        case .accept: handOver(denial, accepting: remote)
        case .addressDial: handOver(denial, dialling: remote)
        case .peerDial: handOver(denial, diallingPeer: remote)
        case .secured, .upgraded, .stream: break
        }
    }

    /// Whether both the connection's source and the evidence come from who has shown that the address is its own.
    private static func isProven(_ denial: Sentinel.Denial, _ remote: RemotePeer) -> Bool {
        remote.source == .handshake && denial.source == .handshake
    }

    private func handOver(_ denial: Sentinel.Denial, accepting remote: RemotePeer) {
        guard let match = remote.address?.kernelMatch, remote.direction != .outbound else {
            return keep(denial, remote, because: .unknown)
        }
        guard let address = match.address else {
            return keep(denial, remote, because: .unmatchable(match.unmatchable ?? .noAddress))
        }
        guard Self.isProven(denial, remote) else { return keep(denial, remote, because: .unvalidated) }
        let now = timing.now()
        // A block that doesn't hold the address isn't about it.
        let block = denial.network.flatMap { $0.contains(address) && !$0.isSingleAddress ? $0 : nil }
        add([
            PendingDenial(
                subject: block.map(Subject.network) ?? .source(address), reason: denial.reason,
                detail: denial.detail, peer: remote.id,
                deadline: denial.duration.map { now.advanced(by: $0) },
                source: block == nil ? nil : address)
        ])
    }

    private func handOver(_ denial: Sentinel.Denial, dialling remote: RemotePeer) {
        guard let match = remote.address?.kernelMatch else {
            return keep(denial, remote, because: .unknown)
        }
        guard let endpoint = match.endpoint else {
            return keep(denial, remote, because: match.unmatchable.map(KeptBecause.unmatchable) ?? .noPort)
        }
        if let peer = remote.id { learn([endpoint], of: peer) }
        let now = timing.now()
        add([
            PendingDenial(
                subject: .endpoint(endpoint), reason: denial.reason, detail: denial.detail, peer: remote.id,
                deadline: denial.duration.map { now.advanced(by: $0) })
        ])
    }

    private func handOver(_ denial: Sentinel.Denial, diallingPeer remote: RemotePeer) {
        guard let peer = remote.id else { return keep(denial, remote, because: .unknown) }
        let now = timing.now()
        let deadline = denial.duration.map { now.advanced(by: $0) }
        let peerDenial = AddressBook.PeerDenial(
            reason: denial.reason, detail: denial.detail, hasWish: deadline != nil, until: deadline)
        let found = book.withLock { $0.deny(peer, peerDenial, now: now) }
        spare(found.contested)
        add(
            found.endpoints.map {
                PendingDenial(
                    subject: .endpoint($0), reason: denial.reason, detail: denial.detail, peer: peer,
                    deadline: deadline, deniedPeer: peer)
            })
    }

    /// Notes that a peer may be dialled again: endpoints that are learned of it from now on are not handed over.
    /// Bans that are in force stay until they end.
    public func allowPeerDial(_ peer: PeerID) {
        book.withLock { $0.allow(peer) }
    }

    // MARK: Where peers are

    /// Notes addresses that a peer can be dialled at: those it listens on by its own word (identify), or by that of
    /// others (DHT). If the peer is denied at peer dial, they are handed over.
    ///
    /// A peer can claim any address. One where another peer has shown that it lives, see
    /// ``connected(to:at:)``, isn't handed over for the claim, and each peer has only so many.
    public func learn(peer: PeerID, addresses: some Sequence<Multiaddr>) {
        // A relay's address is none of the peer's: kernelMatch has no endpoint for it.
        learn(addresses.compactMap { $0.kernelMatch.endpoint }, of: peer)
    }

    private func learn(_ endpoints: [Endpoint], of peer: PeerID) {
        guard !endpoints.isEmpty else { return }
        let now = timing.now()
        var due: [PendingDenial] = []
        var spared = 0
        book.withLock { book in
            for endpoint in endpoints {
                switch book.learn(endpoint, of: peer, now: now) {
                case .noted: break
                case .contested, .tooMany: spared += 1
                case .denied(let denial):
                    due.append(
                        PendingDenial(
                            subject: .endpoint(endpoint), reason: denial.reason, detail: denial.detail,
                            peer: peer, deadline: denial.until, deniedPeer: peer))
                }
            }
        }
        spare(spared)
        add(due)
    }

    /// Notes that a peer which this node has dialled has shown by the security handshake that it is at this
    /// address. For inbound connections there is nothing to note: their port isn't one to dial.
    public func connected(to peer: PeerID, at address: Multiaddr) {
        guard let endpoint = address.kernelMatch.endpoint else { return }
        book.withLock { $0.prove(endpoint, isOf: peer) }
        learn([endpoint], of: peer)
        if connections.withLock({ $0.learned(of: peer) }) { ring() }
    }

    /// Where peers have shown by a handshake that they live.
    func provenEndpoints(of peers: Set<PeerID>) -> [Endpoint] {
        guard !peers.isEmpty else { return [] }
        return book.withLock { book in peers.flatMap { book.provenEndpoints(of: $0) } }
    }

    // MARK: Remembering what is to be done

    private func add(_ denials: [PendingDenial]) {
        guard !denials.isEmpty else { return }
        let bell = state.withLock { state in
            for denial in denials { state.add(denial) }
            return state.takeBell()
        }
        bell?.yield()
    }

    private func keep(_ denial: Sentinel.Denial, _ remote: RemotePeer, because reason: KeptBecause) {
        let bell = state.withLock { state in
            if reason == .unvalidated {
                state.statistics.unvalidated += 1
            } else {
                state.statistics.unmatchable += 1
            }
            state.note(.kept(denial, remote, because: reason))
            return state.hasObserver ? state.takeBell() : nil
        }
        bell?.yield()
    }

    private func spare(_ count: Int) {
        guard count > 0 else { return }
        state.withLock { $0.statistics.spared += count }
    }

    /// Notes when peers' denials end, as receipts say it.
    func extend(_ ends: [(peer: PeerID, end: Timestamp?)]) {
        guard !ends.isEmpty else { return }
        let (now, wall) = (timing.now(), timing.wall())
        book.withLock { book in
            for (peer, end) in ends {
                let left = end.map { Duration.milliseconds($0.rawValue) - .milliseconds(wall.rawValue) }
                book.extend(peer, until: left.map { now.advanced(by: $0) } ?? .distantFuture)
            }
        }
    }
}
