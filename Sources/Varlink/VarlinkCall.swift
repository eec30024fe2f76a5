// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import FoundationEssentials
internal import NIOCore

/// A call that waits for its answer. All of its methods must be called on the service's event loop, where its
/// handler is; anything else stops the process.
///
/// A call that is let go without its last reply closes its connection, for its caller would wait for good;
/// one without a reply (``isOneway``) is just done then. Once the connection is gone, replies go nowhere.
public final class VarlinkCall: Sendable {
    /// The qualified name of the method: `org.varlink.service.GetInfo`.
    public let method: String
    /// Whether the caller takes more than one reply.
    public let wantsMore: Bool
    /// Whether the caller takes no reply. One that is given all the same is not sent, yet it ends the call.
    public let isOneway: Bool
    /// Who calls.
    public let peer: PeerCredentials

    /// Unlike that of any other call of the same service, so that handlers may keep calls by it.
    public let id: UInt64
    /// Which connection the call came by: unlike that of any other connection of the same service.
    public let connectionID: UInt64
    private let frame: Data
    private let connection: NIOLoopBound<ServiceConnection>

    init(
        header: Wire.CallHeader, frame: Data, id: UInt64, peer: PeerCredentials,
        connection: NIOLoopBound<ServiceConnection>
    ) {
        method = header.method
        wantsMore = header.more ?? false
        isOneway = header.oneway ?? false
        self.peer = peer
        self.id = id
        self.frame = frame
        connectionID = connection.value.id
        self.connection = connection
    }

    deinit {
        // Not at once: this runs in the middle of whatever lets the call go.
        let (connection, id) = (connection, id)
        if connection.eventLoop.inEventLoop, !connection.value.isCurrent(id) { return }
        connection.eventLoop.execute { connection.value.abandon(id) }
    }

    // MARK: What is asked

    /// The parameters, of the type that the method takes.
    ///
    /// - Throws: `org.varlink.service.InvalidParameter` with the path of the parameter that is missing, of
    ///   the wrong type or without a valid value.
    public func parameters<Parameters: Decodable>(
        _ type: Parameters.Type = Parameters.self
    ) throws(VarlinkFailure) -> Parameters {
        do {
            return try Wire.parameters(type, of: frame)
        } catch {
            throw .invalidParameter((error as? DecodingError)?.parameterPath ?? "parameters")
        }
    }

    /// The parameters of this method; see ``parameters(_:)``.
    public func parameters<Parameters, Reply>(
        of method: VarlinkMethod<Parameters, Reply>
    ) throws(VarlinkFailure) -> Parameters {
        try parameters(Parameters.self)
    }

    /// Makes sure that the caller takes a stream of replies.
    ///
    /// - Throws: `org.varlink.service.ExpectedMore`
    public func requireMore() throws(VarlinkFailure) {
        if !wantsMore { throw .expectedMore }
    }

    // MARK: What it costs

    /// Says that this call is so much work, once that is known: how many things it asks for, for example. The caller's
    /// user may ask for as much as ``VarlinkService/Limits/work`` says; who has asked for more has this call answered,
    /// and waits before his next one. Counts as soon as it is said, and not for clients that are trusted.
    public func charge(_ work: Int) {
        connection.value.charge(work)
    }

    // MARK: The answer

    /// Sends the last reply.
    public func reply(_ parameters: some Encodable) {
        connection.value.reply(to: id, Wire.Reply(parameters: parameters), isLast: true)
    }

    /// Sends the last reply, `{}`.
    public func reply() {
        reply(VarlinkEmpty())
    }

    /// Sends a reply that more will follow. A caller that didn't ask for more gets
    /// `org.varlink.service.ExpectedMore` instead, and the call is done.
    public func replyContinuing(_ parameters: some Encodable) {
        guard wantsMore else { return fail(.expectedMore) }
        connection.value.reply(to: id, Wire.Reply(parameters: parameters, continues: true), isLast: false)
    }

    /// Sends an error as the last reply.
    public func fail(_ failure: VarlinkFailure) {
        connection.value.fail(id, failure)
    }

    /// Closes the connection at once; what is unsent is lost.
    public func drop() {
        connection.value.drop(id)
    }

    // MARK: The connection

    /// Whether the caller still waits: the last reply is not given, and the connection is open.
    public var isOpen: Bool { connection.value.isCurrent(id) }

    /// How many bytes of replies the caller has not taken yet.
    public var pendingBytes: Int { connection.value.pendingBytes }

    /// Whether fewer bytes are pending than ``VarlinkService/Limits/writableBytes``. A stream that waits by
    /// ``whenWritable(on:_:)`` where this is false never piles up replies.
    public var isWritable: Bool { connection.value.isWritable }

    /// Calls back once, on the event loop, when the caller has taken most of what is pending; at once where
    /// the call is writable; never where the call ends before. Not before the current work on the loop is
    /// done.
    public func whenWritable<Owner: Actor>(
        on owner: Owner, _ body: @escaping @Sendable (isolated Owner) -> Void
    ) {
        connection.value.whenWritable(id) { owner.assumeIsolated(body) }
    }

    /// Calls back once, on the event loop, if the connection ends before the last reply is given; at once
    /// where it has ended already. Not before the current work on the loop is done.
    public func onClose<Owner: Actor>(
        on owner: Owner, _ body: @escaping @Sendable (isolated Owner) -> Void
    ) {
        connection.value.onClose(id) { owner.assumeIsolated(body) }
    }

    /// Calls back once, on the event loop, when the connection ends, whether this call has its last reply by then
    /// or not; at once where it has ended already. Not before the current work on the loop is done.
    public func whenDisconnected<Owner: Actor>(
        on owner: Owner, _ body: @escaping @Sendable (isolated Owner) -> Void
    ) {
        connection.value.whenClosed { owner.assumeIsolated(body) }
    }
}

extension VarlinkCall: Identifiable {}
