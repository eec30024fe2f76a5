// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import FoundationEssentials
internal import NIOCore

/// The replies to a call with `more`, in order, until the last one or an error. Can be iterated once, by one
/// task. Keeps its client alive.
public struct VarlinkReplies<Reply: Decodable & Sendable>: AsyncSequence, Sendable {
    public typealias Element = Reply
    public typealias Failure = VarlinkError

    let frames: ReplyFrames
    let operation: String
    let client: VarlinkClient

    public func makeAsyncIterator() -> Iterator {
        Iterator(frames: frames.makeAsyncIterator(), operation: operation, client: client)
    }

    /// Waits for the replies one by one.
    public struct Iterator: AsyncIteratorProtocol {
        var frames: ReplyFrames.AsyncIterator
        let operation: String
        let client: VarlinkClient

        /// The next reply, nil after the last one, and where the task was cancelled.
        public mutating func next() async throws(VarlinkError) -> Reply? {
            do {
                guard let frame = try await frames.next() else { return nil }
                return try VarlinkClient.decode(Reply.self, frame, of: operation).0
            } catch let error as VarlinkError {
                throw error
            } catch {
                throw .connectionLost(operation: operation, cause: error)
            }
        }
    }
}

@available(*, unavailable)
extension VarlinkReplies.Iterator: Sendable {}

/// Whole frames, undecoded: the loop cuts, the consumer decodes.
typealias ReplyFrames = NIOThrowingAsyncSequenceProducer<
    Data, any Error, NIOAsyncSequenceProducerBackPressureStrategies.HighLowWatermark, ReplyDemand
>

/// Tells the connection what the consumer of a stream wants.
struct ReplyDemand: NIOAsyncSequenceProducerDelegate {
    let connection: NIOLoopBound<ClientConnection>
    let stream: ClientConnection.StreamID

    func produceMore() {
        connection.execute { $0.resumeReading(stream) }
    }

    func didTerminate() {
        connection.execute { $0.streamWasLetGo(stream) }
    }
}
