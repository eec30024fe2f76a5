// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Crypto

/// Seals one direction's frames: a counter of 8 bytes, the ciphertext, a tag of 16.
struct RecordSealer {
    static let overhead = 8 + HandshakeSchedule.tagLength

    private let key: SymmetricKey
    private var counter: UInt64 = 0

    init(key: SymmetricKey) {
        self.key = key
    }

    mutating func seal(_ plain: [UInt8]) throws -> [UInt8] {
        let number = withUnsafeBytes(of: counter.littleEndian, Array.init)
        counter += 1
        let box = try ChaChaPoly.seal(plain, using: key, nonce: Self.nonce(number), authenticating: number)
        return number + Array(box.ciphertext) + Array(box.tag)
    }

    static func nonce(_ number: [UInt8]) throws -> ChaChaPoly.Nonce {
        try ChaChaPoly.Nonce(data: [0, 0, 0, 0] + number)
    }
}

/// Opens what a ``RecordSealer`` sealed, each record once, in any order within the last 64: UDP reorders.
struct RecordOpener {
    private let key: SymmetricKey
    /// The highest counter seen, and which of the 64 up to it were seen: bit 0 is the highest itself.
    private var highest: UInt64 = 0
    private var seen: UInt64 = 0

    init(key: SymmetricKey) {
        self.key = key
    }

    /// The plain bytes; nil for what was not sealed by the other side, or was opened before, or is too old.
    mutating func open(_ record: [UInt8]) -> [UInt8]? {
        guard record.count >= RecordSealer.overhead else { return nil }
        let number = Array(record.prefix(8))
        let counter = number.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard isNew(counter),
            let nonce = try? RecordSealer.nonce(number),
            let box = try? ChaChaPoly.SealedBox(
                nonce: nonce, ciphertext: Array(record[8...].dropLast(HandshakeSchedule.tagLength)),
                tag: Array(record.suffix(HandshakeSchedule.tagLength))),
            let plain = try? ChaChaPoly.open(box, using: key, authenticating: number)
        else { return nil }
        mark(counter)
        return Array(plain)
    }

    private func isNew(_ counter: UInt64) -> Bool {
        guard seen != 0, counter <= highest else { return true }
        let age = highest - counter
        return age < 64 && seen & (1 << age) == 0
    }

    private mutating func mark(_ counter: UInt64) {
        if seen == 0 || counter > highest {
            let step = seen == 0 ? 64 : counter - highest
            seen = (step < 64 ? seen << step : 0) | 1
            highest = counter
        } else {
            seen |= 1 << (highest - counter)
        }
    }
}
