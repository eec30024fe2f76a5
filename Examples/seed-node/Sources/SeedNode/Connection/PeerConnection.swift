// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Sentinel

/// One connection, from its first message to its last, without any I/O: messages go in, actions come out. TCP
/// and UDP, dialing and accepting sides are all this.
struct PeerConnection {
    /// What the owner has to do, in this order.
    enum Action: Hashable {
        /// Send a message to the other side.
        case send([UInt8])
        /// Nothing but news: a check has said no.
        case denied(Denial)
        /// Streams may be opened from now on.
        case established(PeerID)
        /// The other side opened a stream.
        case opened(StreamID, StreamType)
        /// The other side sent bytes on a stream.
        case received(StreamID, [UInt8])
        /// The other side ended a stream.
        case ended(StreamID, StreamEnd)
        /// Close the transport. Nothing follows.
        case close(CloseReason)
    }

    /// Why a connection ended.
    enum CloseReason: Hashable {
        case denied(Denial)
        case handshake(HandshakeError)
        /// The other side said so.
        case farewell(DisconnectReason)
        /// The other side broke the protocol.
        case violation
        /// This side wants no more of it.
        case done
    }

    /// How many streams either side may have open.
    static let maximumStreams = 64

    private enum State {
        case initiating(InitiatorHandshake)
        case responding(ResponderHandshake?)
        /// The initiator has said who it is and waits for the responder to be ready.
        case proven(HandshakeResult)
        case established
        case closed
    }

    private(set) var info: Connection
    private let gate: NodeGate
    private let transport: TransportProtocol
    private let identity: NodeIdentity
    private var state: State
    private var sealer: RecordSealer?
    private var opener: RecordOpener?
    /// The last message of the handshake that came, and what it was answered with: over UDP either may get
    /// lost and is asked for again.
    private var answered: (message: [UInt8], answer: [Action])?
    private var streams = StreamTable()

    /// The accepting side, whose accept check has been passed.
    init(
        accepting info: Connection, over transport: TransportProtocol, as identity: NodeIdentity,
        gate: NodeGate
    ) {
        self.init(info, transport, identity, gate, .responding(nil))
    }

    /// The dialing side, whose dial checks have been passed. `peer` is who has to be there.
    init(
        dialing info: Connection, over transport: TransportProtocol, peer: PeerID?, as identity: NodeIdentity,
        gate: NodeGate
    ) {
        let handshake = InitiatorHandshake(identity: identity, expecting: peer)
        self.init(info, transport, identity, gate, .initiating(handshake))
    }

    private init(
        _ info: Connection, _ transport: TransportProtocol, _ identity: NodeIdentity, _ gate: NodeGate,
        _ state: State
    ) {
        self.info = info
        self.transport = transport
        self.identity = identity
        self.gate = gate
        self.state = state
    }

    var isEstablished: Bool {
        if case .established = state { true } else { false }
    }

    /// The message that the dialing side is waiting for an answer to: at first its hello, then its proof.
    var unanswered: [UInt8]? {
        switch state {
        case .initiating(let handshake): handshake.hello
        case .proven(let result): result.proof
        case .responding, .established, .closed: nil
        }
    }

    /// Takes a message from the other side.
    mutating func receive(_ message: [UInt8]) -> [Action] {
        if isLossy, let answered, answered.message == message { return answered.answer }
        switch state {
        case .initiating(let handshake):
            return receiveReply(message, handshake)
        case .responding(let handshake):
            guard let handshake else { return receiveHello(message) }
            return receiveProof(message, handshake)
        case .proven, .established:
            guard let plain = opener?.open(message), let frame = Frame(plain) else {
                return broken(.violation)
            }
            return receive(frame)
        case .closed:
            return []
        }
    }

    /// Opens a stream. Nil where the connection isn't established, or has as many as it may have.
    mutating func open(_ type: StreamType) -> (StreamID, [Action])? {
        guard isEstablished, let stream = streams.openOwn(info.remote.direction) else { return nil }
        return (stream, send(.open(stream, type)))
    }

    /// Sends bytes on a stream; nothing where it isn't open.
    mutating func send(_ payload: [UInt8], on stream: StreamID) -> [Action] {
        guard isEstablished, streams.isOpen(stream), payload.count <= Frame.maximumPayload else { return [] }
        return send(.data(stream, payload))
    }

    /// Ends the connection and says why.
    mutating func close(_ reason: DisconnectReason) -> [Action] {
        guard isEstablished else { return close(reason: .done) }
        return send(.goAway(reason)) + close(reason: .done)
    }

    /// Takes what can't even be a message.
    mutating func receiveMalformed() -> [Action] {
        switch state {
        case .initiating, .responding: broken(.handshake(.length))
        case .proven, .established: broken(.violation)
        case .closed: []
        }
    }

    /// Tells the gate that the transport is gone. To be called once, at the end.
    ///
    /// - Parameter timedOut: whether that is because the other side hasn't answered.
    mutating func transportClosed(timedOut: Bool = false) {
        if case .responding = state, timedOut { gate.misbehaved(.failedHandshake, on: info) }
        end()
    }

