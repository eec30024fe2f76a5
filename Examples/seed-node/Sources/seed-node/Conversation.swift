// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import SeedNode
import Sentinel
import Synchronization

/// One honest client's exchanges with a node.
actor Conversation {
    private let node: Node
    private let peer: PeerID?
    private let endpoints: [Endpoint]
    private let stream: StreamType
    private let options: Node.DialOptions
    private let keeps: Bool
    private var open: (link: PeerLink, stream: StreamID)?

    /// - Parameter keeps: whether a connection is kept for the next exchange.
    init(
        node: Node, peer: PeerID?, endpoints: [Endpoint], source: IPAddress?, stream: StreamType,
        timeout: Duration, keeps: Bool
    ) {
        self.node = node
        self.peer = peer
        self.endpoints = endpoints
        self.stream = stream
        self.keeps = keeps
        var options = Node.DialOptions()
        options.source = source
        options.timeout = timeout
        self.options = options
    }

    /// Sends something and waits until it comes back, over a new connection where there is none.
    func exchange(_ number: Int) async -> EchoLine {
        var line = EchoLine()
        do {
            if open == nil {
                let start = ContinuousClock.now
                let link = try await node.dial(peer, at: endpoints, options)
                line.connectMicroseconds = start.duration(to: .now).microseconds
                open = (link, try await link.open(stream))
            }
            if let (link, stream) = open {
                let payload = Array("echo \(number)".utf8)
                let start = ContinuousClock.now
                let echo = try await link.echo(payload, on: stream, timeout: options.timeout)
                line.echoMicroseconds = start.duration(to: .now).microseconds
                line.result = echo == payload ? "ok" : "changed"
            }
            if !keeps { await close() }
        } catch {
            line.result = error.outcome
            line.detail = error.description
            await close()
        }
        return line
    }

    func close() async {
        await open?.link.close()
        open = nil
    }
}

/// What came of one exchange.
struct EchoLine: Encodable {
    let event = "echo"
    var attempt = 0
    var result = ""
    var detail: String?
    /// How long the dial took, where there was one.
    var connectMicroseconds: Int?
    var echoMicroseconds: Int?
}

/// What came of all exchanges.
final class DialSummary: Sendable {
    private let lines = Mutex<(results: [String: Int], echoes: [Int])>(([:], []))

    func add(_ line: EchoLine) {
        lines.withLock { state in
            state.results[line.result, default: 0] += 1
            if let echo = line.echoMicroseconds { state.echoes.append(echo) }
        }
    }

    var isAllWell: Bool { lines.withLock { $0.results.keys.allSatisfy { $0 == "ok" } } }

    struct Line: Encodable {
        let event = "done"
        let results: [String: Int]
        /// Half of the echoes took no longer; absent where there were none.
        let echoMedianMicroseconds: Int?
        let echoMaximumMicroseconds: Int?
    }

    var line: Line {
        lines.withLock { state in
            let sorted = state.echoes.sorted()
            return Line(
                results: state.results,
                echoMedianMicroseconds: sorted.isEmpty ? nil : sorted[(sorted.count - 1) / 2],
                echoMaximumMicroseconds: sorted.last)
        }
    }
}
