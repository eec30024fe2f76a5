// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

extension Quantity {
    /// A number in five columns or less, three digits of it: `412`, `12.3k`, `1.05M`.
    static func compact(_ value: some BinaryInteger) -> String {
        compact(Double(value))
    }

    /// The same of a rate: below ten with a digit behind the point; nothing at all is `0`.
    static func rate(_ value: Double?) -> String {
        guard let value, value.isFinite else { return "-" }
        let amount = max(0, value)
        guard amount < 9.95 else { return compact(amount) }
        let tenths = Int((amount * 10).rounded())
        if tenths == 0 { return amount > 0 ? "<0.1" : "0" }
        return "\(tenths / 10).\(tenths % 10)"
    }

    /// A length of time without blanks, as `--for` takes it: `9m30s`, `3h20m`, `45d`.
    static func shortLength(_ milliseconds: Int64) -> String {
        length(milliseconds).filter { $0 != " " && $0 != "," }.replacing("min", with: "m")
    }

    private static func compact(_ value: Double) -> String {
        var amount = value
        var units = ["", "k", "M", "G", "T", "P", "E"][...]
        while amount >= 999.5, units.count > 1 {
            amount /= 1000
            units.removeFirst()
        }
        let unit = units.first ?? ""
        guard !unit.isEmpty else { return "\(Int(amount.rounded()))" }
        let digits = amount < 9.995 ? 2 : amount < 99.95 ? 1 : 0
        let scale = digits == 2 ? 100 : digits == 1 ? 10 : 1
        let number = Int((amount * Double(scale)).rounded())
        let rest = String(number % scale)
        var text = "\(number / scale)"
        if digits > 0, number % scale > 0 {
            text += "." + String(repeating: "0", count: digits - rest.count) + rest
            while text.hasSuffix("0") { text.removeLast() }
        }
        return text + unit
    }
}