    private mutating func end() {
        if isEstablished {
            for type in streams.endAll() { gate.closed(type, on: info) }
            gate.closed(info)
        }
        state = .closed
    }
}

// MARK: - Handshake

extension PeerConnection {
    /// UDP loses, repeats and reorders, and anyone may write into it: there, what makes no sense is ignored.
    private var isLossy: Bool { transport == .udp }

    private mutating func broken(_ reason: CloseReason) -> [Action] {
        isLossy ? [] : close(reason: reason)
    }

    private mutating func receiveHello(_ message: [UInt8]) -> [Action] {
        do {
            let handshake = try ResponderHandshake(identity: identity, hello: message)
            state = .responding(handshake)
            return answer(message, [.send(handshake.reply)])
        } catch {
            // Nothing is lost by ending it, as there was nothing before.
            return close(reason: .handshake(error))
        }
    }

    private mutating func receiveReply(_ message: [UInt8], _ handshake: InitiatorHandshake) -> [Action] {
        let result: HandshakeResult
        do {
            result = try handshake.receive(message)
        } catch {
            return error == .wrongPeer ? close(reason: .handshake(error)) : broken(.handshake(error))
        }
        if let denial = askSecured(result.peer) { return denial }
        sealer = result.sealer
        opener = result.opener
        state = .proven(result)
        return answer(message, [.send(result.proof)])
    }

    private mutating func receiveProof(_ message: [UInt8], _ handshake: ResponderHandshake) -> [Action] {
        let result: HandshakeResult
        do {
            result = try handshake.receive(message)
        } catch {
            return broken(.handshake(error))
        }
        if let denial = askSecured(result.peer) { return denial }
        sealer = result.sealer
        opener = result.opener
        if let denial = askUpgraded() { return denial }
        let ready = send(.ready)
        _ = answer(message, ready)
        return ready + establish(result.peer)
    }

    private mutating func answer(_ message: [UInt8], _ actions: [Action]) -> [Action] {
        if isLossy { answered = (message, actions) }
        return actions
    }

    private mutating func establish(_ peer: PeerID) -> [Action] {
        state = .established
        gate.established(info)
        return [.established(peer)]
    }

    private mutating func askSecured(_ peer: PeerID) -> [Action]? {
        info.remote.id = peer
        guard let denial = gate.secured(info, peer).denial else { return nil }
        return [.denied(denial)] + close(reason: .denied(denial))
    }

    private mutating func askUpgraded() -> [Action]? {
        let (decision, reason) = gate.upgraded(info)
        guard let denial = decision.denial else { return nil }
        return send(.goAway(reason)) + [.denied(denial)] + close(reason: .denied(denial))
    }
}

// MARK: - Frames

extension PeerConnection {
    private mutating func receive(_ frame: Frame) -> [Action] {
        if case .goAway(let reason) = frame { return close(reason: .farewell(reason)) }
        if case .proven(let result) = state {
            // A stream's frame that overtook this one on UDP is lost.
            guard frame == .ready else { return broken(.violation) }
            if let denial = askUpgraded() { return denial }
            return establish(result.peer)
        }
        switch frame {
        case .open(let stream, let type):
            return receiveOpen(stream, type)
        case .data(let stream, let payload):
            return streams.isOpen(stream) ? [.received(stream, payload)] : []
        case .close(let stream, let end):
            guard streams.close(stream) else { return [] }
            if let type = streams.end(stream) { gate.closed(type, on: info) }
            return [.ended(stream, end)]
        case .ready:
            return broken(.violation)
        case .goAway:
            return []
        }
    }

    private mutating func receiveOpen(_ stream: StreamID, _ type: StreamType) -> [Action] {
        switch streams.openOther(stream, info.remote.direction) {
        case .opened: break
        case .repeated where isLossy: return []
        case .repeated, .tooMany, .wrongSide:
            return send(.goAway(.protocolViolation)) + close(reason: .violation)
        }
        guard let denial = gate.stream(type, on: info).denial else {
            streams.admit(stream, type)
            gate.opened(type, on: info)
            return [.opened(stream, type)]
        }
        switch denial.streamAction {
        case .endConnection:
            return send(.goAway(denial.disconnectReason)) + [.denied(denial)] + close(reason: .denied(denial))
        case .refuseStream:
            _ = streams.close(stream)
            return send(.close(stream, .refused)) + [.denied(denial)]
        }
    }

    private mutating func send(_ frame: Frame) -> [Action] {
        guard let record = try? sealer?.seal(frame.bytes) else { return [] }
        return [.send(record)]
    }

    private mutating func close(reason: CloseReason) -> [Action] {
        switch reason {
        case .handshake: gate.misbehaved(.failedHandshake, on: info)
        case .violation: gate.misbehaved(.protocolViolation, on: info)
        case .denied, .farewell, .done: break
        }
        end()
        return [.close(reason)]
    }
}
