// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol
internal import UnixSignals
internal import Varlink

/// One run of the screen, on the task that runs it.
final class ScreenSession {
    private let program: ScreenProgram
    private let link: HelperLink
    private let inputs: AsyncStream<ScreenProgram.Input>.Continuation
    private var state: ScreenState
    private var painter: ScreenPainter
    private var decoder = KeyDecoder()
    private var glances: Pacing
    private var readings: Pacing
    private var tasks: [Int: Task<Void, Never>] = [:]
    private var begun = 0
    private var typed = 0
    private var isSuspended = false
    private let start = ContinuousClock.now

    init(
        _ program: ScreenProgram, _ link: HelperLink,
        _ inputs: AsyncStream<ScreenProgram.Input>.Continuation
    ) {
        self.program = program
        self.link = link
        self.inputs = inputs
        let console = program.console
        let view = ScreenView(glyphs: .fitting(console.environment), localTime: console.localTime)
        state = ScreenState(
            size: program.terminal.size, now: .init(elapsed: .zero, time: console.now()),
            configuration: program.configuration, view: view)
        state.order = program.order
        painter = ScreenPainter(hasColours: console.hasColours)
        glances = Pacing(interval: program.interval, remembering: 8)
        readings = Pacing(interval: program.interval)
    }

    private var now: ScreenInstant {
        ScreenInstant(elapsed: start.duration(to: .now), time: program.console.now())
    }

    /// Shows the screen until it is to end; leaves the terminal as it was, however that comes about.
    func run(
        _ stream: AsyncStream<ScreenProgram.Input>, beginning glance: ScreenData.Glance
    ) async -> ExitStatus {
        do {
            try enter()
            defer {
                leave()
                for task in tasks.values { task.cancel() }
            }
            var end = try take(.event(.glance(glance)))
            var iterator = stream.makeAsyncIterator()
            while end == nil, let input = await iterator.next() { end = try take(input) }
            guard case .signal(let signal) = end else { return .done }
            // Who waits for this process is to see what ended it.
            leave()
            Terminal.die(of: signal.rawValue)
        } catch {
            // The terminal is gone; there is nobody to tell.
        }
        return .done
    }

    private enum End {
        case quit
        case signal(UnixSignal)
    }

    /// Takes what has come, and shows what is different now; how it is to end, if it is.
    private func take(_ input: ScreenProgram.Input) throws(OutputClosed) -> End? {
        var effects: [ScreenEffect] = []
        switch input {
        case .typed(let bytes):
            typed += bytes.count
            effects = decoder.take(bytes).flatMap { state.take(.key($0), at: now) }
            if decoder.isWaiting { awaitSilence() }
        case .silence(let count):
            guard count == typed else { break }
            effects = decoder.flush().flatMap { state.take(.key($0), at: now) }
        case .hungUp: return .quit
        case .ended(let task):
            tasks[task] = nil
            return nil
        case .signal(.sigwinch): effects = state.take(.resized(program.terminal.size), at: now)
        case .signal(.sigcont): try resume()
        case .signal(.sigint): return .quit
        case .signal(let signal): return .signal(signal)
        case .event(let event):
            if case .tick = event, isSuspended { try resume() }
            note(event)
            effects = state.take(event, at: now)
        }
        for effect in effects where try carryOut(effect) { return .quit }
        guard !isSuspended else { return nil }
        look()
        let text = painter.paint(state.view.frame(state))
        if !text.isEmpty { try program.console.write(text) }
        return nil
    }

    /// - Returns: whether it is the end.
    private func carryOut(_ effect: ScreenEffect) throws(OutputClosed) -> Bool {
        switch effect {
        case .quit: return true
        case .repaint: painter.forget()
        case .suspend:
            leave()
            isSuspended = true
            Terminal.stop()
        case .refresh:
            glances.hurry(at: now.elapsed, lastTook: .zero)
            readings.hurry(at: now.elapsed, lastTook: state.data.readingTook)
        case .explain(let subject): explain(subject)
        case .run(let action):
            let (console, helper) = (program.console, program.helper)
            begin { .done(action, await VerbRun.outcome(of: action.arguments, console, helper)) }
        }
        return false
    }

    // MARK: The terminal

    private func enter() throws(OutputClosed) {
        program.terminal.takeKeys()
        painter.forget()
        try program.console.write(ScreenPainter.enter)
    }

    private func leave() {
        // A terminal that is gone needs nothing.
        if !isSuspended { try? program.console.write(ScreenPainter.leave) }
        program.terminal.restore()
    }

    private func resume() throws(OutputClosed) {
        // Stopped from elsewhere, it is still as the screen wants it; what was shown meanwhile isn't.
        if !isSuspended { try program.console.write(ScreenPainter.leave) }
        isSuspended = false
        try enter()
        _ = state.take(.resized(program.terminal.size), at: now)
    }

    /// The Escape key is known by nothing following it.
    private func awaitSilence() {
        let count = typed
        perform { [inputs] in
            try? await Task.sleep(for: .milliseconds(60))
            inputs.yield(.silence(after: count))
        }
    }

    // MARK: The helper

    /// Asks for what is due.
    private func look() {
        guard !state.isPaused else { return }
        let (link, helper) = (link, program.helper)
        if glances.begin(at: now.elapsed) {
            begin {
                do { return .glance(try await link.glance()) } catch {
                    return .failed(Self.told(error, helper))
                }
            }
        }
        guard let glance = state.data.glance, state.outage == nil, readings.begin(at: now.elapsed) else {
            return
        }
        begin {
            let start = ContinuousClock.now
            do {
                let reading = try await link.reading(glance)
                return .reading(reading, took: start.duration(to: .now))
            } catch {
                return .unread(Self.told(error, helper))
            }
        }
    }

    private func note(_ event: ScreenEvent) {
        switch event {
        case .glance, .failed: glances.end(at: now.elapsed)
        case .reading, .unread: readings.end(at: now.elapsed)
        default: break
        }
    }

    private func explain(_ subject: String) {
        let helper = program.helper
        begin {
            do {
                let explanation = try await helper.call(HelperInterface.explain, .init(subject: subject))
                return .explained(subject: subject, .success(explanation))
            } catch {
                return .explained(subject: subject, .failure(Self.told(error, helper)))
            }
        }
    }

    private static func told(_ error: any Error, _ helper: HelperAddress) -> ControlError {
        switch error {
        case let error as ControlError: error
        case let error as VarlinkError: ControlError(error, socket: helper.socket)
        default: ControlError(.refused, "\(error)")
        }
    }

    /// Does something that takes time, and takes what has come of it.
    private func begin(_ work: @escaping @Sendable () async -> ScreenEvent) {
        perform { [inputs] in inputs.yield(.event(await work())) }
    }

    private func perform(_ work: @escaping @Sendable () async -> Void) {
        begun += 1
        tasks[begun] = Task { [inputs, begun] in
            await work()
            inputs.yield(.ended(begun))
        }
    }
}
