// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelConfiguration

extension TextEditor {
    /// Removes a key, a section with its own keys, a section of a list, or an element of a list.
    func remove(_ key: ConfigurationKey, from node: inout Node) throws(ConfigurationFault) -> [Patch] {
        if let header = header(of: key) { return try removeSection(header, from: &node) }
        if case .index(let index) = key.components.last, let list = key.parent {
            node.remove(key.components[...])
            return try removeElement(index, of: list)
        }
        guard let place = place(of: key), case .assignment(_, nesting: 0) = place.kind else {
            throw Self.oddForm(key)
        }
        node.remove(key.components[...])
        return remove(lines: [lines(of: place)])
    }

    private func removeSection(_ header: Int, from node: inout Node) throws(ConfigurationFault) -> [Patch] {
        let place = places[header]
        let own = assignments(below: header)
        if place.kind == .listedSection {
            let isParted = places.contains {
                $0.isHeader && $0.key != place.key && $0.key.components.starts(with: place.key.components)
            }
            guard !isParted else {
                throw ConfigurationFault("has sections in it", "remove those first")
            }
            node.remove(place.key.components[...])
            if let list = place.key.parent, node[list] == .list([]) { node.remove(list.components[...]) }
        } else {
            for assignment in own { node.remove(assignment.key.components[...]) }
        }
        var first = start(place.span.lowerBound)
        if first > 0, isBlank(start(first - 1)..<first) { first = start(first - 1) }
        return remove(lines: [first..<next(place.span.upperBound)] + own.map { lines(of: $0) })
    }

    /// The lines that an assignment takes.
    private func lines(of place: TextPlace) -> Range<Int> {
        start(place.span.lowerBound)..<next(place.span.upperBound)
    }
}
