// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol

/// When something is, by two clocks.
struct ScreenInstant: Hashable, Sendable {
    /// Since the screen's beginning, by a clock that nobody sets: for rates and ages.
    var elapsed: Duration
    /// By the clock on the wall: for ends.
    var time: Timestamp
}
