// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Glibc

/// How far a ledger had come, in a file of 24 bytes beside it: a log that was cut where a commit ends looks like one that
/// never went on.
///
/// Written behind each commit, and never synced: what it names is on the disk by then, so it may lag and is never ahead.
final class LastCommit {
    /// The ledger's time of a commit, and the number of the next event. Commits only go on in both.
    struct Place: Hashable, Comparable {
        var time: Int64
        var number: Int64

        init(_ state: LedgerState) { (time, number) = (state.mark.written, state.number) }

        fileprivate init(time: Int64, number: Int64) { (self.time, self.number) = (time, number) }

        static func < (a: Self, b: Self) -> Bool { (a.time, a.number) < (b.time, b.number) }
    }

    static let suffix = ".last"

    private let descriptor: Int32
    /// As it was found; nil where there was none, or none that is whole.
    let found: Place?

    /// - Parameter path: the ledger's. Where the file can't be opened, there is no such witness.
    init(of path: String) {
        let descriptor = open(path + Self.suffix, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        var words = [Int64](repeating: 0, count: 3)
        let count = words.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        let place = Place(time: words[0], number: words[1])
        found = count == 24 && Self.checksum(of: place) == words[2] ? place : nil
        self.descriptor = descriptor
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Takes note of a commit that is on the disk. One that can't be noted isn't missed.
    func note(_ state: LedgerState) {
        let place = Place(state)
        let words = [place.time, place.number, Self.checksum(of: place)]
        words.withUnsafeBytes { _ = pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }

    private static func checksum(of place: Place) -> Int64 {
        Row(key: place.time, [.integer(place.number)], of: .state).stored.last?.integer ?? 0
    }
}
