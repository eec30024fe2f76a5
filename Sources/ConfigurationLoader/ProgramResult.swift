// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import PlainText
internal import SentinelConfiguration

/// How a program ended, and what it had said.
struct ProgramResult {
    var end = End.lost
    var output: [UInt8] = []
    var errors: [UInt8] = []

    enum End: Hashable, CustomStringConvertible {
        case exited(Int32)
        case killed(Int32)
        /// It did not end by the deadline.
        case late
        /// It said more than is taken.
        case talkative(most: Int)
        /// Somebody else has reaped it.
        case lost

        var description: String {
            switch self {
            case .exited(let status): "ended with status \(status)"
            case .killed(let signal): "was killed by signal \(signal)"
            case .late: "did not end in time"
            case .talkative(let most): "printed more than \(most) bytes"
            case .lost: "ended without leaving its status, as where SIGCHLD is ignored"
            }
        }
    }

    /// What it said is wrong, a problem a line, without anything that a terminal would act on.
    var complaints: [ConfigurationError.Problem] {
        String(decoding: errors, as: UTF8.self).split(separator: "\n").map { line in
            let line = line.unicodeScalars.map(\.printable).joined()
            // The program has put the problem's parts together, and they will be put together so again.
            guard let parts = line.firstRange(of: "; ") else {
                return .init(fault: line, remedy: "put this right")
            }
            return .init(
                fault: String(line[..<parts.lowerBound]), remedy: String(line[parts.upperBound...]))
        }
    }
}
