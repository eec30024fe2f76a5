// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol
internal import UnixSignals
internal import Varlink

/// The screen as it runs: what comes from the terminal, from signals and from the helper goes to the state, in the order
/// in which it comes, and the terminal shows what the state says.
struct ScreenProgram {
    let console: Console
    let helper: HelperAddress
    let terminal: Terminal
    /// How long between two looks.
    let interval: Duration
    let limit: Int
    /// What rows are sorted by at the beginning.
    let order: OffenderOrder
    let configuration: String

    /// Something that has come.
    enum Input: Sendable {
        case typed([UInt8])
        /// So many bytes had come, and nothing more since.
        case silence(after: Int)
        case hungUp
        case signal(UnixSignal)
        case event(ScreenEvent)
        /// A task of the session's has ended.
        case ended(Int)
    }

    /// Runs until the operator ends it, or the terminal or a signal does.
    ///
    /// - Throws: `VarlinkError` where the helper doesn't answer at the beginning; then nothing was shown.
    func run() async throws -> ExitStatus {
        let link = HelperLink(helper, limit: limit)
        let glance = try await link.glance()
        let (inputs, continuation) = AsyncStream.makeStream(of: Input.self)
        let signals = await UnixSignalsSequence(
            trapping: .sigint, .sigterm, .sighup, .sigquit, .sigcont, .sigwinch)
        let session = ScreenSession(self, link, continuation)
        let endReading = terminal.listen { continuation.yield($0.map(Input.typed) ?? .hungUp) }
        defer { endReading() }
        return await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for await signal in signals { continuation.yield(.signal(signal)) }
            }
            group.addTask { [interval] in
                let tick = min(max(interval / 2, .milliseconds(100)), .milliseconds(500))
                while (try? await Task.sleep(for: tick)) != nil { continuation.yield(.event(.tick)) }
            }
            defer { group.cancelAll() }
            return await session.run(inputs, beginning: glance)
        }
    }
}
