// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

extension BasicConnManager {
    /// How many connections a node keeps, for how long they are spared, and how much is remembered.
    ///
    /// Source: the options of go-libp2p's `NewConnManager`, whose defaults these are.
    public struct Configuration: Hashable, Sendable {
        /// How many connections a trim leaves, of those that it may close.
        public let lowWater: Int
        /// How many connections there may be before a trim comes of itself.
        public let highWater: Int
        /// "The time a newly opened connection is given before it becomes subject to pruning."
        public let gracePeriod: Duration
        /// How long it takes after a trim until another comes of itself.
        public let silencePeriod: Duration
        /// The shortest interval of a decaying tag.
        public let decayResolution: Duration
        /// How many peers are remembered that are neither connected nor protected.
        public let waitingCapacity: Int

        /// The capacity that is meant where none is given: a million, and a quarter more since segments don't
        /// fill evenly. With a tag each they take 210 MB; what isn't used takes nothing.
        public static let defaultWaitingCapacity = 1_310_720

        /// - Parameters:
        ///   - lowWater: see ``lowWater``; at most the high mark. As in Go, with a low or a high mark of zero
        ///     there is no trim, other than an emergency's.
        ///   - highWater: see ``highWater``.
        ///   - gracePeriod: see ``gracePeriod``; zero spares no connection.
        ///   - silencePeriod: see ``silencePeriod``; with zero, which Go refuses, trims come as soon as there
        ///     are too many connections.
        ///   - decayResolution: see ``decayResolution``; more than zero.
        ///   - waitingCapacity: see ``waitingCapacity``; at least one. It is shared out among 1024 segments,
        ///     so it is rounded up to a multiple of that.
        /// - Throws: `outOfRange`, with the parameter as its element.
        public init(
            lowWater: Int, highWater: Int, gracePeriod: Duration = .seconds(60),
            silencePeriod: Duration = .seconds(10), decayResolution: Duration = .seconds(60),
            waitingCapacity: Int = defaultWaitingCapacity
        ) throws(SentinelError) {
            try Self.require(lowWater >= 0, "lowWater", "it is zero or more")
            try Self.require(highWater >= 0, "highWater", "it is zero or more")
            try Self.require(lowWater <= highWater, "lowWater", "it is at most highWater, \(highWater)")
            try Self.require(gracePeriod >= .zero, "gracePeriod", "it is zero or more")
            try Self.require(silencePeriod >= .zero, "silencePeriod", "it is zero or more")
            try Self.require(decayResolution > .zero, "decayResolution", "it is more than zero")
            try Self.require(waitingCapacity >= 1, "waitingCapacity", "it is one or more")
            self.lowWater = lowWater
            self.highWater = highWater
            self.gracePeriod = gracePeriod
            self.silencePeriod = silencePeriod
            self.decayResolution = decayResolution
            self.waitingCapacity = waitingCapacity
        }

        /// Errs "if the connection manager's internal connection limit exceeds the provided system limit".
        /// Go's `CheckLimit`.
        ///
        /// - Throws: `outOfRange`, with `highWater` as its element.
        public func checkLimit(_ systemLimit: Int) throws(SentinelError) {
            try Self.require(
                highWater <= systemLimit, "highWater", "the system allows \(systemLimit) connections")
        }

        /// Whether there are trims other than an emergency's.
        var trims: Bool { lowWater > 0 && highWater > 0 }

        /// How often background work is looked for: ten times in a silence period, and at least once in the
        /// decay resolution. Go looks once in a silence period, so that what the period holds up may come as
        /// late as twice the period; here it is a tenth late at most. Where nothing is due, a look costs a
        /// few loads.
        var tickInterval: Duration {
            max(.milliseconds(100), min(decayResolution, silencePeriod / 10))
        }

        private static func require(
            _ condition: Bool, _ field: String, _ remedy: @autoclosure () -> String
        ) throws(SentinelError) {
            guard condition else { throw SentinelError(.outOfRange, in: field, remedy: remedy()) }
        }
    }
}
