// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelConfiguration

extension TextEditor {
    /// A list as it is written.
    struct ListPlace {
        /// Where the assignment begins.
        let start: Int
        let open: Int
        let close: Int
        let elements: [TextPlace]
    }

    private func list(_ key: ConfigurationKey) throws(ConfigurationFault) -> ListPlace {
        guard let place = place(of: key), !place.value.isEmpty,
            bytes[place.value.lowerBound] == UInt8(ascii: "["), case .list(let nodes) = node[key]
        else { throw Self.oddForm(key) }
        let elements = places.filter { $0.kind == .element && $0.key.parent == key }
        guard elements.count == nodes.count else { throw Self.oddForm(key) }
        return ListPlace(
            start: place.span.lowerBound, open: place.value.lowerBound, close: place.value.upperBound - 1,
            elements: elements)
    }

    // MARK: Adding

    /// - Parameter comment: what comes behind the element; empty for nothing.
    func append(
        to key: ConfigurationKey, _ value: ConfigurationEdit.Value, note comment: String
    ) throws(ConfigurationFault) -> [Patch] {
        guard node[key] != nil else {
            let text = try Literal(value).text
            let lines = comment.isEmpty ? "[\(text)]" : "[\(newline)    \(text),\(comment)\(newline)]"
            return try set(key, .list([Node(value)])) { _ in lines }
        }
        let list = try list(key)
        let text = try Literal(value, like: list.elements.last.map { self.text($0.value) }).text
        guard let last = list.elements.last else { return [first(text, comment, in: list)] }
        let behind = last.comma.map { $0 + 1 } ?? last.value.upperBound
        let comma = last.comma == nil ? "" : ","
        let indent =
            isBlank(start(last.value.lowerBound)..<last.value.lowerBound)
            ? self.indent(last.value.lowerBound) : self.indent(list.start) + "    "
        let open = last.comma == nil ? [Patch(at: last.value.upperBound, ",")] : []
        if bytes[behind..<list.close].contains(UInt8(ascii: "\n")) {
            return open + [Patch(at: next(behind), "\(indent)\(text)\(comma)\(comment)\(newline)")]
        }
        guard comment.isEmpty else {
            let line = "\(newline)\(indent)\(text)\(comma)\(comment)\(newline)\(self.indent(list.start))"
            return open + [Patch(at: behind, line)]
        }
        return [Patch(at: last.value.upperBound, separator(list) + text)]
    }

    /// The first element of a list.
    private func first(_ text: String, _ comment: String, in list: ListPlace) -> Patch {
        let indent = indent(list.start)
        let inner = list.open + 1..<list.close
        if !isBlank(inner) || bytes[inner].contains(UInt8(ascii: "\n")) {
            // A line of its own, before that of the bracket.
            return Patch(at: start(list.close), "\(indent)    \(text),\(comment)\(newline)")
        }
        return Patch(
            at: list.open + 1,
            comment.isEmpty
                ? self.text(inner) + text : "\(newline)\(indent)    \(text)\(comment)\(newline)\(indent)")
    }

    /// What stands between the last two elements where they share a line.
    private func separator(_ list: ListPlace) -> String {
        guard list.elements.count > 1 else { return ", " }
        let between = list.elements[list.elements.count - 2].value.upperBound
        let text = text(between..<list.elements[list.elements.count - 1].value.lowerBound)
        return text.allSatisfy { ", \t".contains($0) } ? text : ", "
    }

    // MARK: Removing

    /// Removes an element; and what is in its line besides, where nothing but a comment is.
    func removeElement(_ index: Int, of key: ConfigurationKey) throws(ConfigurationFault) -> [Patch] {
        let list = try list(key)
        guard list.elements.indices.contains(index) else { throw Self.notThere }
        let element = list.elements[index]
        let before = index > 0 ? list.elements[index - 1] : nil
        let behind = index + 1 < list.elements.count ? list.elements[index + 1] : nil
        let end = element.comma.map { $0 + 1 } ?? element.value.upperBound
        let line = start(element.value.lowerBound)..<next(end)
        let isFirstInLine = isBlank(line.lowerBound..<element.value.lowerBound)
        let isLastInLine = isBlank(end..<(comment(from: end, in: line) ?? line.upperBound))
        let isBeforeNear = before.map { start($0.value.upperBound) == line.lowerBound } ?? false
        // The list's last element has a comma behind it as before, or hasn't.
        let open =
            behind == nil && element.comma == nil ? before?.comma.map { [Patch($0..<$0 + 1)] } ?? [] : []
        if isFirstInLine, isLastInLine { return removeLine(line, element, before, behind, open, in: list) }
        if let before, isBeforeNear {
            let isFollowedInLine = behind.map { $0.value.lowerBound < line.upperBound } ?? true
            guard isFollowedInLine || element.comma != nil else { throw Self.oddForm(key) }
            return [Patch(before.value.upperBound..<element.value.upperBound)]
        }
        if let behind, behind.value.lowerBound < line.upperBound {
            return [Patch(element.value.lowerBound..<behind.value.lowerBound)]
        }
        let inner = list.open + 1..<element.value.lowerBound
        if before == nil, behind == nil, !isLastInLine, isBlank(inner) {
            return [Patch(inner.lowerBound..<end)]
        }
        // A comment behind it is about it, where nothing else is in the line.
        let note =
            isLastInLine ? comments.first { line.contains($0.lowerBound) && $0.lowerBound >= end } : nil
        return open + [Patch(element.value.lowerBound..<(note?.upperBound ?? end))]
    }

    /// Removes an element that has lines to itself.
    private func removeLine(
        _ line: Range<Int>, _ element: TextPlace, _ before: TextPlace?, _ behind: TextPlace?, _ open: [Patch],
        in list: ListPlace
    ) -> [Patch] {
        let closing = start(list.close)
        guard behind == nil, closing == line.upperBound, isBlank(closing..<list.close) else {
            return open + [Patch(line)]
        }
        let indent = indent(list.start)
        let kept = closing + (text(closing..<list.close).hasPrefix(indent) ? indent.utf8.count : 0)
        if let before {
            // The list had one line before the element got its own.
            let end = before.comma.map { $0 + 1 } ?? before.value.upperBound
            let isShort = start(before.value.upperBound) == start(list.open)
            return open + [Patch(isShort && isBlank(end..<line.lowerBound) ? end..<kept : line)]
        }
        let isAlone = element.comma == nil && isBlank(list.open + 1..<line.lowerBound)
        return [Patch(isAlone ? list.open + 1..<kept : line)]
    }

    /// Where a comment begins in a line, from a place on.
    private func comment(from position: Int, in line: Range<Int>) -> Int? {
        comments.first { $0.lowerBound >= position && $0.lowerBound < line.upperBound }?.lowerBound
    }
}
