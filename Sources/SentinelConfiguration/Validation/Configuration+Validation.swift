// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

extension Configuration {
    /// Checks every value, whoever made it.
    ///
    /// - Throws: everything that is out of range or doesn't go together, each by its key.
    public func validate() throws(ConfigurationError) {
        let found = findings
        guard found.isEmpty else {
            throw ConfigurationError(
                found.map { .init(key: $0.key, fault: $0.fault, remedy: $0.remedy) })
        }
    }

    /// What ``validate()`` finds.
    package var findings: [Finding] {
        var findings = Findings()
        table.check(&findings)
        node.check(&findings)
        capacity.check(&findings)
        shadow.check(&findings, table)
        access.check(&findings)
        exempt.check(&findings)
        guards.check(&findings)
        Feed.check(feeds, &findings)
        socket.check(&findings)
        durations.check(&findings)
        ledger.check(&findings)
        return findings.all
    }
}

/// A value that can't be, or values that can't be together.
package struct Finding: Hashable {
    /// What is to be changed.
    package var key: ConfigurationKey
    package var fault: String
    package var remedy: String
    /// What else had a part in it.
    package var involved: [ConfigurationKey]
}

/// Collects findings.
struct Findings {
    private(set) var all: [Finding] = []

    /// Notes a finding unless `isValid`.
    mutating func require(
        _ isValid: Bool, _ key: ConfigurationKey, _ fault: @autoclosure () -> String,
        _ remedy: @autoclosure () -> String, with involved: [ConfigurationKey] = []
    ) {
        guard !isValid else { return }
        all.append(Finding(key: key, fault: fault(), remedy: remedy(), involved: involved))
    }

    mutating func require(_ value: Int, in range: ClosedRange<Int>, _ key: ConfigurationKey) {
        require(
            range.contains(value), key, "\(value) is out of range",
            "it is from \(range.lowerBound) to \(range.upperBound)")
    }

    /// A list has no more than `count` elements, and none twice.
    mutating func require<Element: Hashable & CustomStringConvertible>(
        _ list: [Element], atMost count: Int, _ key: ConfigurationKey
    ) {
        require(list.count <= count, key, "has \(list.count) entries", "it has \(count) at most")
        var seen: Set<Element> = []
        for (index, element) in list.enumerated() {
            require(
                seen.insert(element).inserted, key.appending(index),
                "\(element.description.quotedInMessage) is in the list twice", "remove one of them")
        }
    }
}
