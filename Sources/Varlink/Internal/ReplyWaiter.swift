// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import FoundationEssentials
internal import NIOCore

/// A task that waits for the reply to its call. It goes on when the first of these comes: the reply, the
/// connection's end, a timeout, or its cancellation. What comes later finds nobody.
final class ReplyWaiter: Sendable {
    /// Who is told what came.
    typealias Continuation = @Sendable (Result<Data, VarlinkError>) -> Void

    private enum State {
        case waiting(Continuation, timeout: Scheduled<Void>?)
        case done
    }

    /// The method's name.
    let operation: String
    private let state: NIOLoopBoundBox<State?>

    init(eventLoop: any EventLoop, operation: String) {
        self.operation = operation
        state = .makeEmptyBox(valueType: State.self, eventLoop: eventLoop)
    }

    /// Takes the task in; false where it is cancelled already.
    func start(_ continuation: @escaping Continuation, timeout: Duration?) -> Bool {
        guard state.value == nil else {
            continuation(.failure(cancellation))
            return false
        }
        let scheduled = timeout.map { timeout in
            state.eventLoop.scheduleTask(in: TimeAmount(timeout)) { self.timeOut() }
        }
        state.value = .waiting(continuation, timeout: scheduled)
        return true
    }

    func finish(_ result: Result<Data, VarlinkError>) {
        guard case .waiting(let continuation, let timeout) = state.value else { return }
        state.value = .done
        timeout?.cancel()
        continuation(result)
    }

    func cancel() {
        if state.value == nil {
            state.value = .done
        } else {
            finish(.failure(cancellation))
        }
    }

    private func timeOut() {
        finish(
            .failure(
                VarlinkError(
                    .timedOut, operation: operation,
                    remedy: "Whether the service carries the call out is not known: ask it later.")))
    }

    private var cancellation: VarlinkError {
        VarlinkError(
            .cancelled, operation: operation,
            remedy: "Whether the service carries the call out is not known: ask it later.")
    }
}
