// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Dispatch
import Glibc
import LedgerSupport
import Synchronization

/// One kind of harm at many places of one file, on all processors.
struct DamageSeries {
    enum Kind: String { case flip = "bit flip", cut }

    let name: String
    let kind: Kind
    let file: Specimen.File
    let specimen: Specimen
    /// Only every so many bytes.
    let step: Int
    /// All bits of each byte, rather than one that goes on with the offset.
    let hasAllBits: Bool

    /// What came of all of them together.
    struct Result {
        var tried = 0
        var salvaged = 0
        var mostLost = 0
        var mostOlder = 0
        var mostRevived = 0
        var broken = 0
        var firstFaults: [String] = []

        mutating func add(_ harm: Specimen.Harm, _ outcome: Specimen.Outcome) {
            tried += 1
            salvaged += outcome.isSalvaged ? 1 : 0
            // Of a log that was cut, what is no more there was never told apart from what wasn't written.
            mostLost = max(mostLost, outcome.lost)
            mostOlder = max(mostOlder, outcome.older)
            mostRevived = max(mostRevived, outcome.revived)
            guard !outcome.faults.isEmpty else { return }
            broken += 1
            if firstFaults.count < 5 {
                firstFaults.append("\(harm): \(outcome.faults.prefix(3).joined(separator: "; "))")
            }
        }
    }

    private static let lastPart = 1 << 20

    func run() -> Result {
        let size = specimen.size(of: file)
        let offsets = Array(stride(from: max(0, size - Self.lastPart), to: size, by: step))
        let result = Mutex(Result())
        let place = Atomic<Int>(0)
        let threads = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        DispatchQueue.concurrentPerform(iterations: threads) { _ in
            let scratch = Scratch()
            while true {
                let index = place.add(1, ordering: .relaxed).oldValue
                guard index < offsets.count else { return }
                for harm in harms(at: offsets[index]) {
                    let outcome = specimen.outcome(of: harm, in: scratch)
                    result.withLock { $0.add(harm, outcome) }
                }
            }
        }
        return result.withLock { $0 }
    }

    private func harms(at offset: Int) -> [Specimen.Harm] {
        switch kind {
        case .cut: [.cut(file, size: offset)]
        case .flip:
            (hasAllBits ? Array(0..<8) : [(offset / step) % 8]).map { .flip(file, offset: offset, bit: $0) }
        }
    }
}
