// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Texts that many share, each held once and known by a number.
struct Names {
    private var names: [String] = []
    private var numbers: [String: UInt16] = [:]
    /// What was asked for last is asked for again most of the time.
    private var last: UInt16?

    subscript(_ number: UInt16) -> String { names[Int(number)] }

    /// The number of a text that is known; nil where it isn't.
    func known(_ name: String) -> UInt16? { numbers[name] }

    mutating func number(_ name: String) -> UInt16 {
        if let last, names[Int(last)] == name { return last }
        let number = numbers[name] ?? enter(name)
        last = number
        return number
    }

    private mutating func enter(_ name: String) -> UInt16 {
        guard names.count < Int(UInt16.max) else { return overflow() }
        names.append(name)
        numbers[name] = UInt16(names.count - 1)
        return UInt16(names.count - 1)
    }

    /// A caller that makes up tens of thousands of reasons has them told as one.
    private mutating func overflow() -> UInt16 {
        if let number = numbers["other"] { return number }
        names.append("other")
        numbers["other"] = UInt16(names.count - 1)
        return UInt16(names.count - 1)
    }
}
