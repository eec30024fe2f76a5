// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Sentinel

/// At which endpoints peers can be dialled, and which peers are denied.
///
/// Bounded by peers and by endpoints of each. Peers that are denied have room of their own: however many others
/// are learned, none of them is forgotten for it.
struct AddressBook: Sendable {
    /// A denial at peer dial.
    struct PeerDenial: Sendable {
        var reason: Reason
        var detail: String
        /// Whether the policy had a wish for the duration.
        var hasWish: Bool
        /// When it ends; nil where that isn't known yet.
        var until: MonotonicInstant?

        /// Whether it is over.
        func isOver(_ now: MonotonicInstant) -> Bool { until.map { $0 <= now } ?? false }
    }

    private struct DeniedPeer {
        var denial: PeerDenial
        var endpoints: [Endpoint]
    }

    /// What follows from an endpoint that was learned.
    enum Finding {
        /// Nothing.
        case noted
        /// The peer is denied, so the endpoint is to be blocked.
        case denied(PeerDenial)
        /// The peer is denied, but another one that isn't has shown that it lives there.
        case contested
        /// The peer is denied, and has as many endpoints as a peer may have.
        case tooMany
    }

    private let endpointsPerPeer: Int
    private var known: RecencyTable<PeerID, [Endpoint]>
    private var denied: RecencyTable<PeerID, DeniedPeer>
    /// Who has shown by a handshake that it lives at an endpoint: everyone can claim to.
    private var owners: RecencyTable<Endpoint, PeerID>

    init(knownPeers: Int, deniedPeers: Int, endpointsPerPeer: Int) {
        self.endpointsPerPeer = max(1, endpointsPerPeer)
        known = RecencyTable(capacity: knownPeers)
        denied = RecencyTable(capacity: deniedPeers)
        owners = RecencyTable(capacity: knownPeers)
    }

    /// Notes that a peer is denied.
    ///
    /// - Returns: the denial as it holds now, the endpoints to block, and those that are another peer's.
    mutating func deny(
        _ peer: PeerID, _ denial: PeerDenial, now: MonotonicInstant
    ) -> (denial: PeerDenial, endpoints: [Endpoint], contested: Int) {
        var merged = denial
        if let earlier = denied[peer]?.denial, !earlier.isOver(now), let until = earlier.until {
            merged.until = max(until, denial.until ?? until)
        }
        let endpoints = denied[peer]?.endpoints ?? known.remove(peer) ?? []
        if let evicted = denied.insert(peer, DeniedPeer(denial: merged, endpoints: endpoints)) {
            _ = known.insert(evicted.key, evicted.value.endpoints)
        }
        let own = endpoints.filter { !isAnothers($0, than: peer) }
        return (merged, own, endpoints.count - own.count)
    }

    /// Notes that a peer is not denied any more.
    mutating func allow(_ peer: PeerID) {
        guard denied.count > 0, let entry = denied.remove(peer) else { return }
        _ = known.insert(peer, entry.endpoints)
    }

    /// Notes that the peer can be dialled there, or says so.
    mutating func learn(_ endpoint: Endpoint, of peer: PeerID, now: MonotonicInstant) -> Finding {
        if let denial = denied[peer]?.denial {
            guard denial.isOver(now) else { return learn(endpoint, ofDenied: peer, denial) }
            allow(peer)
        }
        let limit = endpointsPerPeer
        let isKnown: Void? = known.update(peer) { endpoints in
            guard !endpoints.contains(endpoint) else { return }
            if endpoints.count == limit { endpoints.removeFirst() }
            endpoints.append(endpoint)
        }
        if isKnown == nil { _ = known.insert(peer, [endpoint]) }
        return .noted
    }

    /// A denied peer's endpoints are never forgotten for later ones: it could have any number of addresses blocked
    /// by claiming one after the other.
    private mutating func learn(
        _ endpoint: Endpoint, ofDenied peer: PeerID, _ denial: PeerDenial
    ) -> Finding {
        if isAnothers(endpoint, than: peer) { return .contested }
        let limit = endpointsPerPeer
        return denied.update(peer) { entry in
            if entry.endpoints.contains(endpoint) { return .noted }
            guard entry.endpoints.count < limit else { return .tooMany }
            entry.endpoints.append(endpoint)
            return .denied(denial)
        } ?? .noted
    }

    /// Notes that a peer has shown by a handshake that it lives there.
    mutating func prove(_ endpoint: Endpoint, isOf peer: PeerID) {
        _ = owners.insert(endpoint, peer)
    }

    /// Where a peer has shown by a handshake that it lives, and nobody else has since.
    func provenEndpoints(of peer: PeerID) -> [Endpoint] {
        (denied[peer]?.endpoints ?? known[peer] ?? []).filter { owners[$0] == peer }
    }

    /// Notes when a peer's denial ends, where the policy had no wish: at the last end of its endpoints' bans.
    mutating func extend(_ peer: PeerID, until: MonotonicInstant) {
        guard let denial = denied[peer]?.denial, !denial.hasWish else { return }
        denied.update(peer) { $0.denial.until = max(denial.until ?? until, until) }
    }

    private func isAnothers(_ endpoint: Endpoint, than peer: PeerID) -> Bool {
        guard let owner = owners[endpoint], owner != peer else { return false }
        return denied[owner] == nil
    }
}
