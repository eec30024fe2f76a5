// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import NIOCore

/// Whether a client takes what is written to it.
struct ReadProgress {
    /// How many bytes were ever written.
    private var written = 0
    /// How many of them the client had taken when it was last looked at, and when it last had taken some.
    private var taken: (bytes: Int, at: NIODeadline)?

    mutating func wrote(_ bytes: Int) { written += bytes }

    /// Whether bytes are pending, and the client has taken nothing for so long. Counts from when it is first asked.
    mutating func isStalled(pending: Int, at now: NIODeadline, _ patience: TimeAmount) -> Bool {
        guard pending > 0, let taken, taken.bytes == written - pending else {
            taken = (written - pending, now)
            return false
        }
        return now - taken.at >= patience
    }
}
