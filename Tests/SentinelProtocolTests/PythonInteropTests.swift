// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import NIOCore
import NIOPosix
import SentinelProtocol
import Testing
import Varlink

@Suite(.timeLimit(.minutes(1))) struct PythonInteropTests {
    @Test func `Varlink's own Python package introspects and calls the interface`() async throws {
        let path = FileManager.default.temporaryDirectory.path + "/\(UUID().uuidString)"
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let service = try await VarlinkService.start(
            on: group.next(), listener: .path(path),
            identity: .init(
                vendor: "Seed Sentinel", product: "test", version: "0", url: "https://example.org"),
            interfaces: [HelperInterface.interface], handler: FakeHelper(eventLoop: group.next()))
        let output: Result<String, any Error>
        do {
            output = .success(
                try await python(String(decoding: PackageResources.interop_py, as: UTF8.self), path))
        } catch {
            output = .failure(error)
        }
        await service.close()
        try await group.shutdownGracefully()
        #expect(try output.get() == "ok\n")
    }
}

/// Answers as the helper would, the same every time.
private actor FakeHelper: VarlinkHandler {
    let eventLoop: any EventLoop

    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { eventLoop.executor.asUnownedSerialExecutor() }

    func handle(_ call: VarlinkCall) throws(VarlinkFailure) {
        switch call.method {
        case HelperInterface.submit.name:
            let parameters = try call.parameters(of: HelperInterface.submit)
            var receipts = parameters.denials.map(receipt)
            if parameters.session == "s-1" { receipts[0].id = parameters.sequence }
            call.reply(HelperInterface.Submit.Reply(receipts: receipts))
        case HelperInterface.guardAddresses.name:
            let addresses = try call.parameters(of: HelperInterface.guardAddresses).addresses
            call.reply(HelperInterface.Guard.Reply(lifted: addresses == [ban.subject] ? [ban] : []))
        case HelperInterface.list.name:
            _ = try call.parameters(of: HelperInterface.list)
            call.reply(HelperInterface.List.Reply(bans: [ban]))
        case HelperInterface.watch.name:
            try call.requireMore()
            call.replyContinuing(HelperInterface.Watch.Reply(events: []))
            let lost = Event(kind: .lost, time: Timestamp(rawValue: 1), missed: 3)
            call.reply(HelperInterface.Watch.Reply(events: [lost]))
        case HelperInterface.release.name:
            throw VarlinkFailure(
                HelperInterface.PermissionDenied(
                    right: .operate, caller: "user:test", message: "rights.operate"))
        default:
            throw .methodNotFound(call.method)
        }
    }

    private func receipt(for denial: Denial) -> Receipt {
        guard denial.check == .dial else {
            return Receipt(id: 1, subject: denial.subject, enforced: true, durable: true, strikes: 1)
        }
        return Receipt(
            subject: denial.subject, enforced: false, durable: false, strikes: 0,
            refusal: Refusal(code: .guarded, guardName: .loopback, message: "127.0.0.1 is loopback"))
    }

    private var ban: Ban {
        Ban(
            id: 1, check: .accept, subject: "203.0.113.7", key: "203.0.113.7", set: "accept4",
            reason: "flood", caller: "user:seed", byOperator: false, created: Timestamp(rawValue: 1),
            strikes: 1,
            durable: false)
    }
}

/// Runs a script by `python3` and returns what it says. Wherever it doesn't end well the test fails, be it
/// that Python is missing.
private func python(_ script: String, _ arguments: String...) async throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", "-c", script] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    let ended = AsyncStream<Void> { continuation in
        process.terminationHandler = { _ in continuation.finish() }
    }
    try process.run()
    for await _ in ended {}
    let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    try #require(
        process.terminationStatus == 0,
        "this test wants python3 with the package varlink (pip install varlink==31.0.0); it said: \(text)")
    return text
}
