// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Sentinel
import Synchronization
import Testing

// The documentation of `ConnectionGater` in go-libp2p's package `connmgr`, sentence by sentence. What it asks of the
// network, not of the gater, the example node does:
//
// | "This is called by the network.Network implementation when dialling a peer." | NodeTests `The dial checks come …` |
// | "… after it has resolved the peer's addrs, and prior to dialling each." | GateDocumentationTests |
// | "This is called by the upgrader, or by the transport directly (e.g. QUIC, Bluetooth), straight after it has
//    accepted a connection from its socket." | NodeTests `A denial at accept refuses at once …` |
// | "This is called by the upgrader, after it has performed the security handshake, and before it negotiates the
//    muxer …" | ConnectionTests `A denial at secured by the listener …`, `Both sides ask their gates in order …` |
// | "At this point, the connection a multiplexer has been selected." | ConnectionTests `A denial at upgraded is told` |
// | "Transports who accept already secure and/or multiplexed connections (e.g. possibly QUIC) MUST call this method
//    regardless, for correctness/consistency." | GateDocumentationTests, on UDP |
// | "This allows gaters and other components to communicate the intention behind a connection closure, to curtail
//    potential reconnection attempts." | ConnectionTests `A denial at upgraded is told` |
//
// "Refer to the godoc on the ConnectionGater type for more information.", "NOTE: the go-libp2p implementation currently
// IGNORES the disconnect reason." and "EXPERIMENTAL: a DISCONNECT protocol/message will be supported in the future."
// promise nothing of a gater.

@Suite struct ConnectionGaterDocumentationTests {
    let blocked: PeerID
    let stranger: PeerID
    let address = numbered(7)

    init() throws {
        blocked = try peer(1)
        stranger = try peer(2)
    }

    private func gater(_ policies: any Policy...) throws -> PolicySentinel {
        try PolicySentinel(policies, clock: { at(0) })
    }

    /// A deny list with these on it.
    private func listed(_ subjects: AccessList.Subject..., checks: CheckSet = .all) throws -> AccessList {
        var list = AccessList(name: "deny", effect: .deny, checks: checks)
        for subject in subjects { try list.insert(subject, reason: .denyListed, now: at(0)) }
        return list
    }

    private func dialled(_ address: IPAddress) -> Multiaddr {
        Multiaddr(Endpoint(address: address, transport: .tcp, port: 4001))
    }

    private func ends(_ address: IPAddress) -> ConnectionAddresses {
        ConnectionAddresses(local: nil, remote: dialled(address), source: .handshake)
    }

    private func connection(_ peer: PeerID, _ address: IPAddress, _ direction: Direction) -> Connection {
        Connection(
            id: .init(rawValue: 1),
            remote: RemotePeer(id: peer, addresses: ends(address), direction: direction),
            security: ProtocolID("/noise"), multiplexer: ProtocolID("/yamux/1.0.0"))
    }

    /// What each intercept says of this peer at this address.
    private func answers(
        _ gater: some ConnectionGater, _ peer: PeerID, _ address: IPAddress, _ direction: Direction = .inbound
    ) -> [Check: Bool] {
        [
            .peerDial: gater.interceptPeerDial(peer).isAllowed,
            .addressDial: gater.interceptAddressDial(peer, dialled(address)).isAllowed,
            .accept: gater.interceptAccept(ends(address)).isAllowed,
            .secured: gater.interceptSecured(direction, peer, ends(address)).isAllowed,
            .upgraded: gater.interceptUpgraded(connection(peer, address, direction)).decision.isAllowed,
        ]
    }

    // MARK: - The methods

