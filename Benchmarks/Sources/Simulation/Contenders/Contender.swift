// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Sentinel

/// What stands between the visitors and the node: it decides, and is told what happens.
protocol Contender {
    /// What results call it.
    static var name: String { get }
    /// What it is, in a few words.
    static var title: String { get }

    /// Whether to go on with a connection that has just been accepted.
    mutating func accept(_ visit: borrowing Visit, at now: Int64) -> Answer
    /// Whether to go on once the handshake has told who it is.
    mutating func secured(_ visit: borrowing Visit, at now: Int64) -> Answer
    /// Whether to go on once the connection is multiplexed.
    mutating func upgraded(_ visit: borrowing Visit, at now: Int64) -> Answer
    /// Whether a stream may be opened.
    mutating func stream(_ visit: borrowing Visit, _ type: StreamType, at now: Int64) -> Answer
    /// What the node reports.
    mutating func observe(_ event: NodeEvent, of visit: borrowing Visit, at now: Int64)
}

/// The answer to a question.
enum Answer {
    case allow
    /// No, and what the kernel is to do from now on.
    case deny(BanRequest?)
    /// This stream isn't opened, the connection goes on.
    case refuseStream
}

/// What a node reports of a connection.
enum NodeEvent {
    case established, closed
    case streamOpened(StreamType), streamClosed(StreamType)
    case misbehaved(Offence)
    case behaved
}

/// Contenders that look at addresses only.
extension Contender {
    mutating func secured(_ visit: borrowing Visit, at now: Int64) -> Answer { .allow }
    mutating func upgraded(_ visit: borrowing Visit, at now: Int64) -> Answer { .allow }
    mutating func stream(_ visit: borrowing Visit, _ type: StreamType, at now: Int64) -> Answer { .allow }
    mutating func observe(_ event: NodeEvent, of visit: borrowing Visit, at now: Int64) {}
}
