// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CNetfilter
internal import Inet
internal import Nftables
internal import SentinelConfiguration

/// Goes through connected sockets of this network namespace in steps, each short.
final class SocketSurvey {
    private let diagnostics = SocketDiagnostics()
    private var questions: [SocketQuestion] = []
    private var current: SocketQuestion?

    /// Whether it has begun and not ended.
    var isAtWork: Bool { current != nil || !questions.isEmpty }

    /// Begins anew.
    func begin(_ questions: [SocketQuestion]) {
        self.questions = questions
        current = nil
    }

    /// Goes on for about as long as it is told. Where this throws, it has ended.
    ///
    /// - Parameter body: is given each socket, with what its connection has carried where that is told.
    func work(
        for time: Duration, _ body: (DiagnosedSocket, SocketTraffic?) -> Void
    ) throws(NftablesError) {
        let start = ContinuousClock.now
        do throws(NftablesError) {
            while isAtWork, .now - start < time { try step(body) }
        } catch {
            begin([])
            throw error
        }
    }

    private func step(_ body: (DiagnosedSocket, SocketTraffic?) -> Void) throws(NftablesError) {
        do throws(NftablesError) {
            guard let question = current else {
                guard let question = questions.popLast() else { return }
                try diagnostics.ask(question, extensions: SocketDiagnostics.information)
                current = question
                return
            }
            let isLast = try diagnostics.takePart(of: question) { socket, message in
                body(socket, question.transport == .tcp ? SocketDiagnostics.traffic(message) : nil)
            }
            if isLast { current = nil }
        } catch  where error.code == .unsupported || error.code == .notFound {
            // A kernel without this family.
            current = nil
        }
    }
}

extension SocketQuestion {
    /// Which sockets could be to somebody whom bans cover, as few as can be told beforehand: those to just these where
    /// they are few, those at the node's ports where only sources are banned, else all.
    ///
    /// - Parameters:
    ///   - keys: what the bans match; nil: more than the kernel is asked about one by one.
    ///   - onlySources: whether all of them are accept bans.
    static func covering(
        _ keys: [BanKey]?, onlySources: Bool, _ node: NodeSockets, ipv6Prefix: Int
    ) -> [SocketQuestion] {
        TransportProtocol.allCases.flatMap { transport in
            IPAddress.Family.allCases.compactMap { family -> SocketQuestion? in
                var conditions: [SocketFilter.Condition] = []
                if let keys {
                    // IPv6 sockets have IPv4 connections too.
                    conditions = keys.filter { family == .ipv6 || $0.address.family == .ipv4 }.compactMap {
                        key in
                        guard let endpoint = key.endpoint else {
                            return .remote(key.matched(ipv6Prefix: ipv6Prefix), port: nil)
                        }
                        guard endpoint.transport == transport else { return nil }
                        return .remote(IPNetwork(endpoint.address), port: endpoint.port)
                    }
                    guard !conditions.isEmpty else { return nil }
                } else if onlySources {
                    conditions = node.portRanges(transport).map { .localPorts($0) }
                    guard !conditions.isEmpty else { return nil }
                }
                return SocketQuestion(
                    transport: transport, family: family, filter: SocketFilter(conditions: conditions),
                    isWhole: false)
            }
        }
    }
}