    @Test(#""InterceptPeerDial tests whether we're permitted to Dial the specified peer.""#)
    func peerDial() throws {
        let gater = try gater(listed(.peer(blocked)))
        #expect(gater.interceptPeerDial(blocked).denial?.check == .peerDial)
        #expect(gater.interceptPeerDial(stranger) == .allow)
    }

    @Test(
        #""InterceptAddrDial tests whether we're permitted to dial the specified multiaddr for the given peer.""#
    )
    func addressDial() throws {
        let gater = try gater(listed(.peer(blocked), .address(address)))
        #expect(gater.interceptAddressDial(stranger, dialled(address)).denial?.check == .addressDial)
        #expect(gater.interceptAddressDial(blocked, dialled(numbered(8))).denial?.check == .addressDial)
        #expect(gater.interceptAddressDial(stranger, dialled(numbered(8))) == .allow)
    }

    @Test(#""InterceptAccept tests whether an incipient inbound connection is allowed.""#)
    func accept() throws {
        let gater = try gater(listed(.address(address)))
        #expect(gater.interceptAccept(ends(address)).denial?.check == .accept)
        #expect(gater.interceptAccept(ends(numbered(8))) == .allow)
    }

    @Test(#""InterceptSecured tests whether a given connection, now authenticated, is allowed.""#)
    func secured() throws {
        let gater = try gater(listed(.peer(blocked)))
        // Now that it is known who that is.
        #expect(gater.interceptAccept(ends(address)) == .allow)
        #expect(gater.interceptSecured(.inbound, blocked, ends(address)).denial?.check == .secured)
        #expect(gater.interceptSecured(.inbound, stranger, ends(address)) == .allow)
    }

    @Test(#""InterceptUpgraded tests whether a fully capable connection is allowed.""#)
    func upgraded() throws {
        let gater = try gater(listed(.peer(blocked), checks: .upgraded))
        #expect(gater.interceptSecured(.inbound, blocked, ends(address)) == .allow)
        let answer = gater.interceptUpgraded(connection(blocked, address, .inbound))
        #expect(answer.decision.denial?.check == .upgraded)
        #expect(gater.interceptUpgraded(connection(stranger, address, .inbound)).decision == .allow)
    }

    @Test(#""When rejecting a connection, the gater can return a DisconnectReason.""#)
    func disconnectReason() throws {
        let limits = try ConnectionLimits(name: "connections", limits: .init(peer: .init(inbound: 1)))
        let gater = try gater(limits)
        let connection = connection(stranger, address, .inbound)
        let allowed = gater.interceptUpgraded(connection)
        #expect(allowed.decision == .allow)
        #expect(allowed.reason == .none)
        gater.connected(connection)
        let rejected = gater.interceptUpgraded(connection)
        #expect(!rejected.decision.isAllowed)
        #expect(rejected.reason == .resourceLimitExceeded)
    }

    // MARK: - The type

    @Test(
        """
        "ConnectionGater can be implemented by a type that supports active inbound or outbound connection gating."
        """)
    func inboundAndOutbound() throws {
        let gater: any ConnectionGater = try gater(listed(.peer(blocked), .address(address)))
        let sentinel: any ConnectionGater = SentinelGater(
            try self.gater(listed(.peer(blocked), .address(address))))
        for gater in [gater, sentinel] {
            #expect(!gater.interceptAccept(ends(address)).isAllowed)
            #expect(!gater.interceptPeerDial(blocked).isAllowed)
            #expect(!gater.interceptSecured(.inbound, blocked, ends(numbered(8))).isAllowed)
            #expect(gater.interceptAccept(ends(numbered(8))).isAllowed)
            #expect(gater.interceptPeerDial(stranger).isAllowed)
        }
    }

    @Test(#""ConnectionGaters are active, whereas ConnManagers tend to be passive.""#)
    func active() throws {
        let gater = try gater(
            SourceRate(name: "rate", limits: .init(TokenRate(1, per: .seconds(1), burst: 1))))
        // It says no before there is a connection to be trimmed, and without having been told of one.
        #expect(gater.interceptAccept(ends(address)).isAllowed)
        #expect(!gater.interceptAccept(ends(address)).isAllowed)
    }

    @Test(
        """
        "A ConnectionGater will be consulted during different states in the lifecycle of a connection being \
        established/upgraded."
        """, arguments: [Check.peerDial, .addressDial, .accept, .secured, .upgraded])
    func states(check: Check) throws {
        // What is denied in one state only is denied in that one.
        let subjects: [AccessList.Subject] = [.peer(blocked), .address(address)]
        var list = AccessList(name: "deny", effect: .deny, checks: CheckSet(check))
        for subject in subjects { try list.insert(subject, reason: .denyListed, now: at(0)) }
        let denied = answers(try gater(list), blocked, address).filter { !$0.value }.keys
        #expect(Set(denied) == [check])
    }

    @Test(
        """
        "InterceptPeerDial is called on an imminent outbound peer dial request, prior to the addresses of that peer \
        being available/resolved."
        """)
    func beforeAddresses() throws {
        // No policy needs an address to answer, and one that goes by addresses has nothing against it.
        let all = try PolicySentinel(FullChain.policies(), clock: { at(0) })
        #expect(all.interceptPeerDial(stranger) == .allow)
        let gater = try gater(listed(.network(block("0.0.0.0/0")), .network(block("::/0"))))
        #expect(gater.interceptPeerDial(stranger) == .allow)
        var required = AccessList(name: "require", effect: .require)
        try required.insert(.address(address), reason: .allowListed, now: at(0))
        #expect(try self.gater(required).interceptPeerDial(stranger) == .allow)
    }

    @Test(#""Blocking connections at this stage is typical for blacklisting scenarios." (peer dial)"#)
    func blacklisting() throws {
        let gater = try gater(listed(.peer(blocked)))
        let denial = try #require(gater.interceptPeerDial(blocked).denial)
        #expect(denial.reason == .denyListed)
        #expect(denial.plane == .kernel)
    }

    @Test(
        """
        "InterceptAddrDial is called on an imminent outbound dial to a peer on a particular address."
        """)
    func particularAddress() throws {
        let endpoint = Endpoint(address: address, transport: .tcp, port: 4001)
        let gater = try gater(listed(.endpoint(endpoint)))
        #expect(!gater.interceptAddressDial(stranger, Multiaddr(endpoint)).isAllowed)
        let other = Endpoint(address: address, transport: .udp, port: 4001)
        #expect(gater.interceptAddressDial(stranger, Multiaddr(other)).isAllowed)
    }

    @Test(#""Blocking connections at this stage is typical for address filtering." (address dial)"#)
    func addressFiltering() throws {
        let gater = try gater(listed(.network(block("198.18.0.0/24")), .network(block("2001:db8::/32"))))
        for blocked in [numbered(9), try ip("2001:db8::9"), try ip("::ffff:198.18.0.1")] {
            #expect(!gater.interceptAddressDial(stranger, dialled(blocked)).isAllowed)
        }
        #expect(gater.interceptAddressDial(stranger, dialled(numbered(0x100))).isAllowed)
        // A name that isn't resolved has no address to be filtered by.
        #expect(
            gater.interceptAddressDial(stranger, try Multiaddr(parsing: "/dns4/example.org/tcp/1")).isAllowed)
    }

    @Test(
        """
        "InterceptAccept is called as soon as a transport listener receives an inbound connection request, before \
        any upgrade takes place."
        """)
    func beforeUpgrade() throws {
        // Nothing is known but the addresses, and whoever is at one may have to be refused in the kernel.
        let gater = try PolicySentinel(FullChain.policies(), clock: { at(0) })
        #expect(gater.interceptAccept(ends(numbered(1))) == .allow)
        #expect(gater.interceptAccept(ends(numbered(8))).denial?.plane == .kernel)
    }

    @Test(
        """
        "InterceptSecured is called for both inbound and outbound connections, after a security handshake has taken \
        place and we've authenticated the peer."
        """, arguments: [Direction.inbound, .outbound])
    func bothDirectionsSecured(direction: Direction) throws {
        let gater = try gater(listed(.peer(blocked)))
        #expect(gater.interceptSecured(direction, blocked, ends(address)).denial?.plane == .userSpace)
        #expect(gater.interceptSecured(direction, stranger, ends(address)) == .allow)
    }

    @Test(
        """
        "InterceptUpgraded is called for inbound and outbound connections, after libp2p has finished upgrading the \
        connection entirely to a secure, multiplexed channel."
        """, arguments: [Direction.inbound, .outbound])
    func bothDirectionsUpgraded(direction: Direction) throws {
        let limits = try ConnectionLimits(
            name: "connections", limits: .init(peer: .init(inbound: 1, outbound: 1)))
        let gater = try gater(limits)
        let connection = connection(stranger, address, direction)
        #expect(gater.interceptUpgraded(connection).decision == .allow)
        gater.connected(connection)
        #expect(gater.interceptUpgraded(connection).decision.denial?.plane == .userSpace)
        gater.disconnected(connection)
        #expect(gater.interceptUpgraded(connection).decision == .allow)
    }

    // MARK: - What it is for

    @Test(
        """
        "This interface can be used to implement strict/active connection management policies, such as hard limiting \
        of connections once a maximum count has been reached, …"
        """)
    func hardLimit() throws {
        let gater = try gater(
            ConnectionLimits(name: "connections", limits: .init(total: .init(inbound: 100))))
        let connections = try (0..<100).map { try connection(peer($0), numbered($0), .inbound) }
        for connection in connections {
            #expect(gater.interceptUpgraded(connection).decision.isAllowed)
            gater.connected(connection)
        }
        #expect(!gater.interceptAccept(ends(numbered(200))).isAllowed)
        gater.disconnected(connections[50])
        #expect(gater.interceptAccept(ends(numbered(200))).isAllowed)
    }

    @Test(
        """
        "… maintaining a peer blacklist, …"
        """)
    func peerBlacklist() throws {
        let gater = try gater(listed())
        func change(_ body: @escaping (inout AccessList, MonotonicInstant) -> Void) {
            gater.withPolicy("deny", as: AccessList.self) { body(&$0, $1) }
        }
        let blocked = blocked
        change { try? $0.insert(.peer(blocked), reason: .denyListed, now: $1) }
        let denied = answers(gater, blocked, address).filter { !$0.value }.keys
        #expect(Set(denied) == [.peerDial, .addressDial, .secured, .upgraded])
        #expect(answers(gater, stranger, address).values.allSatisfy { $0 })
        change { list, _ in list.remove(.peer(blocked)) }
        #expect(answers(gater, blocked, address).values.allSatisfy { $0 })
    }

    /// Lets each transport have only so many inbound connections.
    private struct TransportQuota: Policy {
        private final class Counts: Sendable {
            let counts = Mutex<[TransportProtocol: Int]>([:])
        }

        let name = "quota"
        let quota: [TransportProtocol: Int]
        private let open = Counts()

        init(_ quota: [TransportProtocol: Int]) { self.quota = quota }

        mutating func decide(_ question: borrowing Question, now: MonotonicInstant) -> Verdict {
            guard question.check == .accept, let transport = question.remote.address?.endpoint?.transport,
                let most = quota[transport], open.counts.withLock({ $0[transport, default: 0] }) >= most
            else { return .pass }
            return .deny(question.denial(by: name, reason: .connectionLimit, basis: .node, plane: .userSpace))
        }

        mutating func observe(_ event: borrowing Event, now: MonotonicInstant) {
            guard event.kind == .connectionEstablished, event.share.contains(.rest),
                let transport = event.remote.address?.endpoint?.transport
            else { return }
            open.counts.withLock { $0[transport, default: 0] += 1 }
        }
    }

    @Test(
        """
        "… or limiting connections by transport quotas."
        """)
    func transportQuotas() throws {
        let gater = try gater(TransportQuota([.udp: 2]))
        func accepted(_ transport: TransportProtocol) -> Int {
            (0..<5).count { number in
                let remote = Multiaddr(
                    Endpoint(address: numbered(number), transport: transport, port: 4001))
                let ends = ConnectionAddresses(local: nil, remote: remote, source: .handshake)
                guard gater.interceptAccept(ends).isAllowed else { return false }
                gater.connectionEstablished(RemotePeer(addresses: ends, direction: .inbound))
                return true
            }
        }
        #expect(accepted(.udp) == 2)
        #expect(accepted(.tcp) == 5)
    }

    @Test(
        """
        "For now, InterceptUpgraded can return a non-zero DisconnectReason when blocking a connection, but this \
        interface is likely to change in the future as we solidify this feature."
        """)
    func nonZeroReason() throws {
        let gater = try gater(listed(.peer(blocked)))
        let rejected = gater.interceptUpgraded(connection(blocked, address, .inbound))
        #expect(rejected.reason.rawValue != 0)
        #expect(rejected.reason == .gated)
        #expect(gater.interceptUpgraded(connection(stranger, address, .inbound)).reason.rawValue == 0)
    }

    @Test(
        """
        "The reason why only this method can handle DisconnectReasons is that we require stream multiplexing \
        capability to open a control protocol stream to transmit the message."
        """)
    func onlyUpgraded() throws {
        // What the earlier checks say names what would be told, for who can; the reason that is to be sent comes
        // from the last one, which is given the connection with its multiplexer.
        let gater = try gater(listed(.peer(blocked), checks: [.secured, .upgraded]))
        #expect(gater.interceptSecured(.inbound, blocked, ends(address)).denial?.disconnectReason == .gated)
        let connection = connection(blocked, address, .inbound)
        #expect(connection.multiplexer != nil)
        let (decision, reason) = gater.interceptUpgraded(connection)
        #expect(decision.denial?.disconnectReason == reason)
        let sentinel = SentinelGater(gater)
        #expect(sentinel.interceptUpgraded(connection).reason == .none)
    }
}
