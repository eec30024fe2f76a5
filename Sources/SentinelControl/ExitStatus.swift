// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// What the process says by its exit status.
enum ExitStatus: Int32, Sendable {
    /// What was asked for is done.
    case done = 0
    /// The helper or the kernel refused it, or a part of it; or the operator thought better of it. A check found
    /// something that is wrong.
    case refused = 1
    /// The command line is wrong.
    case usage = 2
    /// The helper is not reachable.
    case unreachable = 3
    /// This user may not do it.
    case denied = 4
}
