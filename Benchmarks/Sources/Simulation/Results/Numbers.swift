// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Numbers as people read them.
enum Numbers {
    /// With thousands apart: `1 234 567`.
    static func grouped(_ number: Int) -> String {
        var text = ""
        for (index, digit) in String(number).reversed().enumerated() {
            if index > 0, index.isMultiple(of: 3), digit != "-" { text.append(" ") }
            text.append(digit)
        }
        return String(text.reversed())
    }

    /// In percent with two digits. Only none of it is `0`, and only all of it `100`.
    static func percent(_ share: Double) -> String {
        if share <= 0 { return "0" }
        if share >= 1 { return share == 1 ? "100" : fixed(share * 100, digits: 1) }
        if share < 0.0001 { return "<0.01" }
        if share > 0.9999 { return ">99.99" }
        return fixed(share * 100, digits: 2)
    }

    /// With so many digits behind the point.
    static func fixed(_ value: Double, digits: Int) -> String {
        var power = 1
        for _ in 0..<digits { power *= 10 }
        let scaled = Int((value * Double(power)).rounded())
        let (whole, rest) = abs(scaled).quotientAndRemainder(dividingBy: power)
        guard digits > 0 else { return "\(scaled)" }
        let fraction = String(rest)
        let zeros = String(repeating: "0", count: digits - fraction.count)
        return "\(scaled < 0 ? "-" : "")\(whole).\(zeros)\(fraction)"
    }
}

extension String {
    /// Filled up with spaces from the left.
    func right(_ width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
    /// Filled up with spaces from the right.
    func left(_ width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
