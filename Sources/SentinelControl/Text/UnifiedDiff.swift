// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// The difference of two texts as diff -u shows it.
enum UnifiedDiff {
    /// How many lines around a difference are shown.
    private static let context = 3

    private enum Step {
        case kept(String)
        case removed(String)
        case inserted(String)

        var isKept: Bool { if case .kept = self { true } else { false } }
    }

    /// The lines; none where the texts are the same.
    static func lines(from old: [UInt8], named oldName: String, to new: [UInt8], named newName: String)
        -> [String]
    {
        guard old != new else { return [] }
        let steps = steps(lines(old), lines(new))
        var shown: [String] = ["--- \(oldName)", "+++ \(newName)"]
        var index = 0
        var (oldLine, newLine) = (1, 1)
        while let first = steps[index...].firstIndex(where: { !$0.isKept }) {
            let start = max(index, first - context)
            oldLine += start - index
            newLine += start - index
            let end = end(of: first, in: steps)
            let hunk = steps[start..<end]
            let oldCount = hunk.count { if case .inserted = $0 { false } else { true } }
            let newCount = hunk.count { if case .removed = $0 { false } else { true } }
            shown.append("@@ -\(range(oldLine, oldCount)) +\(range(newLine, newCount)) @@")
            for step in hunk { shown += text(step) }
            oldLine += oldCount
            newLine += newCount
            index = end
        }
        return shown
    }

    /// Where the lines end that are shown with the difference at `first`: those of a near one are shown with it.
    private static func end(of first: Int, in steps: [Step]) -> Int {
        var last = first
        while let next = steps[(last + 1)...].prefix(2 * context + 1).firstIndex(where: { !$0.isKept }) {
            last = next
        }
        return min(steps.count, last + 1 + context)
    }

    private static func range(_ line: Int, _ count: Int) -> String {
        count == 1 ? "\(line)" : "\(count == 0 ? line - 1 : line),\(count)"
    }

    private static func text(_ step: Step) -> [String] {
        let (sign, line) =
            switch step {
            case .kept(let line): (" ", line)
            case .removed(let line): ("-", line)
            case .inserted(let line): ("+", line)
            }
        return line.hasSuffix("\n")
            ? [sign + line.dropLast()] : [sign + line, "\\ No newline at end of file"]
    }

    /// The lines with their ends.
    private static func lines(_ text: [UInt8]) -> [String] {
        var lines: [String] = []
        var rest = text[...]
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? rest.endIndex
            lines.append(String(decoding: rest[..<end], as: UTF8.self))
            rest = rest[end...]
        }
        return lines
    }

    private static func steps(_ old: [String], _ new: [String]) -> [Step] {
        var removed: Set<Int> = []
        var inserted: Set<Int> = []
        for change in new.difference(from: old) {
            switch change {
            case .remove(let offset, _, _): removed.insert(offset)
            case .insert(let offset, _, _): inserted.insert(offset)
            }
        }
        var steps: [Step] = []
        var (left, right) = (0, 0)
        while left < old.count || right < new.count {
            if removed.contains(left), left < old.count {
                steps.append(.removed(old[left]))
                left += 1
            } else if inserted.contains(right), right < new.count {
                steps.append(.inserted(new[right]))
                right += 1
            } else {
                steps.append(.kept(old[left]))
                left += 1
                right += 1
            }
        }
        return steps
    }
}
