// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import NIOCore
import Varlink

/// `org.example.Test`, see the definition beside this file.
enum TestInterface {
    struct Text: Codable, Hashable, Sendable { var text: String }
    struct Item: Codable, Hashable, Sendable {
        var name: String
        var size: Int?
        var tags: [String]
    }
    struct ItemList: Codable, Hashable, Sendable { var items: [Item] }
    struct Limit: Codable, Sendable { var to: Int }
    struct Number: Codable, Hashable, Sendable { var number: Int }
    struct Total: Codable, Hashable, Sendable { var sum: Int }
    struct Reason: Codable, Sendable { var reason: String }
    struct Released: Codable, Hashable, Sendable { var released: Int }
    struct FloodParameters: Codable, Sendable {
        var polite: Bool
        var bytes: Int
    }
    struct Chunk: Codable, Sendable { var data: String }
    struct Caller: Codable, Sendable {
        var pid: Int32
        var uid: UInt32
        var gid: UInt32
        var groups: [UInt32]
    }

    struct Failed: VarlinkErrorReply, Hashable {
        static let name = "org.example.Test.Failed"
        var reason: String
    }

    static let echo = VarlinkMethod<Text, Text>("org.example.Test.Echo")
    static let items = VarlinkMethod<ItemList, ItemList>("org.example.Test.Items")
    static let count = VarlinkMethod<Limit, Number>("org.example.Test.Count")
    static let add = VarlinkMethod<Number, VarlinkEmpty>("org.example.Test.Add")
    static let sum = VarlinkMethod<VarlinkEmpty, Total>("org.example.Test.Sum")
    static let fail = VarlinkMethod<Reason, VarlinkEmpty>("org.example.Test.Fail")
    static let wait = VarlinkMethod<VarlinkEmpty, VarlinkEmpty>("org.example.Test.Wait")
    static let release = VarlinkMethod<VarlinkEmpty, Released>("org.example.Test.Release")
    static let forget = VarlinkMethod<VarlinkEmpty, VarlinkEmpty>("org.example.Test.Forget")
    static let flood = VarlinkMethod<FloodParameters, Chunk>("org.example.Test.Flood")
    static let who = VarlinkMethod<VarlinkEmpty, Caller>("org.example.Test.Who")

    static let interface = VarlinkInterface(
        name: "org.example.Test",
        description: String(decoding: PackageResources.org_example_Test_varlink, as: UTF8.self))
}

/// Implements ``TestInterface``.
actor TestHandler: VarlinkHandler {
    /// What a test may wait for.
    enum Happening: Hashable, Sendable {
        /// A Wait, or a Flood that found its connection not writable.
        case waiting(VarlinkCall.ID)
        case closed(VarlinkCall.ID)
        /// The connection that a Who came by has ended.
        case disconnected(UInt64)
    }

    let eventLoop: any EventLoop
    let happenings: AsyncStream<Happening>
    private let happened: AsyncStream<Happening>.Continuation
    private var sum = 0
    private var waiting: [VarlinkCall] = []
    /// The most bytes that were ever pending on a connection.
    private(set) var peakPendingBytes = 0

    /// What the service has closed by itself.
    private(set) var drops: [VarlinkDrop] = []

    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        (happenings, happened) = AsyncStream.makeStream()
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { eventLoop.executor.asUnownedSerialExecutor() }

    func handle(_ call: VarlinkCall) throws(VarlinkFailure) {
        switch call.method {
        case TestInterface.echo.name: call.reply(try call.parameters(of: TestInterface.echo))
        case TestInterface.items.name: call.reply(try call.parameters(of: TestInterface.items))
        case TestInterface.count.name: try count(call)
        case TestInterface.add.name:
            sum += try call.parameters(of: TestInterface.add).number
            call.reply()
        case TestInterface.sum.name: call.reply(TestInterface.Total(sum: sum))
        case TestInterface.fail.name:
            throw VarlinkFailure(
                TestInterface.Failed(reason: try call.parameters(of: TestInterface.fail).reason))
        case TestInterface.wait.name: wait(call)
        case TestInterface.release.name: release(call)
        case TestInterface.forget.name: break
        case TestInterface.flood.name: try flood(call)
        case TestInterface.who.name:
            let connection = call.connectionID
            call.whenDisconnected(on: self) { $0.happened.yield(.disconnected(connection)) }
            call.reply(
                TestInterface.Caller(
                    pid: call.peer.processID, uid: call.peer.userID, gid: call.peer.groupID,
                    groups: call.peer.groups))
        default: throw .methodNotFound(call.method)
        }
    }

    func connectionDropped(_ drop: VarlinkDrop) { drops.append(drop) }

    private func count(_ call: VarlinkCall) throws(VarlinkFailure) {
        try call.requireMore()
        let last = try call.parameters(of: TestInterface.count).to
        guard last > 0 else { throw .invalidParameter("to") }
        for number in 1..<last { call.replyContinuing(TestInterface.Number(number: number)) }
        call.reply(TestInterface.Number(number: last))
    }

    private func wait(_ call: VarlinkCall) {
        waiting.append(call)
        let id = call.id
        call.onClose(on: self) { handler in
            handler.waiting.removeAll { $0.id == id }
            handler.happened.yield(.closed(id))
        }
        happened.yield(.waiting(id))
    }

    private func release(_ call: VarlinkCall) {
        let released = waiting
        waiting = []
        for waiting in released { waiting.reply() }
        call.reply(TestInterface.Released(released: released.count))
    }

    private func flood(_ call: VarlinkCall) throws(VarlinkFailure) {
        let parameters = try call.parameters(of: TestInterface.flood)
        let chunk = TestInterface.Chunk(data: String(repeating: "x", count: parameters.bytes))
        let id = call.id
        call.onClose(on: self) { $0.happened.yield(.closed(id)) }
        flood(call, chunk, polite: parameters.polite)
    }

    private func flood(_ call: VarlinkCall, _ chunk: TestInterface.Chunk, polite: Bool) {
        while call.isOpen, call.isWritable || !polite {
            call.replyContinuing(chunk)
            peakPendingBytes = max(peakPendingBytes, call.pendingBytes)
        }
        guard call.isOpen else { return }
        happened.yield(.waiting(call.id))
        call.whenWritable(on: self) { $0.flood(call, chunk, polite: polite) }
    }
}
